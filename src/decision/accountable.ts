import { resourceClaim } from "../api/claims.ts";
import { claimedObject } from "../api/targets.ts";
import type { Facts } from "./facts.ts";
import type { Verdict } from "./verdict.ts";

/** Names of the owners that answer for a write, as far as they are known; recorded with every decision. */
export interface Accountable {
  /** Who answers for the agent. */
  readonly identityOwner: string | undefined;
  /** Who defined the policy that covers the write, or comes nearest. */
  readonly policyOwner: string | undefined;
  /** In whose names it was approved; for a denial, who owns the target. */
  readonly approvingOwners: readonly string[];
}

export function accountableFor(verdict: Verdict, facts: Facts): Accountable {
  if (verdict.kind === "allow" && verdict.code === "Approved") {
    const { identityOwner, policyOwner, lifecycle } = verdict.basis;
    return {
      identityOwner: identityOwner.metadata.name,
      policyOwner: policyOwner.metadata.name,
      approvingOwners: [...new Set(lifecycle.approvals.map((decision) => decision.ownerName))],
    };
  }
  const { owners } = facts.snapshot;
  const identity = owners.ofIdentity(facts.agent);
  const covering = facts.rules.find(({ misses }) => misses[0] === undefined)?.capability;
  const nearest =
    verdict.kind === "deny" && verdict.nearest?.kind === "AgentCapability" ? verdict.nearest.name : undefined;
  const capability = covering ?? facts.capabilities.find(({ metadata }) => metadata.name === nearest);
  const targetOwners = facts.effects.flatMap((effect) => {
    const claim = resourceClaim(claimedObject(effect), owners);
    return claim.kind === "owned" ? [claim.owner.metadata.name] : [];
  });
  return {
    identityOwner: identity.length === 1 ? identity[0]?.metadata.name : undefined,
    policyOwner: capability?.spec.policyOwnerName,
    approvingOwners: [...new Set(targetOwners)],
  };
}
