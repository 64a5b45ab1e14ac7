/** Time as the reflector and the queue need it. */
export interface KubeClock {
  /** Monotonic milliseconds: only differences mean something. */
  now(): number;
  /** Milliseconds since the epoch, which may jump. */
  wall(): number;
  /** Runs once after `ms`; returns a function that cancels it. */
  schedule(ms: number, run: () => void): () => void;
}

export const systemClock: KubeClock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  schedule: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or at once when the signal fires: look at the signal afterwards. */
export function sleep(clock: KubeClock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.schedule(ms, finish);
    signal.addEventListener("abort", finish, { once: true });
  });
}
