import { lifecycle } from "./lifecycle.ts";
import type { Lifecycle, LifecycleInput } from "./lifecycle.ts";
import type { ElevationApproval } from "./types.gen.ts";

/** As `lifecycle`. */
export type JudgeLifecycle = (input: LifecycleInput) => Lifecycle;

/**
 * The same function with a memory: the life of an approval that was found Live holds until `nextChangeAt`, as long as
 * approval, capability, owners and trust are the very same objects. Sound only for objects that nobody changes, as those
 * of caches and of live reads; forgotten with the approval.
 *
 * Nothing but Live is remembered: no other phase is asked for by writes that succeed, one after another.
 */
export function rememberingLifecycle(judge: JudgeLifecycle = lifecycle): JudgeLifecycle {
  const known = new WeakMap<ElevationApproval, { readonly input: LifecycleInput; readonly life: Lifecycle }>();
  return (input) => {
    const last = known.get(input.approval);
    if (last !== undefined && isSameBasis(last.input, input) && isWithin(last, input.now)) return last.life;
    const life = judge(input);
    if (life.phase === "Live") known.set(input.approval, { input, life });
    return life;
  };
}

function isSameBasis(a: LifecycleInput, b: LifecycleInput): boolean {
  return a.capability === b.capability && a.owners === b.owners && a.trust === b.trust && a.uses === b.uses;
}

/** A clock that was set back proves nothing about the time before it was asked. */
function isWithin({ input, life }: { readonly input: LifecycleInput; readonly life: Lifecycle }, now: number): boolean {
  return now >= input.now && life.nextChangeAt !== undefined && now < life.nextChangeAt;
}
