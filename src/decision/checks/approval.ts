import type { LifecycleReason, Phase } from "../../api/lifecycle.ts";
import { claimProblem } from "../../api/approvers.ts";
import { resourceClaim } from "../../api/claims.ts";
import type { Risk } from "../../api/rules.ts";
import { claimedObject, targetsInclude } from "../../api/targets.ts";
import type { AgentCapabilityRule, ElevationApproval, IdentityOwner } from "../../api/types.gen.ts";
import { credentialProblem, lifetimeProblem } from "../credential.ts";
import { changeProblem } from "../change/exact-change.ts";
import { coversAll, coversSome, riskOf, usesAgainst } from "../facts.ts";
import type { Facts, RuleResult } from "../facts.ts";
import type { ReasonCode } from "../reason.ts";
import type { Basis, Denial } from "../verdict.ts";
import { denyForMiss, denyWithoutApproval } from "./approval-denial.ts";
import type { ApprovalMiss } from "./approval-miss.ts";

export type ApprovalResult = { readonly kind: "covered"; readonly basis: Basis } | Denial;

/** One live approval covers every effect. The first that does is taken; else the nearest miss is told. */
export function checkApproval(facts: Facts): ApprovalResult {
  const { snapshot, settings, agent, effects } = facts;
  const risk = riskOf(facts);
  const namespace = effects[0].namespace ?? settings.clusterApprovalNamespace;
  const misses: ApprovalMiss[] = [];
  let undecided = 0;
  for (const approval of snapshot.approvalsOf(agent, namespace, effects[0])) {
    const rules = facts.rules.filter((result) => isAskedFor(result, approval));
    if (!coversAll(facts, rules) || !effects.every((effect) => targetsInclude(approval, effect))) continue;
    const covering = rules.filter(coversSome).map(({ rule }) => rule);
    // Without a decision none is live: a few are enough to tell the nearest, however many an agent files.
    if (!approval.spec.decisions?.length && ++undecided > maxUndecided) continue;
    const result = judge(facts, approval, covering, risk);
    if (result.kind === "covered") return result;
    misses.push(result.miss);
  }
  if (misses.length > 0) return denyForMiss(facts, nearestFirst(misses));
  const [elsewhere] = snapshot.approvalsOf(agent, namespace);
  return denyWithoutApproval(facts, namespace, elsewhere);
}

const maxUndecided = 8;

function isAskedFor({ capability, rule }: RuleResult, { spec }: ElevationApproval): boolean {
  return capability.metadata.name === spec.capabilityName && (!spec.rules?.length || spec.rules.includes(rule.name));
}

type Judgement =
  { readonly kind: "covered"; readonly basis: Basis } | { readonly kind: "miss"; readonly miss: ApprovalMiss };

function judge(
  facts: Facts,
  approval: ElevationApproval,
  rules: readonly AgentCapabilityRule[],
  risk: Risk,
): Judgement {
  const { snapshot, settings, now, request } = facts;
  const { owners } = snapshot;
  const capability = snapshot.capability(approval.spec.capabilityName);
  const uses = usesAgainst(facts, approval);
  const life = settings.lifecycle({ approval, capability, owners, now, uses, trust: settings.trust });
  const miss = (code: ReasonCode, message: string): Judgement => ({
    kind: "miss",
    miss: { approval, lifecycle: life, code, message },
  });

  if (life.phase !== "Live") return miss(codeOf(life.phase, life.reason), life.message);
  const uid = approval.spec.agent.uid;
  if (uid !== undefined && uid !== request.requester.uid) {
    const is = request.requester.uid ?? "absent, as in impersonated requests";
    return miss("AgentUidMismatch", `it is bound to the agent's uid ${uid}, and the uid of this request is ${is}`);
  }
  const policy = capability?.spec.credential;
  const credential =
    credentialProblem(request.requester, policy, approval.spec.credential) ?? lifetimeProblem(request, policy);
  if (credential) return miss(credential.code, credential.message);
  const change = changeProblem(approval, request);
  if (change !== undefined) return miss("ChangeMismatch", change);
  if (risk === "High" && life.terms?.risk !== "High") {
    return miss("RiskNotApproved", "a High rule matches this write, and it was approved as Low risk");
  }
  const targetOwners: IdentityOwner[] = [];
  if (life.resourceOwnerNames.length > 0) {
    for (const effect of facts.effects) {
      const object = claimedObject(effect);
      const claim = resourceClaim(object, owners);
      if (claim.kind !== "owned") {
        const problem = claimProblem(object, claim.kind === "conflict" ? claim.owners : []);
        return miss(problem.code === "ConflictingClaim" ? problem.code : "NoResourceOwner", problem.message);
      }
      const name = claim.owner.metadata.name;
      if (!life.resourceOwnerNames.includes(name)) {
        return miss("ResourceOwnerNotAsked", `the object belongs to "${name}", whose people it did not ask`);
      }
      targetOwners.push(claim.owner);
    }
  }
  const rootOwner = owners.get(settings.rootOwnerName);
  const identityOwner = life.identityOwnerName === undefined ? undefined : owners.get(life.identityOwnerName);
  const policyOwner = capability && owners.get(capability.spec.policyOwnerName);
  const approvingOwners = life.approvals.map((decision) => owners.get(decision.ownerName));
  if (!capability || !rootOwner || !identityOwner || !policyOwner || approvingOwners.includes(undefined)) {
    return miss("ApprovalInvalid", "an owner that it rests on does not exist");
  }
  return {
    kind: "covered",
    basis: {
      approval,
      lifecycle: life,
      capability,
      rules,
      risk,
      evaluated: facts.evidence.facts(),
      rootOwner,
      identityOwner,
      policyOwner,
      approvingOwners: [...new Set([...approvingOwners.filter((owner) => owner !== undefined), ...targetOwners])],
    },
  };
}

/** The phase, unless a reason says more: rival claims are told as such wherever they are found. */
function codeOf(phase: Exclude<Phase, "Live">, reason: LifecycleReason): ReasonCode {
  if (phase === "Invalid" && (reason === "ConflictingClaim" || reason === "NoResourceOwner")) return reason;
  switch (phase) {
    case "Pending":
      return "ApprovalPending";
    case "Approved":
      return "ApprovalNotYetValid";
    case "Expired":
      return "ApprovalExpired";
    case "Exhausted":
      return "ApprovalExhausted";
    case "Denied":
    case "Revoked":
      return "ApprovalRejected";
    case "Suspended":
      return "ApprovalSuspended";
    case "Invalid":
      return "ApprovalInvalid";
  }
}

/** How near a phase is to covering the write, the nearest first. */
const nearness: readonly Phase[] = [
  "Live",
  "Approved",
  "Pending",
  "Suspended",
  "Invalid",
  "Revoked",
  "Exhausted",
  "Expired",
  "Denied",
];

function nearestFirst(misses: readonly ApprovalMiss[]): readonly ApprovalMiss[] {
  const wanting = ({ lifecycle }: ApprovalMiss): number =>
    lifecycle.missing.reduce((sum, { missing }) => sum + missing, 0);
  // One for an agent that is no more covers nothing ever again, live as it is.
  const rank = ({ code, lifecycle }: ApprovalMiss): number =>
    code === "AgentUidMismatch" ? nearness.length : nearness.indexOf(lifecycle.phase);
  return [...misses].sort((a, b) => rank(a) - rank(b) || wanting(a) - wanting(b));
}
