import { mean, median } from "../statistics.ts";
import type { CellName, Group, MeasuredCell } from "./plan.ts";
import type { GroupRound, Sample, WatchedProcess } from "./results.ts";

/** What one cell of one group says: medians over the rounds, ratios to the floor of the same round. */
export interface CellFigures {
  /** Writes a second. */
  readonly rate: Ratio;
  /** Milliseconds. */
  readonly p50: Ratio;
  readonly p95: Ratio;
  readonly p99: Ratio;
  /** Milliseconds that the median write takes longer than on the floor. */
  readonly added: number;
  /** Seconds of CPU for each 1,000 writes, over all rounds together: one round has too few ticks. */
  readonly cpu: Readonly<Record<WatchedProcess | "load", Ratio>>;
  /** Share of the answers that were not as the cell's name says. */
  readonly unexpected: number;
}

export interface Ratio {
  readonly value: number;
  readonly toFloor: number;
}

const processes = ["apiserver", "etcd", "webhook", "operator", "load"] as const;

/** @param rounds of one group; undefined when none of them has the cell */
export function figuresOf(rounds: readonly GroupRound[], cell: CellName): CellFigures | undefined {
  const pairs = rounds.flatMap((round) => samplesOf(round, cell).map((sample) => ({ sample, floors: round.floors })));
  if (pairs.length === 0) return undefined;
  const ratio = (figure: (sample: Sample) => number): Ratio => ({
    value: median(pairs.map(({ sample }) => figure(sample))),
    toFloor: median(pairs.map(({ sample, floors }) => figure(sample) / floorOf(floors, figure))),
  });
  const samples = pairs.map(({ sample }) => sample);
  const floors = rounds.flatMap(({ floors }) => floors);
  const cpu = (process: WatchedProcess | "load"): Ratio => {
    const value = cpuPerThousand(samples, process);
    return { value, toFloor: value / cpuPerThousand(floors, process) };
  };
  return {
    rate: ratio(rateOf),
    p50: ratio(({ p50 }) => p50),
    p95: ratio(({ p95 }) => p95),
    p99: ratio(({ p99 }) => p99),
    added: median(pairs.map(({ sample, floors }) => sample.p50 - floorOf(floors, ({ p50 }) => p50))),
    cpu: Object.fromEntries(processes.map((process) => [process, cpu(process)])) as CellFigures["cpu"],
    unexpected: sum(samples.map(({ unexpected }) => unexpected)) / sum(samples.map(({ writes }) => writes)),
  };
}

/** How far the floors before and after lie apart, as a share of their mean: the median of the rounds. */
export function floorSpread(rounds: readonly GroupRound[]): number {
  return median(
    rounds.map(({ floors: [before, after] }) => {
      const [first, second] = [rateOf(before), rateOf(after)];
      return Math.abs(first - second) / mean([first, second]);
    }),
  );
}

/** Rounds by group, in the order in which the groups were measured first. */
export function byGroup(rounds: readonly GroupRound[]): readonly (readonly [Group, readonly GroupRound[]])[] {
  const groups = new Map<string, GroupRound[]>();
  for (const round of rounds) {
    const { approvals, agents, concurrency } = round.group;
    const key = `${approvals}/${agents}/${concurrency}`;
    groups.set(key, [...(groups.get(key) ?? []), round]);
  }
  return [...groups.values()].flatMap((own) => (own[0] === undefined ? [] : [[own[0].group, own] as const]));
}

/** The figures of one cell with ever more approvals, in the order of these. */
export function acrossApprovals(
  rounds: readonly GroupRound[],
  cell: MeasuredCell,
  { agents, concurrency }: Pick<Group, "agents" | "concurrency">,
): readonly { readonly approvals: number; readonly figures: CellFigures }[] {
  return byGroup(rounds)
    .filter(([group]) => group.agents === agents && group.concurrency === concurrency)
    .flatMap(([{ approvals }, own]) => {
      const figures = figuresOf(own, cell);
      return figures === undefined ? [] : [{ approvals, figures }];
    });
}

/** Of the floor both samples count, each against their mean. */
function samplesOf({ floors, cells }: GroupRound, cell: CellName): readonly Sample[] {
  if (cell === "floor") return floors;
  const sample = cells[cell];
  return sample === undefined ? [] : [sample];
}

function floorOf(floors: GroupRound["floors"], figure: (sample: Sample) => number): number {
  return mean(floors.map(figure));
}

function rateOf({ writes, milliseconds }: Sample): number {
  return (1000 * writes) / milliseconds;
}

function cpuPerThousand(samples: readonly Sample[], process: WatchedProcess | "load"): number {
  return (1000 * sum(samples.map(({ cpu }) => cpu[process]))) / sum(samples.map(({ writes }) => writes));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
