import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AlteredTrials, startAlteredTrials } from "./altered-trials.ts";
import { provesNothing } from "./alterations.ts";
import { readSettings, setUpWithinMs } from "./settings.ts";

const { seed } = readSettings(process.env);
/** So many that not even a quiet machine hides it. */
const mostTrials = 400;

let running: AlteredTrials;

beforeAll(async () => {
  running = await startAlteredTrials(provesNothing, seed);
}, setUpWithinMs);

afterAll(async () => {
  await running.stop();
});

describe("a copy of Writ that allows on what its cache says, and proves nothing", () => {
  test(
    "is found to admit writes that began after an acknowledged revocation",
    async () => {
      const state = { trial: 0 };
      while (running.trials.violations().length === 0 && state.trial < mostTrials) {
        await running.trials.run(state.trial, (state.trial += 1));
      }
      expect(running.trials.violations().length, `none in ${mostTrials} trials (WRIT_SEED=${seed})`).toBeGreaterThan(0);
      console.log(`${running.trials.violations().length} stale writes after ${state.trial} trials`);
    },
    60_000 + mostTrials * 2_000,
  );
});
