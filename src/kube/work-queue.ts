import { type KubeClock, systemClock } from "./clock.ts";
import { describeError, type KubeLog, type KubeMetrics, noMetrics, silentLog } from "./telemetry.ts";

export interface WorkQueueOptions {
  readonly name: string;
  /**
   * Brings what `key` stands for into order, from the state as it is now. What it throws is logged,
   * counted and tried again. The signal fires at `stop`: nothing may be written after that.
   */
  readonly process: (key: string, signal: AbortSignal) => Promise<void>;
  /** How many keys at once; 1. A single key is never processed twice at once. */
  readonly concurrency?: number;
  /** Waiting time after a key's first failure, doubled at each further one; 5 ms. */
  readonly backoffInitialMs?: number;
  /** 1,000,000 ms. */
  readonly backoffMaxMs?: number;
  readonly clock?: KubeClock;
  readonly log?: KubeLog;
  readonly metrics?: KubeMetrics;
}

export interface WorkQueue {
  /** Does nothing when the key already waits; a key that is being processed is processed again. */
  add(key: string): void;
  /** Adds the key after `ms`. Of several times for one key the earliest holds. */
  addAfter(key: string, ms: number): void;
  /** Keys that are ready and wait for their turn. */
  readonly size: number;
  /** Keys that are being processed. */
  readonly running: number;
  /** Takes nothing more, forgets what waits, and resolves when what runs has ended. */
  stop(): Promise<void>;
}

interface Timer {
  readonly dueAt: number;
  readonly cancel: () => void;
}

/** Beyond this a timer would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? silentLog;
  const metrics = options.metrics ?? noMetrics;
  const concurrency = options.concurrency ?? 1;
  const initialMs = options.backoffInitialMs ?? 5;
  const maxMs = options.backoffMaxMs ?? 1_000_000;
  const abort = new AbortController();
  const ready = new Set<string>(); // in order of arrival
  const running = new Map<string, Promise<void>>();
  const again = new Set<string>(); // added while running
  const failures = new Map<string, number>();
  const timers = new Map<string, Timer>();

  function add(key: string): void {
    if (abort.signal.aborted) return;
    if (running.has(key)) again.add(key);
    else ready.add(key);
    startNext();
  }

  function addAfter(key: string, ms: number): void {
    if (abort.signal.aborted) return;
    if (!(ms > 0)) return add(key);
    const dueAt = clock.now() + ms;
    const known = timers.get(key);
    if (known !== undefined && known.dueAt <= dueAt) return;
    known?.cancel();
    const cancel = clock.schedule(Math.min(ms, maxTimerMs), () => {
      timers.delete(key);
      if (ms > maxTimerMs) addAfter(key, ms - maxTimerMs);
      else add(key);
    });
    timers.set(key, { dueAt, cancel });
  }

  function startNext(): void {
    for (const key of ready) {
      if (running.size >= concurrency || abort.signal.aborted) return;
      ready.delete(key);
      running.set(key, run(key));
    }
  }

  async function run(key: string): Promise<void> {
    try {
      // The caller of `add` may be inside a watch event: never work on its stack.
      await Promise.resolve();
      await options.process(key, abort.signal);
      failures.delete(key);
    } catch (error) {
      if (!abort.signal.aborted) retry(key, error);
    } finally {
      running.delete(key);
      if (again.delete(key)) add(key);
      startNext();
    }
  }

  function retry(key: string, error: unknown): void {
    const count = failures.get(key) ?? 0;
    failures.set(key, count + 1);
    metrics.count("queue_failed", { queue: options.name });
    log.warn({ queue: options.name, key, failures: count + 1, error: describeError(error) }, "processing failed");
    addAfter(key, Math.min(maxMs, initialMs * 2 ** Math.min(count, 40)));
  }

  return {
    add,
    addAfter,
    get size() {
      return ready.size;
    },
    get running() {
      return running.size;
    },
    stop: async () => {
      abort.abort();
      ready.clear();
      for (const timer of timers.values()) timer.cancel();
      timers.clear();
      await Promise.all(running.values());
    },
  };
}
