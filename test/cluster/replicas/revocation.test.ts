import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readLedger } from "../../../src/ledger/read-ledger.ts";
import { randomOf } from "../../unit/decision/oracle/random.ts";
import { type Bench, startBench } from "../writ/bench.ts";
import { applyWorld } from "../writ/objects.ts";
import { startKiller } from "./killer.ts";
import { readSettings } from "./settings.ts";
import { type Trials, report, startTrials } from "./trials.ts";

const { seed, trials } = readSettings(process.env);
/** Of all trials, those in which replicas are killed. */
const withKills = Math.ceil(trials / 4);
const msPerTrial = 2_000;

let bench: Bench;
let running: Trials;

beforeAll(async () => {
  bench = await startBench({ writ: { operator: false, replicas: 3 } });
  await applyWorld(bench);
  running = await startTrials(bench, seed);
});

afterAll(async () => {
  await running.stop();
  await bench.cluster.stop();
});

function progress(of: number): (done: number) => void {
  const started = performance.now();
  return (done) => {
    if (done % 250 !== 0) return;
    console.log(`${done} of ${of} trials, ${Math.round((performance.now() - started) / 1_000)} s`);
  };
}

/** How many decisions each replica has recorded. */
async function decisions(): Promise<readonly number[]> {
  return Promise.all(
    bench.writ.replicas.map(async ({ ledgerDir }) => {
      let count = 0;
      for await (const { entry } of readLedger(ledgerDir)) if (entry.kind === "decision") count += 1;
      return count;
    }),
  );
}

describe("on three replicas, once the API server has acknowledged a revocation", () => {
  test(
    "no write that begins later is admitted",
    async () => {
      const count = trials - withKills;
      await running.run(0, count, progress(count));
      const found = running.violations();
      expect(found, report(seed, found)).toEqual([]);
    },
    60_000 + trials * msPerTrial,
  );

  test("each replica has had its share of the writes", async () => {
    const counts = await decisions();
    const total = counts.reduce((sum, count) => sum + count, 0);
    for (const count of counts) expect(count).toBeGreaterThan(total / 20);
  });

  test(
    "no write that begins later is admitted, with replicas killed and restarted at random",
    async () => {
      const killer = startKiller(bench.writ.replicas, randomOf(seed, "kills"));
      await running.run(trials - withKills, trials, progress(withKills)).finally(killer.stop);
      const found = running.violations();
      expect(found, report(seed, found)).toEqual([]);
      expect(killer.kills()).toBeGreaterThan(0);
      console.log(
        `${killer.kills()} kills refused ${running.refusals.messages.length} writes of people; ` +
          `${running.laterWrites()} writes began after one of ${trials} revocations`,
      );
    },
    60_000 + trials * msPerTrial,
  );
});
