import type { Interval, Operation } from "./history.ts";

/** A write that was admitted although authority had been taken away, or never given, before its request began. */
export interface Violation {
  readonly write: Operation;
  /** The acknowledged revocation that it ignored; nothing when no grant had begun before the write ended. */
  readonly revocation: Operation | undefined;
}

/**
 * Checks a history of one authority, that grants switch on and revocations off, as a linearizable register is checked:
 * an admitted write has seen some grant, one that did not begin after the write had ended, and between the two lies no
 * whole revocation. Denials are not judged: Writ may deny too much for as long as a watch lags, never too little.
 *
 * Pure; takes n log n steps, so that a history of thousands of trials can be checked as a whole.
 */
export function violations(operations: readonly Operation[]): readonly Violation[] {
  // Of the revocations that ended before an instant, the one that began last leaves the fewest grants to rest on.
  const lastRevocation = runningBest(
    operations.filter(({ kind }) => kind === "revoke"),
    ({ ended }) => ended,
    ({ begun }) => begun,
  );
  const lastGrant = runningBest(
    operations.filter(({ kind }) => kind === "grant"),
    ({ begun }) => begun,
    ({ ended }) => ended,
  );
  return operations.flatMap((write) => {
    if (write.kind !== "write" || write.outcome !== "admitted") return [];
    const grant = lastGrant(write.ended);
    const revocation = lastRevocation(write.begun);
    const holds = grant !== undefined && (revocation === undefined || grant.ended > revocation.begun);
    return holds ? [] : [{ write, revocation }];
  });
}

/** For an instant: of the items whose `at` is before it, the one with the greatest `rank`. */
function runningBest<T extends Interval>(
  items: readonly T[],
  at: (item: T) => number,
  rank: (item: T) => number,
): (instant: number) => T | undefined {
  const steps: { readonly at: number; readonly best: T }[] = [];
  for (const item of items.toSorted((a, b) => at(a) - at(b))) {
    const best = steps.at(-1)?.best;
    steps.push({ at: at(item), best: best === undefined || rank(item) > rank(best) ? item : best });
  }
  return (instant) => {
    let [low, high] = [0, steps.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((steps[middle]?.at ?? Infinity) < instant) low = middle + 1;
      else high = middle;
    }
    return steps[low - 1]?.best;
  };
}
