import { type Alteration, alteredWrit } from "../../control-plane/altered-writ.ts";
import { startBench } from "../writ/bench.ts";
import { applyWorld } from "../writ/objects.ts";
import { type Trials, startTrials } from "./trials.ts";

export interface AlteredTrials {
  readonly trials: Trials;
  /** Ends everything, and takes the copy of the sources away. */
  readonly stop: () => Promise<void>;
}

/** Trials on three replicas of a Writ that was altered. */
export async function startAlteredTrials(alteration: Alteration, seed: number): Promise<AlteredTrials> {
  const altered = alteredWrit([alteration]);
  const bench = await startBench({ writ: { operator: false, replicas: 3, command: altered.command } });
  await applyWorld(bench);
  const trials = await startTrials(bench, seed);
  return {
    trials,
    stop: async () => {
      await trials.stop();
      await bench.cluster.stop();
      altered.remove();
    },
  };
}
