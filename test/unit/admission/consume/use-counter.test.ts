import { describe, expect, test } from "vitest";
import {
  begin,
  idleCounter,
  join,
  leave,
  mayBeginAt,
  settle,
  timeToAnswer,
} from "../../../../src/admission/consume/use-counter.ts";
import type {
  CounterState,
  Instant,
  Release,
  Step,
  SwapOutcome,
  UseOutcome,
  Waiter,
} from "../../../../src/admission/consume/use-counter.ts";

const now: Instant = { wall: 1000, monotonic: 100, random: 0 };
/** Later than any rest or pause. */
const later: Instant = { ...now, monotonic: 200 };

function waiter(id: number, mods: Partial<Waiter> = {}): Waiter {
  return { id, version: "v1", uses: 0, maxUses: 10, validUntil: 100_000, deadline: 5000, ...mods };
}

function waiting(...waiters: readonly Waiter[]): CounterState {
  return waiters.reduce(join, idleCounter);
}

/** A swap as `FROM BASE: TAKERS`. */
function swapOf({ state: { swap } }: Step): string {
  return swap === undefined ? "none" : `${swap.from} ${swap.base}: ${swap.takers.map(({ id }) => id).join(" ")}`;
}

function told(releases: readonly Release[]): Readonly<Record<number, string>> {
  return Object.fromEntries(releases.map(({ id, outcome }) => [id, describeOutcome(outcome)]));
}

function describeOutcome(outcome: UseOutcome): string {
  return outcome.kind === "counted"
    ? `${outcome.ordinal} of ${outcome.of} by ${outcome.resourceVersion}`
    : outcome.kind;
}

/** Begins a swap and ends it so. */
function swapped(state: CounterState, outcome: SwapOutcome): Step {
  return settle(begin(state, now).state, outcome, now);
}

const counted = (version: string): SwapOutcome => ({ kind: "counted", version });

describe("a swap", () => {
  test("takes all that wait, in their order, and gives them consecutive ordinals", () => {
    const begun = begin(waiting(waiter(1, { uses: 3 }), waiter(2, { uses: 3 })), now);
    expect(swapOf(begun)).toBe("v1 3: 1 2");
    expect(told(settle(begun.state, counted("v2"), now).releases)).toEqual({ 1: "4 of 10 by v2", 2: "5 of 10 by v2" });
  });

  test("takes no more than are left; the others stay until it is settled, and are judged again then", () => {
    const limits = { uses: 8, maxUses: 10 };
    const begun = begin(waiting(waiter(1, limits), waiter(2, limits), waiter(3, limits)), now);
    expect([swapOf(begun), begun.releases]).toEqual(["v1 8: 1 2", []]);
    const { state } = settle(begun.state, counted("v2"), now);
    const after = begin(state, later);
    expect([swapOf(after), told(after.releases)]).toEqual(["none", { 3: "again" }]);
  });

  test("holds each to the limit of its own verdict", () => {
    const begun = begin(waiting(waiter(1, { maxUses: 10, uses: 5 }), waiter(2, { maxUses: 6, uses: 5 })), now);
    expect(swapOf(begun)).toBe("v1 5: 1");
  });

  test("is one at a time", () => {
    const { state } = begin(waiting(waiter(1)), now);
    expect(begin(join(state, waiter(2)), later).state.swap?.takers.map(({ id }) => id)).toEqual([1]);
  });

  test("is for the version that was read last: who waits on another is judged again", () => {
    const begun = begin(waiting(waiter(1), waiter(2, { version: "v2", uses: 4 })), now);
    expect([swapOf(begun), told(begun.releases)]).toEqual(["v2 4: 2", { 1: "again" }]);
  });

  test.each([
    ["whose time is over", waiter(1, { deadline: now.wall + 100 }), "late"],
    ["whose verdict held until now", waiter(1, { validUntil: now.wall }), "again"],
  ] as const)("leaves out one %s", (_, one, outcome) => {
    const begun = begin(waiting(one, waiter(2)), now);
    expect([swapOf(begun), told(begun.releases)]).toEqual(["v1 0: 2", { 1: outcome }]);
  });

  test("leaves out one that has left", () => {
    expect(swapOf(begin(leave(waiting(waiter(1), waiter(2)), 1), now))).toBe("v1 0: 2");
  });
});

