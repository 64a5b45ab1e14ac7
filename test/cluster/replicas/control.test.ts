import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AlteredWrit, alteredWrit } from "../../control-plane/altered-writ.ts";
import { type Bench, startBench } from "../writ/bench.ts";
import { applyWorld } from "../writ/objects.ts";
import { provesNothing } from "./alterations.ts";
import { readSettings, setUpWithinMs } from "./settings.ts";
import { type Trials, startTrials } from "./trials.ts";

const { seed } = readSettings(process.env);
/** So many that not even a quiet machine hides it. */
const mostTrials = 400;

let altered: AlteredWrit;
let bench: Bench;
let running: Trials;

beforeAll(async () => {
  altered = alteredWrit([provesNothing]);
  bench = await startBench({ writ: { operator: false, replicas: 3, command: altered.command } });
  await applyWorld(bench);
  running = await startTrials(bench, seed);
}, setUpWithinMs);

afterAll(async () => {
  await running.stop();
  await bench.cluster.stop();
  altered.remove();
});

describe("a copy of Writ that allows on what its cache says, and proves nothing", () => {
  test(
    "is found to admit writes that began after an acknowledged revocation",
    async () => {
      const state = { trial: 0 };
      while (running.violations().length === 0 && state.trial < mostTrials) {
        await running.run(state.trial, (state.trial += 1));
      }
      expect(running.violations().length, `none in ${mostTrials} trials (WRIT_SEED=${seed})`).toBeGreaterThan(0);
      console.log(`${running.violations().length} stale writes after ${state.trial} trials`);
    },
    60_000 + mostTrials * 2_000,
  );
});
