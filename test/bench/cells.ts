import type { Child } from "./child.ts";
import type { LoadSpec, Target } from "./messages.ts";
import type { Layout } from "./population.ts";
import type { Scenario } from "./reviews.ts";

/** Where live reads are answered: by the stub server, from the process's own memory, by a real API server. */
export type Reads = "stub" | "memory" | "real";

export interface CellKey {
  readonly scenario: Scenario;
  readonly layout: Layout;
  readonly approvals: number;
  readonly bytes: number;
  readonly reads: Reads;
  readonly connections: number;
  /** As in the population. */
  readonly exact?: true;
}

/** A process under load. */
export interface Server {
  readonly child: Child;
  readonly target: Target;
  /** GETs of objects so far; absent where none are made. */
  readonly liveReads?: () => Promise<number>;
}

export interface Cell extends CellKey {
  readonly server: Server;
}

/** One measurement. Times in milliseconds unless named otherwise. */
export interface Measurement {
  /** Answers a second. */
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU time of the JavaScript thread for each answer, in microseconds: hardly disturbed by other processes. */
  readonly mainThread: number;
  /** GETs for each answer. */
  readonly reads: number;
}

export interface Sample extends Measurement {
  /** Mean of the floor's measurements right before and right after. */
  readonly floor: { readonly rate: number; readonly mainThread: number };
}

export function nameOf({ scenario, layout, approvals, bytes, reads, connections, exact }: CellKey): string {
  return `${scenario}${exact ? " by fields and schema" : ""}, ${bytes / 1024} KiB, ${approvals} approvals, ${layout}, reads: ${reads}, ${connections} connections`;
}

export type Loader = (load: LoadSpec) => Promise<{
  readonly answers: number;
  readonly milliseconds: number;
  readonly p50: number;
  readonly p99: number;
}>;

/** What an answer of the scenario holds. */
const marks: Readonly<Record<Scenario, string>> = {
  NoRule: "NoRule: ",
  NoApproval: "NoApproval: ",
  Approved: '"allowed":true',
};

export async function measure(
  load: Loader,
  { server, ...key }: Cell,
  milliseconds: number,
  expect: string = marks[key.scenario],
): Promise<Measurement> {
  const { child, target, liveReads = () => Promise.resolve(0) } = server;
  const readsBefore = await liveReads();
  const before = await child.usage();
  const result = await load({ review: key, target, connections: key.connections, milliseconds, expect });
  const after = await child.usage();
  return {
    rate: (result.answers / result.milliseconds) * 1000,
    p50: result.p50,
    p99: result.p99,
    mainThread: (after.mainThread - before.mainThread) / result.answers,
    reads: ((await liveReads()) - readsBefore) / result.answers,
  };
}

/**
 * Measures every cell `rounds` times, each between two measurements of the floor, after one round that only warms up.
 * `report` hears of every sample.
 */
export async function measureInterleaved(
  cells: readonly Cell[],
  options: {
    readonly load: Loader;
    readonly floor: Server;
    readonly milliseconds: number;
    readonly warmUp: number;
    readonly rounds: number;
    readonly report: (line: string) => void;
  },
): Promise<ReadonlyMap<Cell, readonly Sample[]>> {
  const { load, floor, rounds, report } = options;
  const samples = new Map<Cell, Sample[]>(cells.map((cell) => [cell, []]));
  const measureFloor = (cell: Cell, milliseconds: number): Promise<Measurement> =>
    measure(load, { ...cell, scenario: "NoRule", server: floor }, milliseconds, "Floor: ");
  for (let round = 0; round <= rounds; round++) {
    const milliseconds = round === 0 ? options.warmUp : options.milliseconds;
    let before: Measurement | undefined;
    let previous: Cell | undefined;
    for (const cell of cells) {
      const fits = previous?.bytes === cell.bytes && previous.connections === cell.connections;
      const first = before !== undefined && fits ? before : await measureFloor(cell, milliseconds);
      const measured = await measure(load, cell, milliseconds);
      const second = await measureFloor(cell, milliseconds);
      const sample: Sample = {
        ...measured,
        floor: {
          rate: (first.rate + second.rate) / 2,
          mainThread: (first.mainThread + second.mainThread) / 2,
        },
      };
      if (round > 0) samples.get(cell)?.push(sample);
      report(
        `${round === 0 ? "warm-up" : `round ${round}`}: ${nameOf(cell)}: ${sample.rate.toFixed(0)}/s, ` +
          `${((100 * sample.rate) / sample.floor.rate).toFixed(0)} % of the floor's rate, ` +
          `${((100 * sample.floor.mainThread) / sample.mainThread).toFixed(0)} % by CPU`,
      );
      before = second;
      previous = cell;
    }
  }
  return samples;
}
