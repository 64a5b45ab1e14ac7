/**
 * The counter of one approval in one replica, as a state machine without I/O. A swap moves `status.uses` from what one
 * stored version shows to that plus the requests it takes; the API server does it only while that version is the
 * current one. Its success is two things in one: the uses are counted, and the version was current at that instant.
 *
 * Nothing is reserved ahead: a use exists only once its swap has succeeded. At most one swap is under way, and all that
 * wait meanwhile share the next.
 */

/** A request whose verdict was reached on one version of the approval, and now wants its use counted. */
export interface Waiter {
  readonly id: number;
  /** resourceVersion of the approval that the verdict was reached on. */
  readonly version: string;
  /** What that version's counter shows. */
  readonly uses: number;
  readonly maxUses: number;
  /** The verdict holds before this instant, as far as time alone goes; wall clock, milliseconds. */
  readonly validUntil: number;
  /** After this instant nobody waits for the answer; wall clock, milliseconds. */
  readonly deadline: number;
}

export interface Swap {
  /** Monotonic milliseconds. */
  readonly begunAt: number;
  readonly from: string;
  readonly base: number;
  readonly takers: readonly Waiter[];
}

export type SwapOutcome =
  | { readonly kind: "counted"; readonly version: string }
  /** Another version is the current one, or none is: nothing was counted. */
  | { readonly kind: "conflict" }
  /** Nobody can say, or the API server refuses: the uses may be counted, and are never given. */
  | { readonly kind: "failed"; readonly why: string };

export type UseOutcome =
  | { readonly kind: "counted"; readonly ordinal: number; readonly of: number; readonly resourceVersion: string }
  /** The version is not the present one: the verdict must be reached anew after so many milliseconds. */
  | { readonly kind: "again"; readonly afterMs: number }
  /** A decision on the approval goes first: the verdict must be reached anew after so many milliseconds. */
  | { readonly kind: "held"; readonly afterMs: number }
  | { readonly kind: "failed"; readonly why: string }
  /** Its time was over before its turn came. */
  | { readonly kind: "late" };

export interface Release {
  readonly id: number;
  readonly outcome: UseOutcome;
}

export interface CounterState {
  /** In the order in which they came. */
  readonly waiting: readonly Waiter[];
  readonly swap: Swap | undefined;
  /**
   * Versions that differ in nothing but uses that this replica counted, each made from the one before it. A verdict on
   * any of them holds on the last, as far as the uses that are left let it. Empty when none is known.
   */
  readonly lineage: readonly string[];
  /** What the last of the lineage shows. */
  readonly uses: number;
  /** No swap begins before; monotonic milliseconds. */
  readonly restUntil: number;
  /** Until then a swap begins only with so many waiting; monotonic milliseconds. */
  readonly gathering: { readonly size: number; readonly until: number };
  /** Conflicts since the last success. */
  readonly conflicts: number;
}

export const idleCounter: CounterState = {
  waiting: [],
  swap: undefined,
  lineage: [],
  uses: 0,
  restUntil: 0,
  gathering: { size: 0, until: 0 },
  conflicts: 0,
};

/** Both clocks at one instant, and chance. */
export interface Instant {
  readonly wall: number;
  readonly monotonic: number;
  /** In [0, 1). */
  readonly random: number;
}

/** Versions that are remembered: a request that rests on an older one is judged again. */
const maxLineage = 64;
/** What a swap, the record and the answer need before the deadline, at least. */
export const timeToAnswer = 250;
/** Milliseconds for which a swap waits for those who took part in the last one, at most. */
const longestGathering = 50;

export function join(state: CounterState, waiter: Waiter): CounterState {
  return { ...state, waiting: [...state.waiting, waiter] };
}

/** Takes a request that still waits out; one whose swap is under way stays, since its use may be counted. */
export function leave(state: CounterState, id: number): CounterState {
  return { ...state, waiting: state.waiting.filter((waiter) => waiter.id !== id) };
}

export interface Step {
  readonly state: CounterState;
  readonly releases: readonly Release[];
}

/**
 * Begins the next swap where one is due: for the version that was read last, with as many of those who wait on it as have
 * uses left; the rest of them stay until it is settled. Who waits on another version rests on an older one: judged again,
 * they meet what the swap leaves.
 */
