import { setTimeout as sleep } from "node:timers/promises";
import type { ApiResponse } from "../../control-plane/control-plane.ts";
import { type Random, randomOf } from "../../unit/decision/oracle/random.ts";
import type { Bench } from "../writ/bench.ts";
import { approval, approvals, decide } from "../writ/objects.ts";
import { type Hammer, hammer, startAgentClient } from "./client.ts";
import type { AgentClient } from "./client.ts";
import { type History, startHistory } from "./history.ts";
import { type Refusals, noRefusals, persist } from "./people.ts";
import { revocationsOf } from "./revocations.ts";
import { type Violation, violations } from "./violations.ts";

/** Clients that write without a pause. */
const writerCount = 6;
/** Clients that write once, at once or a moment after the acknowledgement. */
const laterCount = 6;
/** Milliseconds, at most: between the first writes that are admitted and the revocation; from its acknowledgement on. */
const longestPrelude = 20;
const longestAftermath = 8;
/** What was given back reaches all replicas by their watches; with replicas killed meanwhile, after their return. */
const grantedWithinMs = 120_000;

export interface Trials {
  readonly history: History;
  readonly refusals: Refusals;
  /** Runs trials `from` to below `to`; what each does follows from the seed and its number alone. */
  readonly run: (from: number, to: number) => Promise<void>;
  readonly violations: () => readonly Violation[];
  /** How many operations there were so far: grants, revocations, and writes by what became of them. */
  readonly outcomes: () => Readonly<Record<string, number>>;
  readonly stop: () => Promise<void>;
}

/**
 * Agents' writes against people's revocations: in each trial the agent's clients hammer until all of them are admitted,
 * a person revokes at a random moment in a random way, further writes begin from the acknowledgement on, and a person
 * gives back what was taken. The bench must hold the world of `applyWorld`.
 */
export async function startTrials(bench: Bench, seed: number): Promise<Trials> {
  const history = startHistory();
  const refusals = noRefusals();
  const revocations = await revocationsOf(bench);
  const start = (role: string, count: number): Promise<readonly AgentClient[]> =>
    Promise.all(Array.from({ length: count }, (_, i) => startAgentClient(bench, history, `${role}-${i}`)));
  const later = await start("later", laterCount);
  const writers = await start("hammered", writerCount);
  const state = { approval: "trial-first" };

  const must = async (what: string, write: () => Promise<ApiResponse>): Promise<void> => {
    const response = await persist(refusals, write);
    if (response.status >= 300) throw new Error(`${what}: ${response.status} ${response.text}`);
  };
  const grant = async (what: string, steps: () => Promise<void>): Promise<void> => {
    const begun = history.now();
    await steps();
    history.add({ kind: "grant", what, begun, ended: history.now() });
  };
  const approve = async (name: string): Promise<void> => {
    const path = approvals(name);
    await must("request", () => bench.call("carol", "POST", approvals(), approval(name)));
    await must("approval by alice", () => decide(bench, "alice", path, "Approve", "payments"));
    await must("approval by bob", () => decide(bench, "bob", path, "Approve", "platform"));
  };
  await grant("the first approval", () => approve(state.approval));
  const hammering = hammer(writers, history);

  const runOne = async (trial: number): Promise<void> => {
    const random = randomOf(seed, `trial ${trial}`);
    const revocation = random.pick(revocations);
    const what = `trial ${trial}: ${revocation.name}`;
    await untilAllAdmitted(hammering, history.now(), what);
    await sleep(random.below(longestPrelude));
    const begun = history.now();
    await must(what, () => revocation.revoke(approvals(state.approval)));
    history.add({ kind: "revoke", what, begun, ended: history.now() });
    await Promise.all(later.map((client) => writeWithin(client, random, what)));
    await grant(`${what}, undone`, async () => {
      if (revocation.restore !== undefined) return must(`${what}, to be undone`, revocation.restore);
      // What is over is in nobody's way, but thousands of them would slow the search for the nearest miss.
      const over = approvals(state.approval);
      await persist(refusals, () => bench.call("alice", "DELETE", over));
      state.approval = `trial-${trial}`;
      await approve(state.approval);
    });
  };

  return {
    history,
    refusals,
    run: async (from, to) => {
      for (let trial = from; trial < to; trial++) await runOne(trial);
    },
    violations: () => violations(history.operations),
    outcomes: () => {
      const counts: Record<string, number> = {};
      for (const operation of history.operations) {
        const key = operation.kind === "write" ? operation.outcome : `${operation.kind}s`;
        counts[key] = (counts[key] ?? 0) + 1;
      }
      return counts;
    },
    stop: async () => {
      await hammering.stop();
      for (const client of [...later, ...writers]) client.close();
    },
  };
}

/** Half of the writes begin in the very moment of the acknowledgement: a stale cache is caught up within milliseconds. */
async function writeWithin(client: AgentClient, random: Random, what: string): Promise<void> {
  const pause = random.chance(50) ? 0 : random.below(longestAftermath);
  if (pause > 0) await sleep(pause);
  await client.write(what);
}

async function untilAllAdmitted(hammering: Hammer, since: number, what: string): Promise<void> {
  const deadline = Date.now() + grantedWithinMs;
  while (hammering.admittedSince(since).some((count) => count === 0)) {
    if (Date.now() > deadline) {
      throw new Error(`${what}: not admitted any more before it: ${hammering.last().join(", ")}`);
    }
    await sleep(2);
  }
}

/** What a failing test prints: the seed to repeat it with, and what was admitted. */
export function report(seed: number, found: readonly Violation[]): string {
  const lines = found.map(
    ({ write, revocation }) =>
      `  ${write.what} [${write.begun}, ${write.ended}] after ${
        revocation === undefined ? "no grant" : `${revocation.what} [${revocation.begun}, ${revocation.ended}]`
      }`,
  );
  return [`${found.length} writes admitted after a revocation (WRIT_SEED=${seed}):`, ...lines].join("\n");
}
