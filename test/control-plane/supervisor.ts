/**
 * The process that outlives its owner by a moment. It runs in a session of its own, starts the components on request,
 * and when the owner is gone, in whatever way (return, crash, Ctrl-C, kill -9), the IPC channel closes: then it kills
 * every component and removes the scratch directory. Not a module to import: start it through `startSupervisor`.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { formatIdentity, identify, isAlive, parseIdentity } from "./process-identity.ts";
import {
  scratchPrefix,
  type SpawnRequest,
  type SupervisorMessage,
  type SupervisorOptions,
  type SupervisorRequest,
} from "./supervisor-protocol.ts";

const exitWaitMs = 5_000;
const watchIntervalMs = 500;

function main(options: SupervisorOptions): void {
  const children = new Map<number, ChildProcess>();
  const prefix = deathSignalPrefix();
  sweepOrphans(options.scratchParent);
  const self = identify(process.pid);
  if (self === undefined) throw new Error("cannot read the supervisor's own process entry");
  const scratch = mkdtempSync(join(options.scratchParent, `${scratchPrefix}${formatIdentity(self)}-`));

  const state = { ending: false };
  const end = async (): Promise<void> => {
    if (state.ending) return;
    state.ending = true;
    await killAll(children);
    for (const path of [scratch, ...options.remove]) {
      rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    }
    process.exit(0);
  };

  // A signal meant for the owner must not stop the one who cleans up after it.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  process.on("uncaughtException", () => void end());
  process.on("disconnect", () => void end());
  process.on("message", (request: SupervisorRequest) => {
    if (!state.ending) handle(request, children, prefix, end);
  });
  const watched = options.watch.flatMap((text) => parseIdentity(text) ?? []);
  if (watched.length > 0) {
    setInterval(() => {
      if (!watched.every(isAlive)) void end();
    }, watchIntervalMs);
  }
  if (!process.connected) void end();
  send({ kind: "ready", scratch });
}

function handle(
  request: SupervisorRequest,
  children: Map<number, ChildProcess>,
  prefix: readonly string[],
  end: () => Promise<void>,
): void {
  switch (request.kind) {
    case "spawn":
      start(request.id, request.spawn, children, prefix);
      return;
    case "signal": {
      const child = children.get(request.pid);
      const done = (): void => send({ kind: "done", id: request.id, pid: request.pid });
      if (child !== undefined && request.wait) child.once("exit", done);
      else done();
      child?.kill(request.signal);
      return;
    }
    case "stop":
      // The owner sees the end in the closing of the channel, when nothing is left.
      void end();
  }
}

function start(
  id: number,
  request: SpawnRequest,
  children: Map<number, ChildProcess>,
  prefix: readonly string[],
): void {
  const [file, ...args] = [...prefix, ...request.command];
  if (file === undefined) {
    send({ kind: "failed", id, message: "empty command" });
    return;
  }
  try {
    const log = openSync(request.logFile, "a");
    const child = spawn(file, args, { env: request.env, stdio: ["ignore", log, log] });
    closeSync(log);
    const { pid } = child;
    child.on("error", (error) => send({ kind: "failed", id, message: error.message }));
    if (pid === undefined) return;
    children.set(pid, child);
    child.on("exit", (code, signal) => {
      children.delete(pid);
      send({ kind: "exited", pid, code, signal });
    });
    send({ kind: "done", id, pid });
  } catch (error) {
    send({ kind: "failed", id, message: String(error) });
  }
}

async function killAll(children: ReadonlyMap<number, ChildProcess>): Promise<void> {
  const exits = [...children.values()].map(
    (child) =>
      new Promise<void>((resolve) => {
        child.once("exit", () => resolve());
        child.kill("SIGKILL");
      }),
  );
  const waited = new Promise<void>((resolve) => {
    setTimeout(resolve, exitWaitMs);
  });
  await Promise.race([Promise.all(exits), waited]);
}

/** util-linux's setpriv asks the kernel to kill a component when even the supervisor is killed -9; elsewhere nothing does. */
function deathSignalPrefix(): readonly string[] {
  const prefix = ["setpriv", "--pdeathsig", "KILL", "--"];
  const probe = spawnSync("setpriv", ["--pdeathsig", "KILL", "--", "true"], { stdio: "ignore" });
  return probe.status === 0 ? prefix : [];
}

/** Removes scratch directories whose supervisor was itself killed before it could. */
function sweepOrphans(parent: string): void {
  for (const name of readdirSync(parent)) {
    const match = /^(\d+-\d+)-/.exec(name.startsWith(scratchPrefix) ? name.slice(scratchPrefix.length) : "");
    const owner = match?.[1] === undefined ? undefined : parseIdentity(match[1]);
    if (owner === undefined || isAlive(owner)) continue;
    try {
      rmSync(join(parent, name), { recursive: true, force: true });
    } catch {
      // Another user's, or being removed by somebody else at this moment.
    }
  }
}

function send(message: SupervisorMessage): void {
  // The owner may die between the check and the write: the callback takes that error.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

main(JSON.parse(process.argv[2] ?? "{}") as SupervisorOptions);
