import { agentUserName, isAgent } from "../../api/agents.ts";
import { approvalTerms } from "../../api/approval-terms.ts";
import { decisionStatement } from "../../api/decisions.ts";
import { membershipText } from "../../api/people.ts";
import { parseTimestamp } from "../../api/timestamp.ts";
import type { ElevationApproval, ElevationApprovalDecision } from "../../api/types.gen.ts";
import { userInfoDigest } from "../../api/attestation.ts";
import { saltProblem } from "../../decision/change/change-salt.ts";
import type { DecisionSettings } from "../../decision/facts.ts";
import type { Snapshot } from "../../decision/snapshot.ts";
import type { Change } from "./change.ts";
import { judgeDecision } from "./judge-decision.ts";
import { refuse } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

type ApprovalChange = Change<ElevationApproval>;

/** Open requests of one agent in one namespace: each costs every later write there a look. */
const maxOpenRequests = 50;

function isOpen({ spec, status }: ElevationApproval): boolean {
  return !spec.decisions?.length && (status?.phase === undefined || status.phase === "Pending");
}

/** How far a stamp's time may lie from the guard's: both run within one request. */
const maxStampAge = 60_000;

/** Refusals of a new approval. */
export function checkNewApproval(
  { object, user }: ApprovalChange,
  snapshot: Snapshot,
  settings: DecisionSettings,
): Refusal | undefined {
  const { spec, metadata } = object;
  const agent = agentUserName(spec.agent);
  if (!areSigned(spec.decisions ?? [])) return decisionsAtCreation();
  if (isAgent(user, settings.agents) && (spec.decisions?.length ?? 0) > 0) return decisionsAtCreation();
  if (spec.requestedBy !== user.username) {
    return refuse(
      "NotStamped",
      `spec.requestedBy says "${spec.requestedBy}" instead of who asks`,
      undefined,
      "spec.requestedBy",
    );
  }
  const isOwn = agent === user.username && (spec.agent.uid === undefined || spec.agent.uid === user.uid);
  if (isAgent(user, settings.agents) && !isOwn) {
    return refuse("AgentsMayOnlyRequest", `agent ${user.username} may request for itself only, not for ${agent}`);
  }
  if (isAgent(user, settings.agents)) {
    const open = snapshot.approvalsOf(agent, metadata.namespace ?? "").filter(isOpen).length;
    if (open >= maxOpenRequests) {
      return refuse(
        "TooManyRequests",
        `agent ${agent} has ${open} open requests in ${metadata.namespace ?? ""} already`,
      );
    }
  }
  const salt = spec.change && saltProblem(spec.change.salt);
  if (salt !== undefined) return refuse("SaltTooWeak", salt, undefined, "spec.change.salt");
  const capability = snapshot.capability(spec.capabilityName);
  const bind = capability?.spec.credential?.bind;
  const unnamed =
    (bind === "Token" && spec.credential?.tokenId === undefined) ||
    (bind === "Pod" && spec.credential?.podUid === undefined);
  if (unnamed) {
    return refuse(
      "CredentialNotNamed",
      `AgentCapability "${spec.capabilityName}" binds approvals to one ${bind}`,
      undefined,
      "spec.credential",
    );
  }
  const result = approvalTerms(object, capability, settings.trust.clusterApprovalNamespace);
  return result.kind === "problem" ? refuse(result.code, result.message) : undefined;
}

/** Whether decisions may come with a new approval: those that people have signed before. */
export function areSigned(decisions: readonly ElevationApprovalDecision[]): boolean {
  return decisions.every(({ signature, attestation }) => signature !== undefined && attestation === undefined);
}

export function decisionsAtCreation(): Refusal {
  const message = "an ElevationApproval is created without decisions, signed ones aside, and by an agent without any";
  return refuse("DecisionsAtCreation", message, undefined, "spec.decisions");
}

/** The decisions of an approval that were not there before. Entries are keyed by (by, ownerName, verdict). */
export function newDecisions({ object, old }: ApprovalChange): readonly ElevationApprovalDecision[] {
  const known = new Set((old?.spec.decisions ?? []).map(decisionKey));
  return (object.spec.decisions ?? []).filter((decision) => !known.has(decisionKey(decision)));
}

export function decisionKey({ by, ownerName, verdict }: Partial<ElevationApprovalDecision>): string {
  return JSON.stringify([by, ownerName, verdict]);
}

/** Whether a new decision is the caller's own, genuinely attested and one that they may make. */
export function checkNewDecision(
  { object, old, user }: ApprovalChange,
  decision: ElevationApprovalDecision,
  snapshot: Snapshot,
  settings: DecisionSettings,
  now: number,
): Refusal | undefined {
  if (decision.by !== user.username) {
    return refuse("ForgedDecision", `a decision names "${decision.by}", but it is ${user.username} who asks`);
  }
  const judged = judgeDecision({ approval: old ?? object, decision, user, snapshot, settings, now });
  if (judged.kind === "refusal") return judged;
  const statement = decisionStatement(object, decision, settings.trust.clusterId);
  const payload =
    decision.attestation === undefined ? undefined : settings.trust.verify(statement, decision.attestation);
  const at = parseTimestamp(decision.at);
  const genuine =
    payload !== undefined &&
    payload.member === membershipText(judged.membership) &&
    payload.credentialId === judged.credentialId &&
    payload.userInfoDigest === userInfoDigest(user) &&
    at !== undefined &&
    // No clock stands in the way of a rejection.
    (decision.verdict === "Reject" || Math.abs(at - now) <= maxStampAge);
  return genuine
    ? undefined
    : refuse("ForgedDecision", `the decision of ${decision.by} carries no attestation of this request`);
}
