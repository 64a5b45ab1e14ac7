import { approvalTerms } from "../../api/approval-terms.ts";
import { approversOf, rejectorsOf } from "../../api/approvers.ts";
import { capabilityProblem } from "../../api/capability-state.ts";
import type { CapabilityProblemCode } from "../../api/capability-state.ts";
import { excludedPersons } from "../../api/decisions.ts";
import { policyDigest } from "../../api/digest.ts";
import { lifecycle } from "../../api/lifecycle.ts";
import { formatTimestamp } from "../../api/timestamp.ts";
import type { AgentCapability, ElevationApproval, ElevationApprovalDecision } from "../../api/types.gen.ts";
import { usesOf } from "../../api/uses.ts";
import type { UserInfo } from "../../decision/admission-request.ts";
import type { DecisionSettings } from "../../decision/facts.ts";
import type { Snapshot } from "../../decision/snapshot.ts";
import { actingMember } from "./person.ts";
import type { ActingMember } from "./person.ts";
import { refuse } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

type Decision = Partial<ElevationApprovalDecision> & Pick<ElevationApprovalDecision, "verdict" | "ownerName">;

export interface SayToJudge {
  /** The approval as it was before the decision. */
  readonly approval: ElevationApproval;
  readonly decision: Decision;
  /** Who decides, by the name that was authenticated or signed. */
  readonly by: string;
  /** With the deciding owner and the capability as read after the request arrived. */
  readonly snapshot: Snapshot;
  readonly settings: DecisionSettings;
  readonly now: number;
}

export interface Say {
  readonly kind: "say";
  /** Empty for a rejection whose capability does not exist. */
  readonly policyDigest: string;
}

export interface DecisionToJudge extends Omit<SayToJudge, "by"> {
  readonly user: UserInfo;
}

export interface JudgedDecision extends Omit<ActingMember, "kind">, Omit<Say, "kind"> {
  readonly kind: "judged";
}

/** Whether a caller may decide so, to be attested. */
export function judgeDecision(input: DecisionToJudge): JudgedDecision | Refusal {
  const { approval, decision, user, snapshot, settings } = input;
  const owner = snapshot.owners.get(decision.ownerName);
  const member = actingMember(user, decision.ownerName, owner, settings.agents);
  if (member.kind === "refusal") return member;
  const say = judgeSay({ ...input, by: user.username });
  if (say.kind === "refusal") return say;
  if (decision.verdict === "Approve" && owner?.spec.decisions === "Signed") {
    return signatureRequired(approval, decision.ownerName);
  }
  return { ...member, kind: "judged", policyDigest: say.policyDigest };
}

/**
 * Whether a member of the owner may decide so. A rejection asks for nothing but that the owner has a say: no state of
 * the approval, digest or clock may refuse it. A decision that would be inert is refused, since it would stand in the
 * way of a real one.
 */
export function judgeSay(input: SayToJudge): Say | Refusal {
  const { approval, decision, snapshot, settings } = input;
  const capability = snapshot.capability(approval.spec.capabilityName);
  const digest = capability ? policyDigest(capability) : "";
  const say: Say = { kind: "say", policyDigest: digest };
  const namespace = settings.trust.clusterApprovalNamespace;
  if (decision.verdict === "Reject") {
    // Who has decided may always take it back: capability and claims may be gone now and come back later.
    const decided = (approval.spec.decisions ?? []).map(({ ownerName }) => ownerName);
    const names = new Set([...rejectorsOf(approval, capability, snapshot.owners, namespace), ...decided]);
    if (names.has(decision.ownerName)) return say;
    return notAnApprover(decision.ownerName, "reject", [...names]);
  }
  return judgeApproval(input, capability, digest) ?? say;
}

function signatureRequired({ metadata }: ElevationApproval, ownerName: string): Refusal {
  const { namespace = "", name } = metadata;
  return refuse(
    "SignatureRequired",
    `owner "${ownerName}" counts signed approvals alone`,
    `kubectl get elev ${name} -n ${namespace} -o yaml > FILE; kubectl writ sign -f FILE --owner ${ownerName} --key KEY; kubectl apply -f FILE`,
  );
}

/** Nobody approves under a policy that no member of its owner stands behind; under a suspended one they may. */
const undefinedCodes: ReadonlySet<CapabilityProblemCode> = new Set([
  "CapabilityNotDefined",
  "CapabilityChanged",
  "DefinitionNotAttested",
  "DefinitionNotSigned",
  "DefinitionNotVerified",
  "DefinitionExpired",
  "DefinerNotMember",
]);

function judgeApproval(
  { approval, decision, by, snapshot, settings, now }: SayToJudge,
  capability: AgentCapability | undefined,
  digest: string,
): Refusal | undefined {
  const { owners } = snapshot;
  const { trust } = settings;
  const result = approvalTerms(approval, capability, trust.clusterApprovalNamespace);
  if (result.kind === "problem") return refuse(result.code, result.message);
  if (!capability)
    return refuse("CapabilityNotFound", `AgentCapability "${approval.spec.capabilityName}" does not exist`);
  const problem = capabilityProblem(capability, owners, now, trust);
  if (problem && undefinedCodes.has(problem.code)) return refuse("CapabilityNotInForce", problem.message);
  if (excludedPersons(approval, owners).has(owners.person(by))) {
    return refuse("SelfApproval", `${by} requested this ElevationApproval, or it is done on their behalf`);
  }
  const { lines, problems } = approversOf(approval, capability, result.terms, owners, trust.clusterApprovalNamespace);
  if (!lines.some((line) => line.ownerName === decision.ownerName)) {
    const [problem] = problems;
    return problem
      ? refuse("NotAnApprover", `nobody can approve it now: ${problem.message}`)
      : notAnApprover(decision.ownerName, "approve", [...new Set(lines.map((line) => line.ownerName))]);
  }
  const life = lifecycle({ approval, capability, owners, now, uses: usesOf(approval), trust });
  if (["Denied", "Revoked", "Expired", "Exhausted"].includes(life.phase)) {
    return refuse("ApprovalOver", `it is ${life.phase}: ${life.message}`);
  }
  // By its own word it was signed in time, and would count toward a quorum that was not met in time.
  if (decision.signature !== undefined && now >= result.terms.pendingUntil) {
    return refuse("ApprovalOver", `its quorum had to be met before ${formatTimestamp(result.terms.pendingUntil)}`);
  }
  if (decision.policyDigest !== undefined && decision.policyDigest !== digest) {
    return refuse("DigestMismatch", `AgentCapability "${capability.metadata.name}" has the digest ${digest} now`);
  }
  return undefined;
}

function notAnApprover(ownerName: string, verb: string, names: readonly string[]): Refusal {
  const who = names.map((name) => `"${name}"`).join(", ");
  return refuse("NotAnApprover", `owner "${ownerName}" has no say in it; members of ${who} may ${verb} it`);
}
