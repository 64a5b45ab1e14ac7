import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readLedger } from "../../../src/ledger/read-ledger.ts";
import { randomOf } from "../../unit/decision/oracle/random.ts";
import { type Bench, startBench } from "../writ/bench.ts";
import { applyWorld } from "../writ/objects.ts";
import { whileKilling } from "./killer.ts";
import { roundsOf } from "./rounds.ts";
import { readSettings, setUpWithinMs } from "./settings.ts";
import { type Trials, report, startTrials } from "./trials.ts";

const { seed, trials } = readSettings(process.env);
const msPerTrial = 4_000;

/** How many decisions each replica has recorded. */
async function decisions(bench: Bench): Promise<readonly number[]> {
  return Promise.all(
    bench.writ.replicas.map(async ({ ledgerDir }) => {
      let count = 0;
      for await (const { entry } of readLedger(ledgerDir)) if (entry.kind === "decision") count += 1;
      return count;
    }),
  );
}

async function provenByRegister(bench: Bench): Promise<readonly boolean[]> {
  return Promise.all(
    bench.writ.replicas.map(async ({ metricsUrl }) =>
      /^writ_proofs_total\{by="register"\} [1-9]/m.test(await (await fetch(metricsUrl)).text()),
    ),
  );
}

describe.each(roundsOf(trials))("on three replicas, in trials $from to $to", ({ from, to }) => {
  /** From here on replicas are killed. */
  const killsFrom = to - Math.ceil((to - from) / 4);
  const timeout = 300_000 + (to - from) * msPerTrial;
  let bench: Bench;
  let running: Trials;

  beforeAll(async () => {
    bench = await startBench({ writ: { operator: false, replicas: 3 } });
    await applyWorld(bench);
    running = await startTrials(bench, seed);
  }, setUpWithinMs);

  afterAll(async () => {
    await running.stop();
    await bench.cluster.stop();
  });

  test(
    "no write is admitted that began after an acknowledged revocation",
    async () => {
      await running.run(from, killsFrom);
      const found = running.violations();
      expect(found, report(seed, found)).toEqual([]);
    },
    timeout,
  );

  test("each replica has had its share of the writes", async () => {
    const counts = await decisions(bench);
    const total = counts.reduce((sum, count) => sum + count, 0);
    for (const count of counts) expect(count).toBeGreaterThan(total / 20);
    // By the register, or the trials would say nothing about it.
    expect(await provenByRegister(bench)).toEqual(bench.writ.replicas.map(() => true));
  });

  test(
    "none either while replicas are killed and restarted at random",
    async () => {
      const random = randomOf(seed, `kills from ${killsFrom}`);
      const kills = await whileKilling(bench.writ.replicas, random, () => running.run(killsFrom, to));
      const found = running.violations();
      expect(found, report(seed, found)).toEqual([]);
      expect(kills).toBeGreaterThan(0);
      const { outcomes, refusals } = running;
      console.log(
        `WRIT_SEED=${seed}, trials ${from} to ${to}: ${JSON.stringify(outcomes())}; ` +
          `${kills} kills, ${refusals.unanswered.length} writes of people not answered`,
      );
    },
    timeout,
  );
});
