import type { KubeClock } from "../../../src/kube/clock.ts";

export interface ManualClock extends KubeClock {
  /** Lets time pass, running what falls due in order, with all promises that follow from it. */
  advance(ms: number): Promise<void>;
}

export function manualClock(): ManualClock {
  let now = 0;
  let timers: readonly { readonly at: number; readonly run: () => void }[] = [];

  async function settle(): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  return {
    now: () => now,
    wall: () => now,
    schedule: (ms, run) => {
      const timer = { at: now + ms, run };
      timers = [...timers, timer].sort((a, b) => a.at - b.at);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance: async (ms) => {
      const end = now + ms;
      await settle();
      for (let next = timers[0]; next !== undefined && next.at <= end; next = timers[0]) {
        timers = timers.slice(1);
        now = next.at;
        next.run();
        await settle();
      }
      now = end;
    },
  };
}
