import type { ElevationApproval } from "../../api/types.gen.ts";
import { usesOf } from "../../api/uses.ts";
import type { KubeClock } from "../../kube/clock.ts";
import type { CounterPlace, SwapUses } from "./swap-uses.ts";
import { begin, idleCounter, join, leave, mayBeginAt, settle, standBack, timeToAnswer } from "./use-counter.ts";
import type { CounterState, Instant, Step, Swap, UseOutcome } from "./use-counter.ts";
import { useFloor } from "./use-floor.ts";

/** A request that is allowed by an approval with a limit, and wants its use counted. */
export interface UseRequest {
  /** The version on which the verdict was reached. */
  readonly approval: ElevationApproval;
  readonly maxUses: number;
  /** The verdict holds before this instant, as far as time alone goes; wall clock, milliseconds. */
  readonly validUntil: number;
  /** Wall clock, milliseconds. */
  readonly deadline: number;
  /** Where this version was read by name for this request: a moment before the read began; monotonic milliseconds. */
  readonly readSince?: number | undefined;
  /** When a change of the approval was announced that is not stored yet, as far as the verdict knows; wall clock. */
  readonly changeAnnouncedAt?: number | undefined;
}

export type ConsumeOutcome =
  | UseOutcome
  /** The counter shows fewer uses than it showed before it was read. */
  | { readonly kind: "tampered"; readonly uses: number; readonly seen: number };

export type ConsumeUse = (request: UseRequest) => Promise<ConsumeOutcome>;

export interface ConsumeOptions {
  readonly swap: SwapUses;
  /** Wall clock, milliseconds. */
  readonly clock: () => number;
  readonly timers: KubeClock;
  /** In [0, 1). */
  readonly random: () => number;
  /**
   * Whether a decision on the approval is on its way to be stored. Swaps stand back for it: each moves the version under
   * the decision's own compare-and-swap, and a revoker must not lose to busy writers again and again.
   */
  readonly hasIntent: (approval: ElevationApproval) => boolean;
  /** How many approvals are remembered. */
  readonly limit?: number;
}

/** How long swaps stand back for decisions at most, and after how long each verdict is reached anew; milliseconds. */
const longestHold = 2000;
const holdInterval = 50;
const swapTimeout = 2000;

interface Counter {
  readonly place: CounterPlace;
  state: CounterState;
  /** As it was last asked about. */
  approval: ElevationApproval;
  readonly waiting: Map<number, (outcome: UseOutcome) => void>;
  /** Of the verdict that was reached last. */
  changeAnnouncedAt: number | undefined;
  cancelTimer: (() => void) | undefined;
  heldSince: number | undefined;
}

/** Counts uses in `status.uses`, one swap at a time for each approval; the rules are those of `use-counter.ts`. */
export function createConsumeUse(options: ConsumeOptions): ConsumeUse {
  const { swap, clock, timers, random, hasIntent, limit = 20_000 } = options;
  const counters = new Map<string, Counter>();
  const floor = useFloor(limit);
  let nextId = 0;
  const instant = (): Instant => ({ wall: clock(), monotonic: timers.now(), random: random() });

  function counterOf(approval: ElevationApproval): Counter {
    const { uid = "", namespace = "", name } = approval.metadata;
    const counter = counters.get(uid) ?? {
      place: { uid, namespace, name },
      state: idleCounter,
      approval,
      waiting: new Map<number, (outcome: UseOutcome) => void>(),
      changeAnnouncedAt: undefined,
      cancelTimer: undefined,
      heldSince: undefined,
    };
    counters.delete(uid);
    counters.set(uid, counter);
    for (const [oldest, { waiting }] of counters) {
      if (counters.size <= limit) break;
      if (waiting.size === 0 && oldest !== uid) counters.delete(oldest);
    }
    counter.approval = approval;
    return counter;
  }

  function apply(counter: Counter, { state, releases }: Step): void {
    counter.state = state;
    for (const { id, outcome } of releases) {
      counter.waiting.get(id)?.(outcome);
      counter.waiting.delete(id);
    }
  }

  function pumpAfter(counter: Counter, ms: number): void {
    counter.cancelTimer = timers.schedule(ms, () => pump(counter));
  }

  function pump(counter: Counter): void {
    counter.cancelTimer?.();
    counter.cancelTimer = undefined;
    const { state } = counter;
    if (state.swap !== undefined || state.waiting.length === 0) return;
    const now = timers.now();
    const beginsAt = mayBeginAt(state, clock());
    if (now < beginsAt) return pumpAfter(counter, beginsAt - now);
    if (isHeld(counter, now)) return apply(counter, standBack(state, instant(), holdInterval));
    apply(counter, begin(state, instant()));
    const begun = counter.state.swap;
    if (begun !== undefined) void carryOut(counter, begun);
  }

  async function carryOut(counter: Counter, begun: Swap): Promise<void> {
    const { place } = counter;
    const outcome = await swap(place, begun, swapTimeout);
    apply(counter, settle(counter.state, outcome, instant()));
    if (outcome.kind === "counted") floor.raise(place.uid, begun.base + begun.takers.length, timers.now());
    pump(counter);
  }

  function isHeld(counter: Counter, now: number): boolean {
    const { changeAnnouncedAt, approval } = counter;
    const isAnnounced = changeAnnouncedAt !== undefined && clock() - changeAnnouncedAt < longestHold;
    if (!isAnnounced && !hasIntent(approval)) {
      counter.heldSince = undefined;
      return false;
    }
    counter.heldSince ??= now;
    return now - counter.heldSince < longestHold;
  }

  return (request) => {
    const { approval, readSince, deadline, maxUses, validUntil } = request;
    const { uid = "", resourceVersion: version = "" } = approval.metadata;
    const uses = usesOf(approval);
    const counter = counterOf(approval);
    counter.changeAnnouncedAt = request.changeAnnouncedAt;
    const seen = floor.get(uid);
    // Its own earlier versions show fewer rightly (the verdict moves on to the last of them), and so do old ones of a
    // cache: only what was read since says that the counter fell.
    if (seen !== undefined && uses < seen.uses && !counter.state.lineage.includes(version)) {
      const isTampered = readSince !== undefined && seen.at < readSince;
      return Promise.resolve(isTampered ? { kind: "tampered", uses, seen: seen.uses } : { kind: "again", afterMs: 0 });
    }
    floor.raise(uid, uses, timers.now());
    return new Promise((resolve) => {
      const id = (nextId += 1);
      const cancel = timers.schedule(Math.max(0, deadline - timeToAnswer - clock()), () => {
        counter.state = leave(counter.state, id);
        // One whose swap is under way waits for it: its use may be counted.
        if (counter.state.swap?.takers.some((taker) => taker.id === id) === true) return;
        counter.waiting.delete(id);
        resolve({ kind: "late" });
      });
      counter.waiting.set(id, (outcome) => {
        cancel();
        resolve(outcome);
      });
      counter.state = join(counter.state, { id, version, uses, maxUses, validUntil, deadline });
      pump(counter);
    });
  };
}