export function begin(state: CounterState, { wall, monotonic }: Instant): Step {
  if (state.swap !== undefined || monotonic < mayBeginAt(state, wall)) return { state, releases: [] };
  const inTime = state.waiting.filter((waiter) => !isLate(waiter, wall));
  const newest = inTime.at(-1);
  const at = newest && standing(state, newest);
  const group = inTime.filter((waiter) => wall < waiter.validUntil && standing(state, waiter).version === at?.version);
  const takers = group.reduce<readonly Waiter[]>(
    (taken, waiter) => (at !== undefined && at.uses + taken.length < waiter.maxUses ? [...taken, waiter] : taken),
    [],
  );
  // Where no use is left on the version, the verdict reached anew says so.
  const staying = takers.length === 0 ? [] : group.filter((waiter) => !takers.includes(waiter));
  const leaving = inTime.filter((waiter) => !takers.includes(waiter) && !staying.includes(waiter));
  return {
    state: {
      ...state,
      waiting: staying,
      swap:
        at === undefined || takers.length === 0
          ? undefined
          : { begunAt: monotonic, from: at.version, base: at.uses, takers },
    },
    releases: [
      ...state.waiting
        .filter((waiter) => isLate(waiter, wall))
        .map(({ id }) => ({ id, outcome: { kind: "late" } as const })),
      ...leaving.map(({ id }) => ({ id, outcome: again(0) })),
    ],
  };
}

/**
 * No swap begins before, as things stand; monotonic milliseconds. Nobody is kept waiting for others beyond their own
 * time.
 */
export function mayBeginAt({ waiting, restUntil, gathering }: CounterState, wall: number): number {
  const isPressed = waiting.some(
    ({ deadline, validUntil }) => Math.min(deadline - timeToAnswer, validUntil) - wall <= longestGathering,
  );
  return isPressed || waiting.length >= gathering.size ? restUntil : Math.max(restUntil, gathering.until);
}

/** Sends all that wait back, so that a decision on the approval can be stored, and is seen once it is. */
export function standBack(state: CounterState, { wall }: Instant, afterMs: number): Step {
  return {
    state: { ...state, waiting: [] },
    releases: state.waiting.map((waiter) => ({
      id: waiter.id,
      outcome: isLate(waiter, wall) ? { kind: "late" } : { kind: "held", afterMs },
    })),
  };
}

function isLate({ deadline }: Waiter, wall: number): boolean {
  return deadline - wall < timeToAnswer;
}

/** The version and counter that a verdict stands on now: those of the lineage's end where it began in the lineage. */
function standing(state: CounterState, { version, uses }: Waiter): { readonly version: string; readonly uses: number } {
  const last = state.lineage.at(-1);
  return last !== undefined && state.lineage.includes(version)
    ? { version: last, uses: state.uses }
    : { version, uses };
}

/** Ends the swap under way. */
export function settle(state: CounterState, outcome: SwapOutcome, { monotonic, random }: Instant): Step {
  const { swap } = state;
  if (swap === undefined) return { state, releases: [] };
  const { from, base, takers } = swap;
  const ended: CounterState = { ...state, swap: undefined };
  switch (outcome.kind) {
    case "counted": {
      const before = state.lineage.at(-1) === from ? state.lineage : [from];
      return {
        state: {
          ...ended,
          lineage: [...before, outcome.version].slice(-maxLineage),
          uses: base + takers.length,
          restUntil: monotonic + restAfterSuccess(random),
          gathering: { size: takers.length, until: monotonic + gatherFor(swap, monotonic) },
          conflicts: 0,
        },
        releases: takers.map(({ id, maxUses }, index) => ({
          id,
          outcome: { kind: "counted", ordinal: base + index + 1, of: maxUses, resourceVersion: outcome.version },
        })),
      };
    }
    case "conflict": {
      const pause = pauseAfterConflict(state.conflicts, random);
      return {
        state: {
          ...forget(ended, from),
          restUntil: monotonic + pause,
          gathering: idleCounter.gathering,
          conflicts: state.conflicts + 1,
        },
        releases: takers.map(({ id }) => ({ id, outcome: again(pause) })),
      };
    }
    case "failed":
      return { state: forget(ended, from), releases: takers.map(({ id }) => ({ id, outcome })) };
  }
}

/** A version that a swap did not find, or may have moved on from, says nothing about the present one. */
function forget(state: CounterState, from: string): CounterState {
  return state.lineage.at(-1) === from ? { ...state, lineage: [], uses: 0 } : state;
}

/**
 * Who has won knows the next version at once, the others have to read it: without a rest they would lose for ever. Alone,
 * a client's next write takes about as long to arrive. Measured in the simulation of several replicas
 * (test/unit/admission/consume): longer ones cost more than the conflicts that they avoid.
 */
function restAfterSuccess(random: number): number {
  return 2 + 4 * random;
}

/**
 * Those who took part in a swap come back with their next writes some time later, and a swap costs the API server more
 * than a write does: so the next one waits for as many as the last one took, but no longer than a few swaps would last.
 */
function gatherFor({ begunAt }: Swap, monotonic: number): number {
  return Math.min(longestGathering, 4 * (monotonic - begunAt));
}

function pauseAfterConflict(conflicts: number, random: number): number {
  return Math.min(5, 2 ** conflicts) * (0.5 + random / 2);
}

function again(afterMs: number): UseOutcome {
  return { kind: "again", afterMs };
}
