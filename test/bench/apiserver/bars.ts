import { number, percent, table } from "../markdown.ts";
import { acrossApprovals, byGroup, figuresOf } from "./figures.ts";
import { agentsInWords, manyAgents } from "./plan.ts";
import type { ApiserverResults } from "./results.ts";

/** A figure, what it must be, what it is, and whether that is enough. */
export interface Bar {
  readonly figure: string;
  readonly bar: string;
  readonly measured: string;
  /** Undefined where nothing was measured. */
  readonly met: boolean | undefined;
}

const addedBars = { allow: 5, counted: 10 } as const;
const leastShare = 0.6;
const mostGrowth = 0.1;
const mostCpu = 0.6;
const readyWithin = 2000;
const allowed = ["allow", "counted"] as const;

/** What the figures of a run must be, beside what they are. */
export function barsOf(results: ApiserverResults): readonly Bar[] {
  return [
    ...allowed.map((cell) => added(results, cell)),
    ...allowed.flatMap((cell) =>
      [8, 32].flatMap((concurrency) =>
        [1, manyAgents].flatMap((agents) => throughput(results, cell, { concurrency, agents })),
      ),
    ),
    cpu(results),
    uses(results),
    ...starts(results),
  ];
}

export function barsTable(bars: readonly Bar[]): string {
  const lines = bars.map(({ figure, bar, measured, met }) =>
    [figure, bar, measured, met === undefined ? "not measured" : met ? "yes" : "**no**"].join(" | "),
  );
  return table("figure | bar | measured | met", lines);
}

function added(results: ApiserverResults, cell: "allow" | "counted"): Bar {
  const found = acrossApprovals(results.groups, cell, { agents: 1, concurrency: 1 });
  return barOf(
    `\`${cell}\`, one agent, concurrency 1: added p50`,
    `at most ${addedBars[cell]} ms`,
    found.map(({ figures }) => figures.added),
    (value) => `${number(value, 1)} ms`,
    (value) => value <= addedBars[cell],
  );
}

function throughput(
  results: ApiserverResults,
  cell: "allow" | "counted",
  place: { readonly concurrency: number; readonly agents: number },
): readonly Bar[] {
  const name = `\`${cell}\`, ${agentsInWords(place.agents)}, concurrency ${place.concurrency}`;
  const shares = acrossApprovals(results.groups, cell, place).map(({ figures }) => figures.rate.toFloor);
  const [few, many] = [shares.at(0), shares.at(-1)];
  const growth = few === undefined || many === undefined || shares.length < 2 ? [] : [many / few - 1];
  return [
    barOf(`${name}: writes/s, share of the floor`, "at least 60 %", shares, percent, (value) => value >= leastShare),
    barOf(
      `${name}: change of that from the fewest to the most approvals`,
      "within 10 %",
      growth,
      (value) => `${value > 0 ? "+" : ""}${percent(value)}`,
      (value) => Math.abs(value) <= mostGrowth,
    ),
  ];
}

function cpu({ groups }: ApiserverResults): Bar {
  const found = byGroup(groups).flatMap(([, rounds]) => figuresOf(rounds, "allow") ?? []);
  const worst = Math.max(...found.map(({ cpu }) => cpu.webhook.value));
  return barOf(
    "`allow`: CPU of the webhook for 1,000, the worst group",
    "at most 0.6 s",
    found.length === 0 ? [] : [worst],
    (value) => `${number(value, 2)} s`,
    (value) => value <= mostCpu,
  );
}

/** A use is an admission: counted before the answer, at most more often than admitted. */
function uses({ groups, counting }: ApiserverResults): Bar {
  const admitted = groups
    .flatMap(({ cells }) => cells.counted ?? [])
    .reduce((sum, { writes, unexpected }) => sum + writes - unexpected, 0);
  return barOf(
    `uses in the status of the counted approvals, after ${number(admitted)} counted writes and those that warmed up`,
    "at least as many",
    counting.kind === "counted" && admitted > 0 ? [counting.uses] : [],
    (value) => number(value),
    (value) => value >= admitted,
  );
}

function starts({ starts }: ApiserverResults): readonly Bar[] {
  const most = starts[0]?.approvals;
  const where = most === undefined ? "start" : `start with ${number(most)} approvals`;
  const wrong = starts.map(({ allowedBefore, wrongAllows }) => allowedBefore + wrongAllows);
  return [
    barOf(
      `${where}: ready, the slowest of ${starts.length}`,
      "within 2 s",
      starts.length === 0 ? [] : [Math.max(...starts.map(({ readyAfter }) => readyAfter))],
      (value) => `${number(value / 1000, 2)} s`,
      (value) => value <= readyWithin,
    ),
    barOf(
      `${where}: allows before it is ready, or of what no live approval covers`,
      "none",
      starts.length === 0 ? [] : [wrong.reduce((total, count) => total + count, 0)],
      (value) => number(value),
      (value) => value === 0,
    ),
  ];
}

function barOf(
  figure: string,
  bar: string,
  values: readonly number[],
  print: (value: number) => string,
  isEnough: (value: number) => boolean,
): Bar {
  return {
    figure,
    bar,
    measured: values.length === 0 ? "-" : values.map(print).join(" / "),
    met: values.length === 0 ? undefined : values.every(isEnough),
  };
}
