import { expect, test } from "vitest";
import { acrossApprovals, byGroup, figuresOf, floorSpread } from "../../bench/apiserver/figures.ts";
import { groupRound, sample } from "./apiserver-results.ts";

test("a ratio is to the mean of the floors of its own round, and the figure is the median of the rounds", () => {
  const fast = groupRound({ allow: sample("allow", 800) });
  const slow = {
    ...groupRound({ allow: sample("allow", 100) }),
    floors: [sample("floor", 200), sample("floor", 200)] as const,
  };
  const odd = groupRound({ allow: sample("allow", 700) });
  const figures = figuresOf([fast, slow, odd], "allow");
  expect(figures?.rate.value).toBe(700);
  expect(figures?.rate.toFloor).toBe(0.7);
});

test("added latency is against the floor of the same round", () => {
  const round = groupRound({ allow: sample("allow", 500, { p50: 6 }) });
  expect(figuresOf([round], "allow")?.added).toBe(4);
  expect(figuresOf([round], "allow")?.p50).toEqual({ value: 6, toFloor: 3 });
});

test("CPU is for 1,000 writes, over all rounds together", () => {
  const cpu = (webhook: number) => ({ apiserver: 0, etcd: 0, webhook, operator: 0, load: 0 });
  const rounds = [
    groupRound({ allow: sample("allow", 100, { cpu: cpu(0.1) }) }),
    groupRound({ allow: sample("allow", 300, { cpu: cpu(0.1) }) }),
  ];
  expect(figuresOf(rounds, "allow")?.cpu.webhook.value).toBeCloseTo(0.5);
});

test("a cell that no round has gives no figures", () => {
  expect(figuresOf([groupRound({ allow: sample("allow", 1) })], "counted")).toBeUndefined();
});

test("answers that a cell must not have are a share of all", () => {
  expect(figuresOf([groupRound({ allow: sample("allow", 200, { unexpected: 3 }) })], "allow")?.unexpected).toBe(0.015);
});

test("the floors' spread is how far they lie apart, as a share of their mean", () => {
  expect(floorSpread([groupRound({})])).toBeCloseTo(0.2);
});

test("rounds of one group belong together, and approvals come in the order in which they were measured", () => {
  const rounds = [1, 2].flatMap((round) =>
    [10, 10_000].map((approvals) => groupRound({ allow: sample("allow", 500) }, { approvals }, round)),
  );
  expect(byGroup(rounds).map(([group, own]) => [group.approvals, own.length])).toEqual([
    [10, 2],
    [10_000, 2],
  ]);
  expect(acrossApprovals(rounds, "allow", { agents: 1, concurrency: 1 }).map(({ approvals }) => approvals)).toEqual([
    10, 10_000,
  ]);
  expect(acrossApprovals(rounds, "allow", { agents: 8, concurrency: 1 })).toEqual([]);
});
