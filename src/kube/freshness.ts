import type { KubeClock } from "./clock.ts";

/** An instant by both clocks. */
export interface Instant {
  readonly monotonic: number;
  readonly wall: number;
}

/** How old what a watch has shown may be. */
export interface Freshness {
  readonly instant: () => Instant;
  /** An event or a bookmark has come. False when it comes too late: what else was under way is as old. */
  readonly heard: () => boolean;
  /** The collection has been read in full by a read that began then. */
  readonly readInFull: (begun: Instant) => void;
  /** Nothing has been heard for too long, and the collection has not been read in full since. */
  readonly silent: () => boolean;
}

/**
 * Judges by what came, not by timers, which stand still with a process. A process that stood still for an hour finds
 * lines waiting that are an hour old, so they do not end the silence: only a new read of everything does. The monotonic
 * clock stands still while a machine sleeps, and the wall clock may jump: the greater age counts.
 */
export function createFreshness(clock: Pick<KubeClock, "now" | "wall">, limitMs: number): Freshness {
  const instant = (): Instant => ({ monotonic: clock.now(), wall: clock.wall() });
  let known: Instant | undefined;
  const silent = (): boolean => {
    if (known === undefined) return true;
    const { monotonic, wall } = instant();
    return monotonic - known.monotonic > limitMs || wall - known.wall > limitMs;
  };
  return {
    instant,
    heard: () => {
      if (silent()) return false;
      known = instant();
      return true;
    },
    readInFull: (begun) => {
      known = begun;
    },
    silent,
  };
}
