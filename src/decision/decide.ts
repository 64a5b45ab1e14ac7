import { effectResource } from "../api/effect.ts";
import { isProtected } from "../api/protected-set.ts";
import { checkAgent } from "./checks/agent.ts";
import { checkApproval } from "./checks/approval.ts";
import { checkCapability } from "./checks/capability.ts";
import { checkConnect } from "./checks/connect.ts";
import { checkFrozen } from "./checks/frozen.ts";
import { checkIdentityOwner } from "./checks/identity-owner.ts";
import { checkNeverGrantable, isNeverGrantable } from "./checks/never-grantable.ts";
import { gather } from "./facts.ts";
import type { DecisionInput, Facts } from "./facts.ts";
import { isOwnRequest } from "./own-request.ts";
import type { Denial, Verdict } from "./verdict.ts";

/** The chain, in the order in which reasons are told: what nothing can cure first, what people can cure last. */
const chain: readonly ((facts: Facts) => Denial | undefined)[] = [
  checkConnect,
  checkNeverGrantable,
  checkFrozen,
  checkIdentityOwner,
  checkCapability,
];

/**
 * Judges one write of an agent on one snapshot. Pure: no I/O, no clock. An allow names the objects that it rests on,
 * and counts only once these have been read from the API server after the request arrived.
 */
export function decide(input: DecisionInput): Verdict {
  return decideOn(gather(input));
}

/** The same on facts that were gathered before. */
export function decideOn(facts: Facts): Verdict {
  const stranger = checkAgent(facts);
  if (stranger) return stranger;
  if (isOwnRequest(facts.request)) return judgeOwnRequest(facts);
  for (const check of chain) {
    const denial = check(facts);
    if (denial) return sealed(denial, facts);
  }
  const result = checkApproval(facts);
  return result.kind === "covered" ? { kind: "allow", code: "Approved", basis: result.basis } : sealed(result, facts);
}

function sealed(denial: Denial, facts: Facts): Denial {
  return { ...sealProtected(denial, facts), evaluated: facts.evidence.facts() };
}

/** Filing a request changes nothing, yet a frozen agent and one whose owner is suspended do nothing at all. */
function judgeOwnRequest(facts: Facts): Verdict {
  const { snapshot, settings, agent } = facts;
  const denial = checkFrozen(facts) ?? checkIdentityOwner(facts);
  if (denial) return sealProtected(denial, facts);
  const rootOwner = snapshot.owners.get(settings.rootOwnerName);
  const [identityOwner] = snapshot.owners.ofIdentity(agent);
  if (!rootOwner || !identityOwner) throw new Error("an owner that was found live is gone from the same snapshot");
  return { kind: "allow", code: "OwnRequest", basis: { rootOwner, identityOwner } };
}

/** Marks a denial of a protected write: shadow mode never covers the protected set. */
export function sealProtected(denial: Denial, { effects, settings }: Pick<Facts, "effects" | "settings">): Denial {
  const sealed = effects.some(
    (effect) =>
      ["use", "mint", "grant"].includes(effect.verb) ||
      isProtected(effect.group, effectResource(effect), settings.protectedResources) ||
      isNeverGrantable(effect, settings),
  );
  return sealed ? { ...denial, absolute: true } : denial;
}
