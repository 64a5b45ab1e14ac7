import type { DecisionStatement } from "./attestation.ts";
import { agentUserName, isSystemName } from "./agents.ts";
import type { Digest } from "./digest.ts";
import { specDigest } from "./digest.ts";
import type { OwnerDirectory } from "./owners.ts";
import { maxDecisionLife, signatureWindow } from "./signature-window.ts";
import { parseTimestamp } from "./timestamp.ts";
import type { Trust } from "./trust.ts";
import type { ElevationApproval, ElevationApprovalDecision } from "./types.gen.ts";

interface Decided {
  readonly verdict: "Approve" | "Reject";
  readonly by: string;
  /** Representative of all names of the person. */
  readonly person: string;
  readonly ownerName: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly policyDigest: string;
}

/** A decision whose attestation was verified. */
export interface AttestedDecision extends Decided {
  readonly kind: "attested";
  /** The member entry that matched when deciding: `user:NAME` or `group:NAME`. */
  readonly member: string;
  readonly credentialId: string;
}

/**
 * A decision that carries a signature, as the guard admitted it: with a key of its owner as that was then. Whether it
 * verifies with the owner as it is now is another question, asked of those that shall count for something.
 */
export interface SignedDecision extends Decided {
  readonly kind: "signed";
  /** From this instant on an approval counts no longer; milliseconds since the epoch. */
  readonly notAfter: number;
  readonly entry: ElevationApprovalDecision;
}

export type StandingDecision = AttestedDecision | SignedDecision;

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

/**
 * The approval's decisions that stand, in the order of the list: those that Writ attested, and those that carry a
 * signature. Everything else counts for nothing.
 *
 * Signed ones stand whether or not they verify now. What has ended must stay ended when a key is removed, and a
 * rejection is taken back by nobody; approvals are verified before they count.
 */
export function standingDecisions(
  approval: ElevationApproval,
  owners: OwnerDirectory,
  trust: Trust,
): readonly StandingDecision[] {
  const decisions = approval.spec.decisions ?? [];
  if (decisions.length === 0) return [];
  const digest = trust.digests.spec(approval);
  return decisions.flatMap((decision): StandingDecision | readonly [] => {
    const standing = decision.signature === undefined ? attested(decision) : signed(approval, decision);
    return standing ? { ...standing, person: owners.person(decision.by) } : [];
  });

  function attested(decision: ElevationApprovalDecision): Omit<AttestedDecision, "person"> | undefined {
    const at = parseTimestamp(decision.at);
    if (at === undefined || decision.attestation === undefined || isSystemName(decision.by)) return undefined;
    const payload = trust.verify(decisionStatement(approval, decision, trust.clusterId, digest), decision.attestation);
    if (!payload) return undefined;
    const { member, credentialId } = payload;
    return { kind: "attested", ...said(decision, at), member, credentialId };
  }
}

/**
 * `at` is the signer's word: what was signed before the approval was created counts from its creation. A rejection
 * stands with whatever times it has.
 */
function signed(
  approval: ElevationApproval,
  decision: ElevationApprovalDecision,
): Omit<SignedDecision, "person"> | undefined {
  const createdAt = parseTimestamp(approval.metadata.creationTimestamp) ?? 0;
  const window = signatureWindow(decision, maxDecisionLife);
  if (decision.verdict === "Reject") {
    const at = Math.max(parseTimestamp(decision.at) ?? createdAt, createdAt);
    return { kind: "signed", ...said(decision, at), notAfter: window?.notAfter ?? at, entry: decision };
  }
  if (!window || decision.attestation !== undefined || isSystemName(decision.by)) return undefined;
  const at = Math.max(window.at, createdAt);
  return { kind: "signed", ...said(decision, at), notAfter: window.notAfter, entry: decision };
}

function said(
  { verdict, by, ownerName, policyDigest = "" }: ElevationApprovalDecision,
  at: number,
): Omit<Decided, "person"> {
  return { verdict, by, ownerName, at, policyDigest };
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
