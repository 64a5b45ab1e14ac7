import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AlteredTrials, startAlteredTrials } from "./altered-trials.ts";
import { watchesLag } from "./alterations.ts";
import { roundsOf } from "./rounds.ts";
import { readSettings, setUpWithinMs } from "./settings.ts";
import { report } from "./trials.ts";

const { seed, trials } = readSettings(process.env);
/** A lag makes of each trial what chance makes of one in ten. */
const lagging = Math.ceil(trials / 5);

describe.each(roundsOf(lagging))("on three replicas of which two hear late, in trials $from to $to", ({ from, to }) => {
  let running: AlteredTrials;

  beforeAll(async () => {
    running = await startAlteredTrials(watchesLag, seed);
  }, setUpWithinMs);

  afterAll(async () => {
    await running.stop();
  });

  test(
    "no write is admitted that began after an acknowledged revocation",
    async () => {
      await running.trials.run(from, to);
      const found = running.trials.violations();
      expect(found, report(seed, found)).toEqual([]);
    },
    300_000 + (to - from) * 4_000,
  );
});
