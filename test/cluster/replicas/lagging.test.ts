import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AlteredWrit, alteredWrit } from "../../control-plane/altered-writ.ts";
import { type Bench, startBench } from "../writ/bench.ts";
import { applyWorld } from "../writ/objects.ts";
import { watchesLag } from "./alterations.ts";
import { roundsOf } from "./rounds.ts";
import { readSettings, setUpWithinMs } from "./settings.ts";
import { type Trials, report, startTrials } from "./trials.ts";

const { seed, trials } = readSettings(process.env);
/** A lag makes of each trial what chance makes of one in ten. */
const lagging = Math.ceil(trials / 5);

describe.each(roundsOf(lagging))("on three replicas of which two hear late, in trials $from to $to", ({ from, to }) => {
  let altered: AlteredWrit;
  let bench: Bench;
  let running: Trials;

  beforeAll(async () => {
    altered = alteredWrit([watchesLag]);
    bench = await startBench({ writ: { operator: false, replicas: 3, command: altered.command } });
    await applyWorld(bench);
    running = await startTrials(bench, seed);
  }, setUpWithinMs);

  afterAll(async () => {
    await running.stop();
    await bench.cluster.stop();
    altered.remove();
  });

  test(
    "no write is admitted that began after an acknowledged revocation",
    async () => {
      await running.run(from, to);
      const found = running.violations();
      expect(found, report(seed, found)).toEqual([]);
    },
    300_000 + (to - from) * 4_000,
  );
});
