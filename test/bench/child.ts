import { type ChildProcess, spawn } from "node:child_process";
import { openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { WriteLoadResult, WriteLoadSpec } from "./apiserver/write-load.ts";
import type { Answer, Ask, LoadResult, LoadSpec, Request, Result, Serving, Usage } from "./messages.ts";

/** A process of the benchmark. It ends with the parent, whatever ends that. */
export interface Child {
  /** With its log, for messages. */
  readonly name: string;
  readonly pid: number;
  /** The port that it serves on, where it says one. */
  readonly serving: Promise<number>;
  readonly usage: () => Promise<Usage>;
  /** After garbage has been collected. */
  readonly settledUsage: () => Promise<Usage>;
  readonly load: (load: LoadSpec) => Promise<LoadResult>;
  readonly write: (write: WriteLoadSpec) => Promise<WriteLoadResult>;
  readonly ended: Promise<void>;
  /** SIGTERM, and waits for the end. */
  readonly stop: () => Promise<void>;
}

/** What the product runs with (first line of src/main.ts): the semi-space bounds how much garbage waits. */
export const productOptions: readonly string[] = ["--max-semi-space-size=8"];

export interface ChildOptions {
  /** File beside this one, or an absolute path. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly nodeOptions?: readonly string[];
  /** Takes what the child prints. */
  readonly logFile: string;
}

const preload = new URL("preload.ts", import.meta.url).href;

export function startChild({ script, args = [], nodeOptions = [], logFile }: ChildOptions): Child {
  const log = openSync(logFile, "a", 0o600);
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, ["--expose-gc", ...nodeOptions, "--import", preload, file, ...args], {
    stdio: ["ignore", log, log, "ipc"],
  });
  const name = `${script} ${args.join(" ").slice(0, 60)} (its log: ${logFile})`;
  const channel = openChannel(child, name);
  return {
    name,
    // 0 where it could not be started, of which `ended` tells.
    pid: child.pid ?? 0,
    serving: channel.serving,
    usage: async () => (await channel.ask({ ask: "usage" })) as Usage,
    settledUsage: async () => (await channel.ask({ ask: "settled usage" })) as Usage,
    load: async (load) => (await channel.ask({ ask: "load", load })) as LoadResult,
    write: async (write) => (await channel.ask({ ask: "write", write })) as WriteLoadResult,
    ended: channel.ended,
    stop: async () => {
      child.kill("SIGTERM");
      await channel.ended;
    },
  };
}

interface Channel {
  readonly serving: Promise<number>;
  readonly ended: Promise<void>;
  readonly ask: (ask: Ask) => Promise<Result>;
}

function openChannel(child: ChildProcess, name: string): Channel {
  const waiting = new Map<number, PromiseWithResolvers<Result>>();
  const serving = Promise.withResolvers<number>();
  // Only those who wait for a port hear that none will come.
  serving.promise.catch(() => undefined);
  const ended = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => {
      const error = new Error(`${name} ended (${signal ?? code})`);
      serving.reject(error);
      for (const { reject } of waiting.values()) reject(error);
      resolve();
    });
  });
  child.on("message", (message: Answer | Serving) => {
    if ("serving" in message) return serving.resolve(message.port);
    const waiter = waiting.get(message.id);
    waiting.delete(message.id);
    return "error" in message
      ? waiter?.reject(new Error(`${name}: ${message.error}`))
      : waiter?.resolve(message.result);
  });
  const ids = { next: 1 };
  return {
    serving: serving.promise,
    ended,
    ask: (ask) => {
      const id = ids.next++;
      const waiter = Promise.withResolvers<Result>();
      waiting.set(id, waiter);
      child.send({ ...ask, id } satisfies Request, (error) => {
        if (error !== null) waiter.reject(error);
      });
      return waiter.promise;
    },
  };
}
