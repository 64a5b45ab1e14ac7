import { setTimeout as sleep } from "node:timers/promises";
import type { Replica } from "../../control-plane/writ-cluster.ts";
import type { Random } from "../../unit/decision/oracle/random.ts";

export interface Killer {
  readonly kills: () => number;
  /** Ends the killing; all replicas are up and ready afterwards. @throws when one did not come back */
  readonly stop: () => Promise<number>;
}

/** Milliseconds, at most: before the first kill, between a kill and the restart, and from readiness to the next kill. */
const longestPrelude = 300;
const longestDowntime = 1_000;
const longestUptime = 2_000;

/**
 * Kills a replica at random (SIGKILL), at times a second one beside it, starts them again, and waits until they are
 * ready, over and over. One of three or more always lives.
 */
export function startKiller(replicas: readonly Replica[], random: Random): Killer {
  const state = { running: true, kills: 0 };
  const run = async (): Promise<void> => {
    while (state.running) {
      await sleep(random.below(state.kills === 0 ? longestPrelude : longestUptime));
      const victims = random.shuffled(replicas).slice(0, random.chance(20) ? 2 : 1);
      await Promise.all(
        victims.map(async ({ webhook }) => {
          state.kills += 1;
          await webhook.kill("SIGKILL");
          await sleep(random.below(longestDowntime));
          await webhook.restart();
        }),
      );
    }
  };
  const running = run();
  // Told by stop(); until then it must not end the process.
  running.catch(() => undefined);
  return {
    kills: () => state.kills,
    stop: async () => {
      state.running = false;
      await running;
      return state.kills;
    },
  };
}
