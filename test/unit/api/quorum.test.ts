import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchQuorum } from "../../../src/api/quorum.ts";
import type { QuorumLine, QuorumVote } from "../../../src/api/quorum.ts";

function line(ownerName: string, count = 1): QuorumLine {
  return { from: "Owner", ownerName, count };
}

function votes(...entries: readonly string[]): readonly QuorumVote[] {
  return entries.map((entry) => {
    const [person = "", ownerName = ""] = entry.split("@");
    return { person, ownerName };
  });
}

describe("matchQuorum", () => {
  test("assigns people so that both lines are met, whoever came first", () => {
    const lines = [line("payments"), line("platform")];
    expect(matchQuorum(lines, votes("alice@payments", "alice@platform", "bob@payments")).met).toBe(true);
    expect(matchQuorum(lines, votes("bob@payments", "alice@payments", "alice@platform")).met).toBe(true);
    expect(matchQuorum(lines, votes("alice@platform", "alice@payments", "bob@platform")).met).toBe(true);
  });

  test("moves a chain of people to make room for the last", () => {
    const lines = [line("a"), line("b"), line("c")];
    expect(matchQuorum(lines, votes("x@a", "x@b", "y@b", "y@c", "z@a")).met).toBe(true);
  });

  test("counts one person toward one line only, however many owners they vote for", () => {
    const quorum = matchQuorum([line("payments"), line("platform")], votes("alice@payments", "alice@platform"));
    expect(quorum.met).toBe(false);
    expect(quorum.missing.reduce((sum, { missing }) => sum + missing, 0)).toBe(1);
  });

  test("counts the same person once in a line of two", () => {
    expect(matchQuorum([line("payments", 2)], votes("alice@payments", "alice@payments"))).toEqual({
      met: false,
      missing: [{ line: line("payments", 2), missing: 1 }],
    });
  });

  test("names each line that wants people and how many", () => {
    expect(matchQuorum([line("payments", 2), line("platform")], votes("bob@platform")).missing).toEqual([
      { line: line("payments", 2), missing: 2 },
    ]);
  });

  test("votes for an owner that no line names count for nothing", () => {
    expect(matchQuorum([line("payments")], votes("alice@platform")).met).toBe(false);
  });

  test("agrees with trying every assignment", () => {
    const owner = fc.constantFrom("a", "b", "c");
    const someLines = fc.array(
      fc.record({ from: fc.constant("Owner"), ownerName: owner, count: fc.integer({ min: 1, max: 2 }) }),
      { maxLength: 3 },
    );
    const someVotes = fc.array(fc.record({ person: fc.constantFrom("p", "q", "r", "s", "t"), ownerName: owner }), {
      maxLength: 7,
    });
    fc.assert(
      fc.property(someLines, someVotes, (lines, votes) => {
        const wanted = lines.reduce((sum, { count }) => sum + count, 0);
        const quorum = matchQuorum(lines, votes);
        const missing = quorum.missing.reduce((sum, entry) => sum + entry.missing, 0);
        expect(missing).toBe(wanted - mostFilled(lines, votes));
        expect(quorum.met).toBe(missing === 0);
      }),
      { numRuns: 500 },
    );
  });
});

/** Most slots that any assignment of people fills: each person takes each slot or none, one after the other. */
function mostFilled(lines: readonly QuorumLine[], votes: readonly QuorumVote[]): number {
  const people = [...new Set(votes.map(({ person }) => person))];
  const from = (index: number, left: readonly number[]): number => {
    const person = people[index];
    if (person === undefined) return 0;
    return Math.max(
      from(index + 1, left),
      ...lines.map((line, at) => {
        const room = left[at] ?? 0;
        const may = votes.some((vote) => vote.person === person && vote.ownerName === line.ownerName);
        return may && room > 0 ? 1 + from(index + 1, left.with(at, room - 1)) : 0;
      }),
    );
  };
  return from(
    0,
    lines.map(({ count }) => count),
  );
}
