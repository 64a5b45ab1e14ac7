import { agentUserName } from "./agents.ts";
import { approvalTerms } from "./approval-terms.ts";
import type { ApprovalTerms, TermsProblemCode } from "./approval-terms.ts";
import { approversOf, identityOwner } from "./approvers.ts";
import type { Approvers, ApproversProblem } from "./approvers.ts";
import { capabilityProblem } from "./capability-state.ts";
import type { CapabilityProblemCode } from "./capability-state.ts";
import { attestedDecisions, excludedPersons, isStillEntitled } from "./decisions.ts";
import type { AttestedDecision } from "./decisions.ts";
import { describeOwnerProblem, ownerProblem } from "./owners.ts";
import type { OwnerDirectory } from "./owners.ts";
import { matchQuorum } from "./quorum.ts";
import type { MissingVotes, QuorumLine, QuorumVote } from "./quorum.ts";
import { formatTimestamp, parseTimestamp } from "./timestamp.ts";
import type { Trust } from "./trust.ts";
import type { AgentCapability, ElevationApproval } from "./types.gen.ts";

export type Phase =
  "Pending" | "Approved" | "Live" | "Denied" | "Revoked" | "Expired" | "Exhausted" | "Invalid" | "Suspended";

export type LifecycleReason =
  | "QuorumMissing"
  | "NotYetValid"
  | "InForce"
  | "Rejected"
  | "PendingTimeElapsed"
  | "DurationElapsed"
  | "UsesExhausted"
  | "PolicyChanged"
  | "ApproverNotMember"
  | "ApprovingOwnerNotLive"
  | "IdentityOwnerNotLive"
  | "ApprovalBeingDeleted"
  | TermsProblemCode
  | CapabilityProblemCode
  | ApproversProblem["code"];

export interface LifecycleInput {
  readonly approval: ElevationApproval;
  /** The capability that the approval names, if it exists. */
  readonly capability: AgentCapability | undefined;
  readonly owners: OwnerDirectory;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly uses: number;
  readonly trust: Trust;
}

/** Where an approval stands at one instant. Everything but `phase` may be unknown while it is Invalid. */
export interface Lifecycle {
  readonly phase: Phase;
  readonly reason: LifecycleReason;
  /** One sentence for people: what is wrong or missing, and the cure. */
  readonly message: string;
  readonly terms: ApprovalTerms | undefined;
  /** The instant at which the quorum was first met; later approvals change nothing. */
  readonly approvedAt: number | undefined;
  readonly startsAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly missing: readonly MissingVotes[];
  /** Lines of the quorum with owners' names. */
  readonly lines: readonly QuorumLine[];
  readonly resourceOwnerNames: readonly string[];
  readonly identityOwnerName: string | undefined;
  /** Approvals that count now. */
  readonly approvals: readonly AttestedDecision[];
  /** No later than the next instant at which time alone changes the phase; undefined when time changes nothing more. */
  readonly nextChangeAt: number | undefined;
}

/**
 * The life of an approval, as one pure function: webhook, operator, plugin and reports all ask it, so none of them can
 * disagree. Denied, Revoked, Expired and Exhausted follow from what only grows (decisions, time, uses) and never
 * reopen; Invalid and Suspended follow from other objects and do.
 */
