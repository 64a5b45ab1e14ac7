import type { DecisionStatement } from "./attestation.ts";
import { agentUserName, isSystemName } from "./agents.ts";
import type { Digest } from "./digest.ts";
import { specDigest } from "./digest.ts";
import type { OwnerDirectory } from "./owners.ts";
import { isStillMember } from "./people.ts";
import { parseTimestamp } from "./timestamp.ts";
import type { Trust } from "./trust.ts";
import type { ElevationApproval, ElevationApprovalDecision } from "./types.gen.ts";

/** A decision whose attestation was verified. */
export interface AttestedDecision {
  readonly verdict: "Approve" | "Reject";
  readonly by: string;
  /** Representative of all names of the person. */
  readonly person: string;
  readonly ownerName: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly policyDigest: string;
  /** The member entry that matched when deciding: `user:NAME` or `group:NAME`. */
  readonly member: string;
  readonly credentialId: string;
}

/** The statement of a decision on an approval, as its attestation signs it. */
export function decisionStatement(
  approval: ElevationApproval,
  decision: ElevationApprovalDecision,
  clusterId: string,
  digest: Digest = specDigest(approval),
): DecisionStatement {
  return {
    type: "writ.dev/decision/v1",
    clusterId,
    approvalUid: approval.metadata.uid ?? "",
    specDigest: digest,
    verdict: decision.verdict,
    by: decision.by,
    ownerName: decision.ownerName,
    at: decision.at ?? "",
    policyDigest: decision.policyDigest ?? "",
    reason: decision.reason ?? "",
  };
}

/** The approval's decisions that Writ attested, oldest first; everything else counts for nothing. */
export function attestedDecisions(
  approval: ElevationApproval,
  owners: OwnerDirectory,
  trust: Trust,
): readonly AttestedDecision[] {
  const decisions = approval.spec.decisions ?? [];
  if (decisions.length === 0) return [];
  const digest = trust.digests.spec(approval);
  const attested: AttestedDecision[] = [];
  for (const decision of decisions) {
    const at = parseTimestamp(decision.at);
    if (at === undefined || decision.attestation === undefined || isSystemName(decision.by)) continue;
    const payload = trust.verify(decisionStatement(approval, decision, trust.clusterId, digest), decision.attestation);
    if (!payload) continue;
    attested.push({
      verdict: decision.verdict,
      by: decision.by,
      person: owners.person(decision.by),
      ownerName: decision.ownerName,
      at,
      policyDigest: decision.policyDigest ?? "",
      member: payload.member,
      credentialId: payload.credentialId,
    });
  }
  return attested.sort((a, b) => a.at - b.at);
}

/**
 * Persons who may not approve: who requested, and on whose behalf the agent acts, under any of their names, the agent
 * itself, and every agent that an owner claims: listing one as a member makes it no person. Entries of `onBehalfOf`
 * without a `user:` prefix name no person.
 */
export function excludedPersons(approval: ElevationApproval, owners: OwnerDirectory): Pick<ReadonlySet<string>, "has"> {
  const behalf = (approval.spec.onBehalfOf ?? [])
    .filter((entry) => entry.startsWith("user:"))
    .map((entry) => entry.slice("user:".length));
  const names = [approval.spec.requestedBy ?? "", agentUserName(approval.spec.agent), ...behalf];
  const involved = new Set(names.map(owners.person));
  return { has: (person) => involved.has(person) || owners.isAgentPerson(person) };
}

/** Whether who decided is still a member of the owner in whose name they did. */
export function isStillEntitled(decision: AttestedDecision, owners: OwnerDirectory): boolean {
  const owner = owners.get(decision.ownerName);
  return owner !== undefined && isStillMember(owner, decision.by, decision.member);
}
