/** One line of a quorum: `count` different people of one owner. */
export interface QuorumLine {
  /** Which rule of the policy asks: `PolicyOwner`, `ResourceOwner` ... */
  readonly from: string;
  readonly ownerName: string;
  readonly count: number;
}

/** One person's approval in the name of one owner. */
export interface QuorumVote {
  readonly person: string;
  readonly ownerName: string;
}

export interface MissingVotes {
  readonly line: QuorumLine;
  readonly missing: number;
}

export interface Quorum {
  readonly met: boolean;
  readonly missing: readonly MissingVotes[];
}

/**
 * Whether people can be assigned to lines so that every line has its count and nobody stands in two: a maximum
 * bipartite matching by augmenting paths (Kuhn), not first come. With 8 lines of at most 10 and 16 votes it is tiny.
 */
export function matchQuorum(lines: readonly QuorumLine[], votes: readonly QuorumVote[]): Quorum {
  const slots = lines.flatMap((line, index) => Array.from({ length: line.count }, () => index));
  const people = [...new Set(votes.map((vote) => vote.person))];
  const mayFill = (person: string, line: number): boolean =>
    votes.some((vote) => vote.person === person && vote.ownerName === lines[line]?.ownerName);
  const holder = new Map<number, string>();

  const place = (person: string, tried: Set<number>): boolean => {
    for (const [slot, line] of slots.entries()) {
      if (tried.has(slot) || !mayFill(person, line)) continue;
      tried.add(slot);
      const current = holder.get(slot);
      if (current === undefined || place(current, tried)) {
        holder.set(slot, person);
        return true;
      }
    }
    return false;
  };
  for (const person of people) place(person, new Set());

  const missing = lines
    .map((line, index) => ({
      line,
      missing: slots.filter((of, slot) => of === index && !holder.has(slot)).length,
    }))
    .filter((entry) => entry.missing > 0);
  return { met: missing.length === 0, missing };
}