export function lifecycle(input: LifecycleInput): Lifecycle {
  const { approval, capability, owners, now, trust } = input;
  const decisions = attestedDecisions(approval, owners, trust);
  const rejection = decisions.find((decision) => decision.verdict === "Reject");
  const result = approvalTerms(approval, capability, trust.clusterApprovalNamespace);
  if (result.kind === "problem" || !capability) {
    if (rejection) return ended(blank, rejection, undefined);
    const { code, message } = result.kind === "problem" ? result : unreachable;
    return { ...blank, phase: "Invalid", reason: code, message };
  }
  const { terms } = result;
  const approvers = approversOf(approval, capability, terms, owners, trust.clusterApprovalNamespace);
  const votes = countingVotes(input, terms, decisions, trust.digests.policy(capability));
  const approvedAt = approvers.problems.length > 0 ? undefined : quorumInstant(approvers, votes.asDecided);
  const times = timesOf(terms, approvedAt);
  const owner = identityOwner(agentUserName(approval.spec.agent), owners);
  const known: Known = {
    ...blank,
    ...times,
    terms,
    lines: approvers.lines,
    resourceOwnerNames: approvers.resourceOwnerNames,
    identityOwnerName: owner.kind === "owner" ? owner.owner.metadata.name : undefined,
    approvals: votes.now,
    missing: matchQuorum(approvers.lines, votes.now).missing,
  };

  if (rejection) return ended(known, rejection, approvedAt);
  if (times.expiresAt !== undefined && now >= times.expiresAt) {
    return {
      ...known,
      phase: "Expired",
      reason: "DurationElapsed",
      message: `expired ${formatTimestamp(times.expiresAt)}`,
    };
  }
  if (terms.maxUses !== undefined && input.uses >= terms.maxUses) {
    return { ...known, phase: "Exhausted", reason: "UsesExhausted", message: `all ${terms.maxUses} uses are consumed` };
  }
  if (approvedAt === undefined && now >= terms.pendingUntil && !votes.stale && approvers.problems.length === 0) {
    const message = `its quorum was not met before ${formatTimestamp(terms.pendingUntil)}; request anew`;
    return { ...known, phase: "Expired", reason: "PendingTimeElapsed", message };
  }
  const open: Known = { ...known, nextChangeAt: nextChange(input, capability, known, terms) };
  return inertness(input, capability, open, approvers, owner, votes) ?? running(open, now);
}

type Known = Omit<Lifecycle, "phase" | "reason" | "message">;

const blank: Known = {
  terms: undefined,
  approvedAt: undefined,
  startsAt: undefined,
  expiresAt: undefined,
  missing: [],
  lines: [],
  resourceOwnerNames: [],
  identityOwnerName: undefined,
  approvals: [],
  nextChangeAt: undefined,
};

const unreachable = { code: "CapabilityNotFound", message: "its AgentCapability does not exist" } as const;

interface Votes {
  /** Approvals as they stood when made: they fix the instant of the quorum, which nothing later may move. */
  readonly asDecided: readonly AttestedDecision[];
  /** Those of them whose owner is live and still has them as members. */
  readonly now: readonly AttestedDecision[];
  /** Whether approvals were given under another policy state. */
  readonly stale: boolean;
}

function countingVotes(
  { approval, owners, now }: LifecycleInput,
  terms: ApprovalTerms,
  decisions: readonly AttestedDecision[],
  digest: string,
): Votes {
  const excluded = excludedPersons(approval, owners);
  const approves = decisions.filter(({ verdict, person }) => verdict === "Approve" && !excluded.has(person));
  const current = approves.filter((decision) => decision.policyDigest === digest);
  const asDecided = current.filter((decision) => decision.at < terms.pendingUntil);
  return {
    asDecided,
    now: asDecided.filter(
      (decision) => isStillEntitled(decision, owners) && !ownerProblem(owners.get(decision.ownerName), now),
    ),
    stale: current.length < approves.length,
  };
}

/** The time of the first decision with which the quorum is met. `votes` are in the order of time. */
function quorumInstant(approvers: Approvers, votes: readonly AttestedDecision[]): number | undefined {
  if (approvers.lines.length === 0 || !matchQuorum(approvers.lines, votes.map(vote)).met) return undefined;
  const index = votes.findIndex((_, i) => matchQuorum(approvers.lines, votes.slice(0, i + 1).map(vote)).met);
  return votes[index]?.at;
}

function vote(decision: AttestedDecision): QuorumVote {
  return { person: decision.person, ownerName: decision.ownerName };
}

function timesOf(
  terms: ApprovalTerms,
  approvedAt: number | undefined,
): Pick<Lifecycle, "approvedAt" | "startsAt" | "expiresAt"> {
  if (approvedAt === undefined) return { approvedAt, startsAt: undefined, expiresAt: undefined };
  const startsAt = Math.max(approvedAt, terms.notBefore ?? approvedAt);
  return { approvedAt, startsAt, expiresAt: Math.min(startsAt + terms.duration, terms.hardEnd) };
}

