import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { formatIdentity, identify } from "./process-identity.ts";
import type { SpawnRequest, SupervisorMessage, SupervisorOptions, SupervisorRequest } from "./supervisor-protocol.ts";

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One running component. */
export interface Supervised {
  readonly pid: number;
  /** Settles when the process has ended. */
  readonly exited: Promise<Exit>;
  /** Sends a signal; waits for the end of the process when told to. */
  signal(signal: NodeJS.Signals, options?: { readonly wait: boolean }): Promise<void>;
}

/** The owner's end of a supervisor (see supervisor.ts). */
export interface Supervisor {
  readonly pid: number;
  /** A fresh directory that goes away with the supervisor. */
  readonly scratch: string;
  /** Starts a process that dies with the supervisor. Rejects when it cannot be started. */
  spawn(request: SpawnRequest): Promise<Supervised>;
  /** Kills every process and removes the scratch directory; settles when that is done. */
  stop(): Promise<void>;
}

/** Environment variable that names a further process (`PID-STARTTIME`) whose death ends everything. */
const watchVariable = "WRIT_TEST_RUNNER";

/**
 * The processes whose death must end a control plane, besides the owner's own: a vitest worker outlives a `kill -9` of
 * the vitest main process, which is its parent.
 */
function runnersToWatch(): readonly string[] {
  const named = process.env[watchVariable];
  const runner = process.env["VITEST_WORKER_ID"] === undefined ? undefined : identify(process.ppid);
  return [...(named === undefined ? [] : [named]), ...(runner === undefined ? [] : [formatIdentity(runner)])];
}

export async function startSupervisor(
  options: Pick<SupervisorOptions, "scratchParent" | "remove">,
): Promise<Supervisor> {
  const supervisorOptions: SupervisorOptions = { ...options, watch: runnersToWatch() };
  const script = fileURLToPath(new URL("supervisor.ts", import.meta.url));
  const child = fork(script, [JSON.stringify(supervisorOptions)], {
    detached: true,
    execArgv: [],
    env: { PATH: process.env["PATH"] ?? "" },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  const channel = openChannel(child, ended);
  const scratch = await channel.ready;
  return {
    pid: child.pid ?? 0,
    scratch,
    async spawn(request) {
      const pid = await channel.ask((id) => ({ kind: "spawn", id, spawn: request }));
      return {
        pid,
        exited: channel.exit(pid),
        async signal(signal, { wait } = { wait: false }) {
          await channel.ask((id) => ({ kind: "signal", id, pid, signal, wait }));
        },
      };
    },
    async stop() {
      if (child.connected) {
        child.ref();
        child.send({ kind: "stop", id: 0 } satisfies SupervisorRequest, () => {});
      }
      await ended;
    },
  };
}

interface Channel {
  readonly ready: Promise<string>;
  ask(request: (id: number) => SupervisorRequest): Promise<number>;
  exit(pid: number): Promise<Exit>;
}

interface Waiter {
  readonly resolve: (pid: number) => void;
  readonly reject: (error: Error) => void;
}

function openChannel(child: ChildProcess, ended: Promise<void>): Channel {
  const waiters = new Map<number, Waiter>();
  const exits = new Map<number, PromiseWithResolvers<Exit>>();
  const ready = Promise.withResolvers<string>();
  const exitOf = (pid: number): PromiseWithResolvers<Exit> => {
    const known = exits.get(pid) ?? Promise.withResolvers<Exit>();
    exits.set(pid, known);
    return known;
  };
  // While an answer is awaited the channel keeps this process alive; otherwise a forgotten stop() must not.
  const hold = (): void => {
    if (waiters.size > 0) {
      child.ref();
      child.channel?.ref();
    } else {
      child.unref();
      child.channel?.unref();
    }
  };
  const settle = (id: number): Waiter | undefined => {
    const waiter = waiters.get(id);
    waiters.delete(id);
    hold();
    return waiter;
  };
  child.on("message", (message: SupervisorMessage) => {
    switch (message.kind) {
      case "ready":
        hold();
        ready.resolve(message.scratch);
        return;
      case "done":
        settle(message.id)?.resolve(message.pid);
        return;
      case "failed":
        settle(message.id)?.reject(new Error(`cannot start a component: ${message.message}`));
        return;
      case "exited":
        exitOf(message.pid).resolve({ code: message.code, signal: message.signal });
    }
  });
  const failPending = async (): Promise<void> => {
    await ended;
    const gone = new Error("the control plane's supervisor has ended");
    ready.reject(gone);
    for (const waiter of waiters.values()) waiter.reject(gone);
    for (const exit of exits.values()) exit.resolve({ code: null, signal: "SIGKILL" });
  };
  void failPending();
  const counter = { next: 1 };
  return {
    ready: ready.promise,
    exit: (pid) => exitOf(pid).promise,
    ask(request) {
      const id = counter.next++;
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      waiters.set(id, { resolve, reject });
      hold();
      child.send(request(id), (error) => {
        if (error !== null) settle(id)?.reject(error);
      });
      return promise;
    },
  };
}
