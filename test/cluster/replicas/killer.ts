import { setTimeout as sleep } from "node:timers/promises";
import type { Replica } from "../../control-plane/writ-cluster.ts";
import type { Random } from "../../unit/decision/oracle/random.ts";

/** Milliseconds, at most: before the first kill, between a kill and the restart, and from readiness to the next kill. */
const longestPrelude = 300;
const longestDowntime = 1_000;
const longestUptime = 2_000;

/**
 * While the work goes on, kills a replica at random (SIGKILL), at times a second one beside it, starts them again, and
 * waits until they are ready, over and over. One of three or more always lives, and all do at the end. The work is told
 * how many kills there were so far; gives how many there were in all.
 *
 * @throws when the work does, or a replica does not come back
 */
export async function whileKilling(
  replicas: readonly Replica[],
  random: Random,
  work: (kills: () => number) => Promise<unknown>,
): Promise<number> {
  const state = { working: true, kills: 0 };
  const kill = async (): Promise<void> => {
    while (state.working) {
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
  const end = async (): Promise<void> => {
    try {
      await work(() => state.kills);
    } finally {
      state.working = false;
    }
  };
  await Promise.all([end(), kill()]);
  return state.kills;
}
