import { agentUserName } from "./agents.ts";
import type { ApprovalTerms } from "./approval-terms.ts";
import { resourceClaim } from "./claims.ts";
import type { ClaimedObject } from "./claims.ts";
import type { OwnerDirectory } from "./owners.ts";
import type { QuorumLine } from "./quorum.ts";
import { reachOf, selectedRules } from "./targets.ts";
import type { AgentCapability, ElevationApproval, IdentityOwner } from "./types.gen.ts";

export interface ApproversProblem {
  readonly code: "NoIdentityOwner" | "ConflictingIdentityOwners" | "NoResourceOwner" | "ConflictingClaim";
  readonly message: string;
}

/** Who has to approve: the lines of the policy with owners' names filled in, or what keeps a line from being met. */
export interface Approvers {
  readonly lines: readonly QuorumLine[];
  readonly problems: readonly ApproversProblem[];
  /** Owners that stand for a ResourceOwner line; empty when no line asks for one. */
  readonly resourceOwnerNames: readonly string[];
}

/** Expands the policy's lines. A ResourceOwner line asks every owner of what the approval reaches. */
export function approversOf(
  approval: ElevationApproval,
  capability: AgentCapability,
  terms: ApprovalTerms,
  owners: OwnerDirectory,
  clusterApprovalNamespace: string,
): Approvers {
  const lines: QuorumLine[] = [];
  const problems: ApproversProblem[] = [];
  const resourceOwnerNames = new Set<string>();
  for (const { from, ownerName, count = 1 } of terms.policy.approvers) {
    switch (from) {
      case "PolicyOwner":
        lines.push({ from, ownerName: capability.spec.policyOwnerName, count });
        break;
      case "Owner":
        lines.push({ from, ownerName: ownerName ?? "", count });
        break;
      case "IdentityOwner": {
        const owner = identityOwner(agentUserName(approval.spec.agent), owners);
        if (owner.kind === "problem") problems.push(owner.problem);
        else lines.push({ from, ownerName: owner.owner.metadata.name, count });
        break;
      }
      case "ResourceOwner": {
        const names = new Set<string>();
        for (const object of reachOf(approval, terms.rules, clusterApprovalNamespace)) {
          const claim = resourceClaim(object, owners);
          if (claim.kind === "owned") names.add(claim.owner.metadata.name);
          else problems.push(claimProblem(object, claim.kind === "conflict" ? claim.owners : []));
        }
        for (const name of names) {
          lines.push({ from, ownerName: name, count });
          resourceOwnerNames.add(name);
        }
        break;
      }
    }
  }
  return { lines, problems, resourceOwnerNames: [...resourceOwnerNames] };
}

/**
 * Owners any member of which may reject, as far as they can be known: policy owner, identity owners, every claimant of
 * what the approval reaches, and the owners that a line names. Works without a capability, since nothing may stand in
 * the way of a rejection.
 */
export function rejectorsOf(
  approval: ElevationApproval,
  capability: AgentCapability | undefined,
  owners: OwnerDirectory,
  clusterApprovalNamespace: string,
): ReadonlySet<string> {
  const names = new Set(owners.ofIdentity(agentUserName(approval.spec.agent)).map((owner) => owner.metadata.name));
  const rules = selectedRules(approval, capability?.spec.rules ?? []);
  for (const object of reachOf(approval, rules, clusterApprovalNamespace)) {
    const claim = resourceClaim(object, owners);
    if (claim.kind === "owned") names.add(claim.owner.metadata.name);
    if (claim.kind === "conflict") for (const owner of claim.owners) names.add(owner.metadata.name);
  }
  if (capability) {
    names.add(capability.spec.policyOwnerName);
    for (const entry of capability.spec.approval) {
      for (const line of entry.approvers) if (line.ownerName !== undefined) names.add(line.ownerName);
    }
  }
  return names;
}

export type IdentityOwnerResult =
  | { readonly kind: "owner"; readonly owner: IdentityOwner }
  | { readonly kind: "problem"; readonly problem: ApproversProblem };

/** The one owner that is accountable for an agent. None, or two, is a problem that no approval cures. */
export function identityOwner(agent: string, owners: OwnerDirectory): IdentityOwnerResult {
  const found = owners.ofIdentity(agent);
  const [owner] = found;
  if (!owner) {
    const message = `no IdentityOwner names agent ${agent} in spec.identities; who may claim an owner adds it to one`;
    return { kind: "problem", problem: { code: "NoIdentityOwner", message } };
  }
  if (found.length > 1) {
    const names = found.map((entry) => `"${entry.metadata.name}"`).join(" and ");
    const message = `agent ${agent} is claimed by the IdentityOwners ${names}; exactly one may be accountable for it`;
    return { kind: "problem", problem: { code: "ConflictingIdentityOwners", message } };
  }
  return { kind: "owner", owner };
}

/** The problem of an object without exactly one owner; `claimants` empty means that nobody claims it. */
export function claimProblem(object: ClaimedObject, claimants: readonly IdentityOwner[]): ApproversProblem {
  const place = object.namespace === undefined ? "cluster-wide" : `in namespace ${object.namespace}`;
  const group = object.group === "" ? "" : `.${object.group}`;
  const what = `${object.resource}${group}${object.name === undefined ? "" : ` "${object.name}"`} ${place}`;
  if (claimants.length === 0) {
    return {
      code: "NoResourceOwner",
      message: `no IdentityOwner claims ${what} in spec.resources, so nobody can approve for its owner`,
    };
  }
  const names = claimants.map((owner) => `"${owner.metadata.name}"`).join(" and ");
  return {
    code: "ConflictingClaim",
    message: `${what} is claimed equally precisely by the IdentityOwners ${names}; one of them gives up its claim`,
  };
}