/** Ends of its own, and the reviews of owners whose liveness it needs: whichever is next. */
function nextChange(
  { owners, now }: LifecycleInput,
  capability: AgentCapability,
  { approvedAt, startsAt, expiresAt, lines, identityOwnerName }: Known,
  { pendingUntil }: ApprovalTerms,
): number | undefined {
  const names = [capability.spec.policyOwnerName, identityOwnerName ?? "", ...lines.map((line) => line.ownerName)];
  const reviews = names.map((name) => parseTimestamp(owners.get(name)?.spec.reviewBy));
  const own = approvedAt === undefined ? [pendingUntil] : [startsAt, expiresAt];
  const known = [...own, ...reviews].filter((instant) => instant !== undefined);
  const ahead = known.filter((instant) => instant > now);
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

function ended(known: Known, rejection: AttestedDecision, approvedAt: number | undefined): Lifecycle {
  // Strictly before: of an approval in the same millisecond nobody can say whether it came first, and Denied must stay.
  const revoked = approvedAt !== undefined && approvedAt < rejection.at;
  return {
    ...known,
    phase: revoked ? "Revoked" : "Denied",
    reason: "Rejected",
    message: `rejected by ${rejection.by} for owner "${rejection.ownerName}" at ${formatTimestamp(rejection.at)}; request anew`,
  };
}

/** What other objects hold against the approval; it counts again once they are mended. */
function inertness(
  { approval, owners, now, trust }: LifecycleInput,
  capability: AgentCapability,
  known: Known,
  approvers: Approvers,
  owner: ReturnType<typeof identityOwner>,
  votes: Votes,
): Lifecycle | undefined {
  const invalid = (reason: LifecycleReason, message: string): Lifecycle => ({
    ...known,
    phase: "Invalid",
    reason,
    message,
  });
  const suspended = (reason: LifecycleReason, message: string): Lifecycle => ({
    ...known,
    phase: "Suspended",
    reason,
    message,
  });

  if (approval.metadata.deletionTimestamp !== undefined) {
    return invalid("ApprovalBeingDeleted", "it is being deleted, which revokes it");
  }
  const problem = capabilityProblem(capability, owners, now, trust);
  if (problem) {
    const pausing = problem.code === "CapabilitySuspended" || problem.code === "PolicyOwnerNotLive";
    return (pausing ? suspended : invalid)(problem.code, problem.message);
  }
  if (owner.kind === "problem") return invalid(owner.problem.code, owner.problem.message);
  const [blocked] = approvers.problems;
  if (blocked) return invalid(blocked.code, blocked.message);
  const ownerState = ownerProblem(owner.owner, now);
  if (ownerState) {
    const message = `identity owner: ${describeOwnerProblem(owner.owner.metadata.name, ownerState)}`;
    return suspended("IdentityOwnerNotLive", message);
  }
  if (known.approvedAt === undefined) {
    return votes.stale
      ? invalid(
          "PolicyChanged",
          `AgentCapability "${capability.metadata.name}" changed after it was approved; request anew`,
        )
      : undefined;
  }
  if (known.missing.length === 0) return undefined;
  for (const decision of votes.asDecided) {
    const state = ownerProblem(owners.get(decision.ownerName), now);
    if (state) {
      return suspended("ApprovingOwnerNotLive", `approving owner: ${describeOwnerProblem(decision.ownerName, state)}`);
    }
  }
  const lost = votes.asDecided.find((decision) => !votes.now.includes(decision));
  return invalid(
    "ApproverNotMember",
    `${lost?.by ?? "an approver"} is no longer a member of "${lost?.ownerName ?? ""}"; ${describeMissing(known.missing)}`,
  );
}

function running(known: Known, now: number): Lifecycle {
  const { startsAt, expiresAt } = known;
  if (startsAt === undefined || expiresAt === undefined) {
    return { ...known, phase: "Pending", reason: "QuorumMissing", message: describeMissing(known.missing) };
  }
  if (now < startsAt) {
    const message = `approved, but not valid before ${formatTimestamp(startsAt)}`;
    return { ...known, phase: "Approved", reason: "NotYetValid", message };
  }
  return { ...known, phase: "Live", reason: "InForce", message: `live until ${formatTimestamp(expiresAt)}` };
}

/** What the quorum still wants, for people. */
export function describeMissing(missing: readonly MissingVotes[]): string {
  if (missing.length === 0) return "nothing is missing";
  const parts = missing.map(({ line, missing: n }) => `${n} of "${line.ownerName}" (${line.from})`);
  return `still needs the approval of ${parts.join(" and ")}`;
}
