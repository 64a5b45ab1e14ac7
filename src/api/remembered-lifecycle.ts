import { lifecycle } from "./lifecycle.ts";
import type { Lifecycle, LifecycleInput } from "./lifecycle.ts";
import type { OwnerDirectory } from "./owners.ts";
import type { ElevationApproval } from "./types.gen.ts";

/** As `lifecycle`. */
export type JudgeLifecycle = (input: LifecycleInput) => Lifecycle;

/**
 * The same function with a memory: the life of an approval that was found Live holds until `nextChangeAt`, as long as
 * approval, capability, owners and trust are the very same objects, and the uses as many. Sound only for objects that
 * nobody changes, as those of caches and of live reads; forgotten with the approval or the owners.
 *
 * Nothing but Live is remembered: no other phase is asked for by writes that succeed, one after another.
 */
export function rememberingLifecycle(judge: JudgeLifecycle = lifecycle): JudgeLifecycle {
  // By owners first: approvals that nobody asks about any more must not keep every earlier directory alive.
  const known = new WeakMap<OwnerDirectory, WeakMap<ElevationApproval, Judged>>();
  return (input) => {
    const { owners, approval, now } = input;
    const last = known.get(owners)?.get(approval);
    if (last !== undefined && isSameBasis(last.input, input) && isWithin(last, now)) return last.life;
    const life = judge(input);
    if (life.phase !== "Live") return life;
    const lives = known.get(owners) ?? new WeakMap<ElevationApproval, Judged>();
    known.set(owners, lives);
    lives.set(approval, { input, life });
    return life;
  };
}

interface Judged {
  readonly input: LifecycleInput;
  readonly life: Lifecycle;
}

function isSameBasis(a: LifecycleInput, b: LifecycleInput): boolean {
  return a.capability === b.capability && a.trust === b.trust && a.uses === b.uses;
}

/** A clock that was set back proves nothing about the time before it was asked. */
function isWithin({ input, life }: Judged, now: number): boolean {
  return now >= input.now && life.nextChangeAt !== undefined && now < life.nextChangeAt;
}
