import type { ApprovalTerms } from "./approval-terms.ts";
import type { Approvers } from "./approvers.ts";
import { countNow } from "./counting-decisions.ts";
import type { CountingDecision, LostDecision } from "./counting-decisions.ts";
import { excludedPersons } from "./decisions.ts";
import type { StandingDecision } from "./decisions.ts";
import type { OwnerDirectory } from "./owners.ts";
import { matchQuorum } from "./quorum.ts";
import type { QuorumVote } from "./quorum.ts";
import type { Trust } from "./trust.ts";
import type { ElevationApproval } from "./types.gen.ts";

/** The approvals of people, as they count toward a quorum. */
export interface Votes {
  /** Approvals as they stood when made, oldest first: they fix the instant of the quorum, which nothing later may move. */
  readonly asDecided: readonly StandingDecision[];
  /** Those of them that count with their owner as it is now. */
  readonly now: readonly CountingDecision[];
  /** Why the others do not. */
  readonly lost: readonly LostDecision[];
  /** Whether approvals were given under another policy state. */
  readonly stale: boolean;
  /** Approvals as if every name were a person of its own, and nobody excluded. */
  readonly byName: readonly StandingDecision[];
}

/** What votes are counted with. */
export interface VotesInput {
  readonly approval: ElevationApproval;
  readonly owners: OwnerDirectory;
  readonly now: number;
  readonly trust: Trust;
}

export function votesOf(
  { approval, owners, now, trust }: VotesInput,
  terms: ApprovalTerms,
  decisions: readonly StandingDecision[],
  digest: string,
): Votes {
  const excluded = excludedPersons(approval, owners);
  const all = decisions.filter(({ verdict }) => verdict === "Approve").sort((a, b) => a.at - b.at);
  const approves = all.filter(({ person }) => !excluded.has(person));
  const isCurrent = (decision: StandingDecision): boolean => decision.policyDigest === digest;
  const isInTime = (decision: StandingDecision): boolean => decision.at < terms.pendingUntil;
  const asDecided = approves.filter(isCurrent).filter(isInTime);
  const counted = asDecided.map((decision) => countNow(approval, decision, owners, now, trust));
  return {
    asDecided,
    now: counted.flatMap((one) => (one.kind === "lost" ? [] : [one])),
    lost: counted.flatMap((one) => (one.kind === "lost" ? [one] : [])),
    stale: !approves.every(isCurrent),
    byName: all
      .filter(isCurrent)
      .filter(isInTime)
      .map((decision) => ({ ...decision, person: decision.by })),
  };
}

/** When a quorum was first met, and until when those who met it do so, since signatures end. */
export interface QuorumInstant {
  readonly at: number;
  /** Undefined: no signature's end matters. */
  readonly until: number | undefined;
}

/**
 * The time of the first decision with which the quorum is met. `votes` are in the order of time; a signature that had
 * ended by then is no part of it.
 */
export function quorumInstant({ lines }: Approvers, votes: readonly StandingDecision[]): QuorumInstant | undefined {
  const isMet = (some: readonly StandingDecision[]): boolean => matchQuorum(lines, some.map(vote)).met;
  if (lines.length === 0 || !isMet(votes)) return undefined;
  for (const [index, { at }] of votes.entries()) {
    const valid = votes.slice(0, index + 1).filter((decision) => endOf(decision) > at);
    if (!isMet(valid)) continue;
    const ends = valid.map(endOf).filter(Number.isFinite);
    const until = ends.sort((a, b) => a - b).find((end) => !isMet(valid.filter((decision) => endOf(decision) > end)));
    return { at, until };
  }
  return undefined;
}

/** When decisions end by themselves: attested ones never do. */
export function endOf(decision: StandingDecision): number {
  return decision.kind === "signed" ? decision.notAfter : Infinity;
}

function vote({ person, ownerName }: StandingDecision): QuorumVote {
  return { person, ownerName };
}
