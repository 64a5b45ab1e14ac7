import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { sendRequest } from "../../control-plane/request.ts";
import { type Bench, outcome } from "../writ/bench.ts";
import { configMap, configMaps, mergePatch } from "../writ/objects.ts";
import type { History } from "./history.ts";

/** A client of the agent `bot` that updates a ConfigMap of its own over a kept-alive connection of its own. */
export interface AgentClient {
  /** One update, noted in the history; what it became of stands in the operation, and is returned. */
  readonly write: (what: string) => Promise<string>;
  readonly close: () => void;
}

/** Creates the ConfigMap as well. */
export async function startAgentClient(bench: Bench, history: History, name: string): Promise<AgentClient> {
  await bench.must("admin", "POST", configMaps(), configMap(name));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ca = readFileSync(bench.cluster.caFile, "utf8");
  const url = `${bench.cluster.server}${configMaps(name)}`;
  return {
    write: async (what) => {
      const begun = history.now();
      const body = { data: { key: String(begun) } };
      const request = { method: "PATCH", body, headers: mergePatch };
      const sent = sendRequest(url, bench.credentials("bot"), { agent, ca }, request);
      const response = await sent.catch(() => undefined);
      const ended = response === undefined ? Infinity : history.now();
      const told = response === undefined ? "no answer" : outcome(response);
      history.add({ kind: "write", what, begun, ended, outcome: told });
      return told;
    },
    close: () => agent.destroy(),
  };
}

const mostAttempts = 1_000;

/** Writes until somebody has had time to judge, and gives the judgement. @throws when nobody has in 1,000 attempts */
export async function writeUntilJudged(client: AgentClient, what: string): Promise<string> {
  for (let attempt = 1; attempt <= mostAttempts; attempt++) {
    const told = await client.write(what);
    if (!failures.test(told)) return told;
    await backOff(told);
  }
  throw new Error(`${what}: not judged in ${mostAttempts} attempts`);
}

export interface Hammer {
  /** Of each client: how many of its writes that began after the instant were admitted. */
  readonly admittedSince: (instant: number) => readonly number[];
  /** What became of each client's last write. */
  readonly last: () => readonly string[];
  readonly stop: () => Promise<void>;
}

/** So long a client waits where nobody had time to judge, in milliseconds: else it would keep a small machine from it. */
const pauseAfterFailure = 50;
const failures = /^(no answer|500 .*|Overloaded|DeadlineExceeded|UseContended)$/;

/** Waits after a failure, as a client would that is told to try again. */
export async function backOff(told: string): Promise<void> {
  if (failures.test(told)) await sleep(pauseAfterFailure);
}

/** Clients that never pause. */
export function hammer(clients: readonly AgentClient[], history: History): Hammer {
  const state = { running: true };
  const admitted = clients.map((): number[] => []);
  const last = clients.map(() => "nothing yet");
  const loops = clients.map(async (client, id) => {
    while (state.running) {
      const begun = history.now();
      const told = await client.write(`writer ${id}`);
      last[id] = told;
      if (told === "admitted") admitted[id]?.push(begun);
      await backOff(told);
    }
  });
  return {
    admittedSince: (instant) =>
      admitted.map((begins) => begins.length - begins.findLastIndex((at) => at < instant) - 1),
    last: () => last,
    stop: async () => {
      state.running = false;
      await Promise.all(loops);
    },
  };
}