describe("after a success", () => {
  const { state } = swapped(waiting(waiter(1)), counted("v2"));

  test("a verdict on the version before holds on the one that the swap made", () => {
    expect(swapOf(begin(join(state, waiter(2)), later))).toBe("v2 1: 2");
  });

  test("a verdict on the version that the swap made goes on from its uses", () => {
    expect(swapOf(begin(join(state, waiter(2, { version: "v2", uses: 1 })), later))).toBe("v2 1: 2");
  });

  test("a version that others made stands for itself", () => {
    expect(swapOf(begin(join(state, waiter(2, { version: "v9", uses: 7 })), later))).toBe("v9 7: 2");
  });

  test("a verdict on a version before one that others made does not hold any more", () => {
    const foreign = swapped(
      { ...state, restUntil: 0, waiting: [waiter(2, { version: "v9", uses: 7 })] },
      counted("v10"),
    );
    expect(swapOf(begin(join(foreign.state, waiter(3)), later))).toBe("v1 0: 3");
    expect(swapOf(begin(join(foreign.state, waiter(3, { version: "v9", uses: 7 })), later))).toBe("v10 8: 3");
  });

  test("the next swap waits a moment, so that others come through", () => {
    expect(swapOf(begin(join(state, waiter(2)), now))).toBe("none");
  });
});

describe("after a success of several together", () => {
  const begun = begin(waiting(waiter(1), waiter(2), waiter(3)), now);
  const at = (ms: number) => ({ ...now, monotonic: now.monotonic + ms });
  const { state } = settle(begun.state, counted("v2"), at(5));
  const returning = (count: number): CounterState =>
    Array.from({ length: count }, (_, index) => waiter(10 + index)).reduce(join, state);

  test.each([
    ["as many as before are waiting, once others had a moment", 3, 5 + 2, "v2 3: 10 11 12"],
    ["fewer are, and they had as long as four swaps to come back", 2, 5 + 20, "v2 3: 10 11"],
  ] as const)("the next swap begins when %s", (_, count, ms, swap) => {
    expect(mayBeginAt(returning(count), now.wall)).toBe(now.monotonic + ms);
    expect(swapOf(begin(returning(count), at(ms - 1)))).toBe("none");
    expect(swapOf(begin(returning(count), at(ms)))).toBe(swap);
  });

  test.each([
    ["an answer is due soon", { deadline: now.wall + timeToAnswer + 50 }],
    ["the verdict ends soon", { validUntil: now.wall + 50 }],
  ])("nobody waits for others where %s", (_, mods) => {
    expect(swapOf(begin(join(state, waiter(9, mods)), at(5 + 2)))).toBe("v2 3: 9");
  });

  test("nobody waits for others once another replica was faster", () => {
    const slow = settle(begun.state, counted("v2"), at(20)).state;
    const next = begin([10, 11, 12].map((id) => waiter(id)).reduce(join, slow), at(25)).state;
    const lost = settle(next, { kind: "conflict" }, at(30)).state;
    expect(mayBeginAt(join(lost, waiter(9)), now.wall)).toBe(lost.restUntil);
  });

  test("however slow the swap was, nobody waits for others for more than 50 ms", () => {
    const slow = settle(begun.state, counted("v2"), at(400)).state;
    expect(swapOf(begin(join(slow, waiter(9)), at(449)))).toBe("none");
    expect(swapOf(begin(join(slow, waiter(9)), at(450)))).toBe("v2 3: 9");
  });
});

describe("after a conflict", () => {
  const conflicted = swapped(waiting(waiter(1), waiter(2)), { kind: "conflict" });

  test("nobody has a use, and all are judged again after a pause", () => {
    expect(told(conflicted.releases)).toEqual({ 1: "again", 2: "again" });
    const pauses = conflicted.releases.map(({ outcome }) => (outcome.kind === "again" ? outcome.afterMs : 0));
    expect(Math.min(...pauses)).toBeGreaterThan(0);
    expect(swapOf(begin(join(conflicted.state, waiter(3)), now))).toBe("none");
  });

  test("no verdict is carried on from the version that was not found", () => {
    const { state } = swapped(waiting(waiter(1)), counted("v2"));
    const failed = swapped({ ...state, restUntil: 0, waiting: [waiter(2)] }, { kind: "conflict" });
    expect(failed.state.lineage).toEqual([]);
  });

  test("pauses differ by chance, so that replicas do not meet again and again", () => {
    const begun = begin(waiting(waiter(1)), now);
    const pause = (random: number): number =>
      settle(begun.state, { kind: "conflict" }, { ...now, random }).state.restUntil;
    expect(pause(0.9)).toBeGreaterThan(pause(0.1));
  });
});

test("of a swap that nobody confirms no use is given, and nothing is carried on from it", () => {
  const { state } = swapped(waiting(waiter(1)), counted("v2"));
  const failed = swapped({ ...state, restUntil: 0, waiting: [waiter(2)] }, { kind: "failed", why: "no answer" });
  expect([told(failed.releases), failed.state.lineage, failed.state.swap]).toEqual([{ 2: "failed" }, [], undefined]);
});
