import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Exit, Supervised, Supervisor } from "./supervised.ts";
import type { SpawnRequest } from "./supervisor-protocol.ts";

/** A process that a test can hurt. */
export interface Component {
  readonly name: string;
  /** Of the latest start. */
  readonly pid: number;
  readonly logFile: string;
  /** Settles when the latest start has ended. */
  readonly exited: Promise<Exit>;
  /** Sends a signal (SIGKILL when none is named) and, for SIGKILL and SIGTERM, waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Kills it when it still runs, starts it again with the same command, and waits until it is ready. */
  restart(): Promise<void>;
}

export interface ComponentSpec extends SpawnRequest {
  readonly name: string;
  /** Polled until true; a rejection counts as "not yet". */
  readonly ready: () => Promise<boolean>;
  /** In milliseconds. */
  readonly readyTimeout: number;
}

const pollMs = 50;
const shownLogLines = 15;

/**
 * Starts a component and waits until it is ready.
 * @throws with the last lines of its log when it ends or does not become ready in time.
 */
export async function startComponent(supervisor: Supervisor, spec: ComponentSpec): Promise<Component> {
  const start = async (): Promise<{ readonly process: Supervised; readonly running: () => boolean }> => {
    const process = await supervisor.spawn(spec);
    const state = { running: true };
    const noteEnd = async (): Promise<void> => {
      await process.exited;
      state.running = false;
    };
    void noteEnd();
    await untilReady(spec, process);
    return { process, running: () => state.running };
  };
  const current = { ...(await start()) };
  const kill = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    if (!current.running()) return;
    await current.process.signal(signal, { wait: signal === "SIGKILL" || signal === "SIGTERM" });
  };
  return {
    name: spec.name,
    logFile: spec.logFile,
    get pid() {
      return current.process.pid;
    },
    get exited() {
      return current.process.exited;
    },
    kill,
    async restart() {
      await kill();
      Object.assign(current, await start());
    },
  };
}

async function untilReady(spec: ComponentSpec, process: Supervised): Promise<void> {
  const exit = process.exited.then((exit) => ({ exit }));
  const deadline = Date.now() + spec.readyTimeout;
  while (Date.now() < deadline) {
    const outcome = await Promise.race([exit, spec.ready().catch(() => false)]);
    if (typeof outcome === "object") {
      const how = outcome.exit.signal ?? `code ${outcome.exit.code}`;
      throw new Error(`${spec.name} ended during its start (${how}); ${lastLines(spec.logFile)}`);
    }
    if (outcome) return;
    await sleep(pollMs);
  }
  throw new Error(`${spec.name} is not ready after ${spec.readyTimeout / 1_000} s; ${lastLines(spec.logFile)}`);
}

function lastLines(logFile: string): string {
  const lines = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-shownLogLines);
  return `the last lines of ${logFile}:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
