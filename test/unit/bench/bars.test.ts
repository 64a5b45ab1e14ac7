import { expect, test } from "vitest";
import { barsOf } from "../../bench/apiserver/bars.ts";
import type { ApiserverResults } from "../../bench/apiserver/results.ts";
import { groupRound, results, sample } from "./apiserver-results.ts";

function barOf(found: ApiserverResults, words: string) {
  const bar = barsOf(found).find(({ figure }) => figure.includes(words));
  if (bar === undefined) throw new Error(`no bar about ${words}`);
  return bar;
}

const allows = (p50: number) => results({ groups: [groupRound({ allow: sample("allow", 500, { p50 }) })] });

test("added latency of 5 ms meets its bar, more does not", () => {
  expect(barOf(allows(7), "`allow`, one agent, concurrency 1: added")).toMatchObject({ measured: "5.0 ms", met: true });
  expect(barOf(allows(7.2), "`allow`, one agent, concurrency 1: added").met).toBe(false);
});

test("what was not measured is neither met nor missed", () => {
  expect(barOf(allows(7), "`counted`, one agent, concurrency 1: added").met).toBeUndefined();
  expect(barOf(results(), "CPU of the webhook").met).toBeUndefined();
  expect(barOf(results(), "ready").met).toBeUndefined();
});

test("throughput must hold with every number of approvals, and its share may change by a tenth", () => {
  const at = (approvals: number, writes: number) =>
    groupRound({ allow: sample("allow", writes) }, { approvals, agents: 8, concurrency: 32 });
  const found = results({ groups: [at(10, 700), at(1000, 590), at(10_000, 650)] });
  const name = "`allow`, eight agents, concurrency 32";
  expect(barOf(found, `${name}: writes/s`)).toMatchObject({ measured: "70 % / 59 % / 65 %", met: false });
  expect(barOf(found, `${name}: change`)).toMatchObject({ measured: "-7 %", met: true });
  expect(barOf(results({ groups: [at(10, 700), at(10_000, 620)] }), `${name}: change`).met).toBe(false);
});

test("the webhook's CPU is judged by the worst group", () => {
  const using = (webhook: number, concurrency: number) =>
    groupRound(
      { allow: sample("allow", 1000, { cpu: { apiserver: 0, etcd: 0, webhook, operator: 0, load: 0 } }) },
      { concurrency },
    );
  expect(barOf(results({ groups: [using(0.2, 8), using(0.7, 1)] }), "CPU of the webhook")).toMatchObject({
    measured: "0.70 s",
    met: false,
  });
});

test("a start is judged by the slowest, and by any wrong allow of any", () => {
  const start = {
    approvals: 10_000,
    readyAfter: 1900,
    deniedBefore: 40,
    allowedBefore: 0,
    wrongAllows: 0,
    answersAfter: 9,
    wrongDenials: 0,
  };
  const good = results({ starts: [start, { ...start, readyAfter: 1500 }] });
  expect(barOf(good, "ready, the slowest")).toMatchObject({ measured: "1.90 s", met: true });
  expect(barOf(good, "allows before").met).toBe(true);
  expect(barOf(results({ starts: [start, { ...start, readyAfter: 2001 }] }), "ready, the slowest").met).toBe(false);
  expect(barOf(results({ starts: [start, { ...start, wrongAllows: 1 }] }), "allows before").met).toBe(false);
});

test("fewer uses than counted writes were admitted miss their bar", () => {
  const groups = [groupRound({ counted: sample("counted", 500, { unexpected: 10 }) })];
  expect(barOf(results({ groups, counting: { kind: "counted", uses: 490 } }), "uses").met).toBe(true);
  expect(barOf(results({ groups, counting: { kind: "counted", uses: 489 } }), "uses").met).toBe(false);
});
