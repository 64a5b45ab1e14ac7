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

export interface Hammer {
  /** Of each client: how many of its writes that began after the instant were admitted. */
  readonly admittedSince: (instant: number) => readonly number[];
  /** What became of each client's last write. */
  readonly last: () => readonly string[];
  readonly stop: () => Promise<void>;
}

/** So long a client waits after an answer that did not come from Writ, in milliseconds. */
const pauseAfterFailure = 20;

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
      if (told === "no answer" || told.startsWith("500")) await sleep(pauseAfterFailure);
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
