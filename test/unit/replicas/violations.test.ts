import { describe, expect, test } from "vitest";
import { type Operation, startHistory } from "../../cluster/replicas/history.ts";
import { violations } from "../../cluster/replicas/violations.ts";
import { randomOf } from "../decision/oracle/random.ts";

const grant = (begun: number, ended: number): Operation => ({ kind: "grant", what: "grant", begun, ended });
const revoke = (begun: number, ended: number): Operation => ({ kind: "revoke", what: "revoke", begun, ended });
const write = (begun: number, ended: number, outcome = "admitted"): Operation => ({
  kind: "write",
  what: "write",
  begun,
  ended,
  outcome,
});

describe("the checker finds", () => {
  test.each<[string, readonly Operation[]]>([
    ["a write that began after the acknowledgement", [grant(1, 2), revoke(3, 4), write(5, 6)]],
    ["one long after it", [grant(1, 2), revoke(3, 4), write(5, 6, "denied"), write(500, 600)]],
    [
      "one although another that overlapped was rightly admitted",
      [grant(1, 2), revoke(3, 6), write(4, 8), write(7, 9)],
    ],
    [
      "one between a revocation and the next grant",
      [grant(1, 2), revoke(3, 4), write(5, 6), grant(7, 8), write(9, 10)],
    ],
    ["one after the second revocation", [grant(1, 2), revoke(3, 4), grant(5, 6), revoke(7, 8), write(9, 10)]],
    ["one after two overlapping revocations", [grant(1, 2), revoke(3, 6), revoke(4, 5), write(7, 8)]],
    [
      "one after a revocation within another that is not acknowledged yet",
      [grant(1, 2), revoke(4, 5), revoke(3, 99), write(6, 7)],
    ],
    [
      "one that rests on a grant which ended before the revocation began, whatever lasted longer",
      [grant(1, 4), grant(2, 3), revoke(5, 6), write(7, 8)],
    ],
    ["one before any grant", [write(1, 2), grant(3, 4)]],
    ["one without any grant", [write(1, 2)]],
  ])("%s", (_, history) => {
    expect(violations(history)).toHaveLength(1);
    expect(violations(history.toReversed())).toHaveLength(1);
  });

  test("all of them, each with the revocation that it ignored", () => {
    const history = [grant(1, 2), revoke(3, 4), write(5, 6), write(7, 8), grant(9, 10), write(11, 12)];
    expect(violations(history)).toEqual([
      { write: history[2], revocation: history[1] },
      { write: history[3], revocation: history[1] },
    ]);
  });
});

describe("the checker accepts", () => {
  test.each<[string, readonly Operation[]]>([
    ["nothing", []],
    ["a write under a grant", [grant(1, 2), write(3, 4)]],
    [
      "a write that began before the acknowledgement, even when it ended long after",
      [grant(1, 2), revoke(3, 5), write(4, 99)],
    ],
    ["a write during the grant", [grant(1, 4), write(2, 3)]],
    [
      "a write that began before the next grant and ended during it",
      [grant(1, 2), revoke(3, 4), write(5, 7), grant(6, 8)],
    ],
    ["a write after a grant that overlapped the revocation, in either order", [revoke(1, 4), grant(2, 3), write(5, 6)]],
    ["a write after a grant that was never answered", [grant(1, 2), revoke(3, 4), grant(5, Infinity), write(6, 7)]],
    ["denials, whenever they come", [grant(1, 2), write(3, 4, "denied"), revoke(5, 6), write(7, 8, "NoApproval")]],
    ["a write that was not answered", [grant(1, 2), revoke(3, 4), write(5, Infinity, "no answer")]],
  ])("%s", (_, history) => {
    expect(violations(history)).toEqual([]);
    expect(violations(history.toReversed())).toEqual([]);
  });
});

/** The definition, word for word. */
function violates(write: Operation, history: readonly Operation[]): boolean {
  const grants = history.filter(({ kind }) => kind === "grant");
  const revocations = history.filter(({ kind }) => kind === "revoke");
  return !grants.some(
    (given) =>
      given.begun < write.ended && !revocations.some((taken) => given.ended < taken.begun && taken.ended < write.begun),
  );
}

test("the checker agrees with the definition on random histories", () => {
  const random = randomOf(1, "histories");
  const found = { violating: 0, accepted: 0 };
  for (let round = 0; round < 3_000; round++) {
    const instants = random.shuffled(Array.from({ length: 24 }, (_, i) => i));
    const history = Array.from({ length: 12 }, (_, i): Operation => {
      const [a = 0, b = 0] = instants.slice(2 * i, 2 * i + 2);
      return random.pick([grant, revoke, write])(Math.min(a, b), Math.max(a, b));
    });
    const expected = history.filter((operation) => operation.kind === "write" && violates(operation, history));
    expect(violations(history).map(({ write }) => write)).toEqual(expected);
    if (expected.length > 0) found.violating += 1;
    else found.accepted += 1;
  }
  expect(Math.min(found.violating, found.accepted)).toBeGreaterThan(200);
});

test("the clock of a history never gives the same reading twice, and only goes forward", () => {
  const history = startHistory();
  const readings = Array.from({ length: 100 }, () => history.now());
  expect(readings).toEqual([...new Set(readings)].toSorted((a, b) => a - b));
});
