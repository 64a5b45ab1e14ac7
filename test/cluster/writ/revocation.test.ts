import { Agent } from "node:https";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApiResponse } from "../../control-plane/control-plane.ts";
import { sendRequest } from "../../control-plane/request.ts";
import { type Bench, eventually, outcome, startBench } from "./bench.ts";
import {
  applyWorld,
  approval,
  approvals,
  approveBoth,
  capabilities,
  configMap,
  configMaps,
  decide,
  mergePatch,
  owners,
  patchSpec,
} from "./objects.ts";

const writerCount = 6;
const trials = 100;
/** Writes that begin after each acknowledgement, at least; so 500 in all. */
const laterWrites = 5;

let bench: Bench;

beforeAll(async () => {
  bench = await startBench({ writ: { operator: false } });
  await applyWorld(bench);
  for (let i = 0; i < writerCount; i++) await bench.must("admin", "POST", configMaps(), configMap(`hammered-${i}`));
  await grant("trial-0");
});

afterAll(async () => {
  await bench.cluster.stop();
});

async function grant(name: string): Promise<void> {
  await bench.must("carol", "POST", approvals(), approval(name));
  await approveBoth(bench, approvals(name));
}

interface Revocation {
  readonly name: string;
  /** Whether the approval is over for good and the next trial needs another. */
  readonly ends: boolean;
  readonly revoke: (approvalPath: string) => Promise<ApiResponse>;
  readonly restore: () => Promise<ApiResponse | undefined>;
}

const nothing = (): Promise<undefined> => Promise.resolve(undefined);
const suspension = (who: string, target: string): Revocation => ({
  name: `suspension of ${target.split("/").at(-1) ?? ""} by ${who}`,
  ends: false,
  revoke: () => patchSpec(bench, who, target, { suspended: true }),
  restore: () => patchSpec(bench, "bob", target, { suspended: false }),
});

const revocations: readonly Revocation[] = [
  suspension("frank", owners("robots")),
  suspension("bob", owners("platform")),
  suspension("alice", owners("payments")),
  suspension("dave", owners("cluster")),
  suspension("dave", capabilities("configurator")),
  {
    name: "rejection by an approver",
    ends: true,
    revoke: (target) => decide(bench, "alice", target, "Reject", "payments"),
    restore: nothing,
  },
  {
    name: "rejection by the identity owner",
    ends: true,
    revoke: (target) => decide(bench, "frank", target, "Reject", "robots"),
    restore: nothing,
  },
  {
    name: "deletion of the approval",
    ends: true,
    revoke: (target) => bench.call("alice", "DELETE", target),
    restore: nothing,
  },
];

/** Deterministic pseudo-random numbers in [0, 1): mulberry32 of a 32-bit seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One write of the agent: what the writer knows of when it began and how it ended. */
interface Write {
  /** Position in the order of all beginnings and acknowledgements of this process. */
  readonly begun: number;
  readonly outcome: string;
}

interface Writers {
  /** The present position in the order; everything that begins from now on is later. */
  readonly mark: () => number;
  /** Ended writes that began at or after the mark. */
  readonly since: (mark: number) => readonly Write[];
  readonly stop: () => Promise<void>;
}

/** Agents' clients that never pause: each updates its own ConfigMap over its own kept-alive connection. */
function startWriters(): Writers {
  const order = { next: 0 };
  const ended: Write[] = [];
  const state = { running: true };
  const ca = readFileSync(bench.cluster.caFile, "utf8");
  const run = async (id: number): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const url = `${bench.cluster.server}${configMaps(`hammered-${id}`)}`;
    while (state.running) {
      const begun = (order.next += 1);
      const body = { data: { key: String(begun) } };
      const request = { method: "PATCH", body, headers: mergePatch };
      const response = await sendRequest(url, bench.credentials("bot"), { agent, ca }, request);
      ended.push({ begun, outcome: outcome(response) });
    }
    agent.destroy();
  };
  const writers = Promise.all(Array.from({ length: writerCount }, (_, id) => run(id)));
  return {
    mark: () => (order.next += 1),
    since: (mark) => ended.filter((write) => write.begun > mark),
    stop: async () => {
      state.running = false;
      await writers;
    },
  };
}

describe("once the API server has acknowledged a revocation", () => {
  test(`0 of ${trials * laterWrites} later writes are admitted, with ${writerCount} writers hammering`, async () => {
    const seed = Number(process.env["WRIT_TEST_SEED"] ?? Date.now() % 2 ** 31);
    const next = random(seed);
    const writers = startWriters();
    const told = { later: 0, admittedBefore: 0 };
    try {
      for (let trial = 0, current = "trial-0"; trial < trials; trial++) {
        const context = `WRIT_TEST_SEED=${seed}, trial ${trial}`;
        const start = writers.mark();
        await eventually(() => {
          expect(
            writers.since(start).some((write) => write.outcome === "admitted"),
            context,
          ).toBe(true);
        });
        told.admittedBefore += writers.since(start).filter((write) => write.outcome === "admitted").length;
        const revocation = revocations[Math.floor(next() * revocations.length)];
        if (!revocation) throw new Error("no revocation");
        const response = await revocation.revoke(approvals(current));
        const acknowledged = writers.mark();
        expect(outcome(response), `${context}: ${revocation.name}`).toBe("admitted");
        await eventually(() => {
          expect(writers.since(acknowledged).length, context).toBeGreaterThanOrEqual(laterWrites);
        });
        const later = writers.since(acknowledged);
        told.later += later.length;
        expect(
          later.filter((write) => write.outcome === "admitted"),
          `${context}: admitted after the ${revocation.name}`,
        ).toEqual([]);
        await revocation.restore();
        if (revocation.ends) {
          current = `trial-${trial + 1}`;
          await grant(current);
        }
      }
    } finally {
      await writers.stop();
    }
    expect(told.later).toBeGreaterThanOrEqual(trials * laterWrites);
    expect(told.admittedBefore).toBeGreaterThanOrEqual(trials);
  });
});
