import { agentUserName } from "./agents.ts";
import { approvalTerms } from "./approval-terms.ts";
import type { ApprovalTerms, TermsProblemCode } from "./approval-terms.ts";
import { approversOf, identityOwner } from "./approvers.ts";
import type { Approvers, ApproversProblem } from "./approvers.ts";
import { capabilityProblem } from "./capability-state.ts";
import type { CapabilityProblemCode } from "./capability-state.ts";
import type { CountingDecision, LostReason } from "./counting-decisions.ts";
import { standingDecisions } from "./decisions.ts";
import type { StandingDecision } from "./decisions.ts";
import { describeOwnerProblem, ownerProblem } from "./owners.ts";
import type { OwnerDirectory } from "./owners.ts";
import { matchQuorum } from "./quorum.ts";
import type { MissingVotes, QuorumLine } from "./quorum.ts";
import { formatTimestamp, parseTimestamp } from "./timestamp.ts";
import type { Trust } from "./trust.ts";
import type { AgentCapability, ElevationApproval } from "./types.gen.ts";
import { endOf, quorumInstant, votesOf } from "./votes.ts";
import type { QuorumInstant, Votes } from "./votes.ts";

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
  | "ApproversNotDistinct"
  | "ApprovingOwnerNotLive"
  | Exclude<LostReason, "OwnerNotLive">
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
  readonly approvals: readonly CountingDecision[];
  /**
   * No later than the next instant at which time alone changes the phase, or of a live approval anything that is said
   * here: allows rest on that (remembered-lifecycle.ts). Undefined when time changes nothing more.
   */
  readonly nextChangeAt: number | undefined;
}

/**
 * The life of an approval, as one pure function: webhook, operator, plugin and reports all ask it, so none of them can
 * disagree. Denied, Revoked, Expired and Exhausted follow from what only grows (decisions, time, uses) and never
 * reopen; Invalid and Suspended follow from other objects and do.
 */
export function lifecycle(input: LifecycleInput): Lifecycle {
  const { approval, capability, owners, now, trust } = input;
  const decisions = standingDecisions(approval, owners, trust);
  const rejection = decisions.find((decision) => decision.verdict === "Reject");
  const result = approvalTerms(approval, capability, trust.clusterApprovalNamespace);
  if (result.kind === "problem" || !capability) {
    if (rejection) return ended(blank, rejection, undefined);
    const { code, message } = result.kind === "problem" ? result : unreachable;
    return { ...blank, phase: "Invalid", reason: code, message };
  }
  const { terms } = result;
  const approvers = approversOf(approval, capability, terms, owners, trust.clusterApprovalNamespace);
  const votes = votesOf(input, terms, decisions, trust.digests.policy(capability));
  const quorum = approvers.problems.length > 0 ? undefined : quorumInstant(approvers, votes.asDecided);
  const approvedAt = quorum?.at;
  const times = timesOf(terms, quorum);
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
    const bySignature = times.expiresAt === quorum?.until;
    const why = bySignature ? ", when the signatures that had approved it ended; request anew" : "";
    return {
      ...known,
      phase: "Expired",
      reason: bySignature ? "SignatureExpired" : "DurationElapsed",
      message: `expired ${formatTimestamp(times.expiresAt)}${why}`,
    };
  }
  if (terms.maxUses !== undefined && input.uses >= terms.maxUses) {
    return { ...known, phase: "Exhausted", reason: "UsesExhausted", message: `all ${terms.maxUses} uses are consumed` };
  }
  const isLate = approvedAt === undefined && now >= terms.pendingUntil && approvers.problems.length === 0;
  if (isLate && !votes.stale && !quorumInstant(approvers, votes.byName)) {
    const message = `its quorum was not met before ${formatTimestamp(terms.pendingUntil)}; request anew`;
    return { ...known, phase: "Expired", reason: "PendingTimeElapsed", message };
  }
  const open: Known = { ...known, nextChangeAt: nextChange(input, capability, known, votes) };
  return inertness(input, capability, open, approvers, owner, votes, isLate) ?? running(open, now);
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

function timesOf(
  terms: ApprovalTerms,
  quorum: QuorumInstant | undefined,
): Pick<Lifecycle, "approvedAt" | "startsAt" | "expiresAt"> {
  if (!quorum) return { approvedAt: undefined, startsAt: undefined, expiresAt: undefined };
  const startsAt = Math.max(quorum.at, terms.notBefore ?? quorum.at);
  const expiresAt = Math.min(startsAt + terms.duration, terms.hardEnd, quorum.until ?? Infinity);
  return { approvedAt: quorum.at, startsAt, expiresAt };
}

/** Ends of its own and of signatures, and the reviews of owners whose liveness is looked at: whichever is next. */
function nextChange(
  { owners, now }: LifecycleInput,
  capability: AgentCapability,
  { approvedAt, startsAt, expiresAt, lines, identityOwnerName, terms }: Known,
  votes: Votes,
): number | undefined {
  const deciding = [...lines, ...votes.asDecided].map(({ ownerName }) => ownerName);
  const names = [capability.spec.policyOwnerName, identityOwnerName ?? "", ...deciding];
  const reviews = names.map((name) => parseTimestamp(owners.get(name)?.spec.reviewBy));
  const own = approvedAt === undefined ? [terms?.pendingUntil] : [startsAt, expiresAt];
  const ends = [...votes.asDecided.map(endOf), parseTimestamp(capability.spec.definedBy?.notAfter)];
  const known = [...own, ...reviews, ...ends].filter((instant) => instant !== undefined);
  const ahead = known.filter((instant) => instant > now && Number.isFinite(instant));
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

function ended(known: Known, rejection: StandingDecision, approvedAt: number | undefined): Lifecycle {
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
  isLate: boolean,
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
    if (votes.stale) {
      const message = `AgentCapability "${capability.metadata.name}" changed after it was approved; request anew`;
      return invalid("PolicyChanged", message);
    }
    // Not Expired, which is final: what names are one person follows from owners, which change.
    return isLate
      ? invalid(
          "ApproversNotDistinct",
          "those who approved it are fewer people than names, or not free to; request anew",
        )
      : undefined;
  }
  if (known.missing.length === 0) return undefined;
  const [lost] = [...votes.lost].sort(
    (a, b) => Number(b.reason === "OwnerNotLive") - Number(a.reason === "OwnerNotLive"),
  );
  if (lost?.reason === "OwnerNotLive") return suspended("ApprovingOwnerNotLive", lost.message);
  return invalid(
    lost?.reason ?? "ApproverNotMember",
    `${lost?.message ?? "an approver is gone"}; ${describeMissing(known.missing)}`,
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
