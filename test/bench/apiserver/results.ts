import type { StartResult } from "./start.ts";
import type { CellName, Group, MeasuredCell } from "./plan.ts";

/** All that a run has measured, as it is written with --json. */
export interface ApiserverResults {
  /** Whether nothing was left out. */
  readonly whole: boolean;
  readonly machine: { readonly cpus: number; readonly node: string };
  /** Milliseconds that each cell was loaded in each round. */
  readonly milliseconds: number;
  readonly rounds: number;
  readonly groups: readonly GroupRound[];
  /** Of the webhook, one for each number of approvals. */
  readonly memory: readonly Memory[];
  readonly starts: readonly StartResult[];
  readonly counting: Counting;
}

/** What became of the uses of all writes that were counted, warming up included. */
export type Counting =
  { readonly kind: "counted"; readonly uses: number } | { readonly kind: "not available"; readonly why: string };

/** One group in one round; the floor was measured before and after everything else. */
export interface GroupRound {
  readonly group: Group;
  readonly round: number;
  readonly floors: readonly [Sample, Sample];
  readonly cells: Readonly<Partial<Record<MeasuredCell, Sample>>>;
}

/** One burst of one cell. */
export interface Sample {
  readonly cell: CellName;
  readonly writes: number;
  /** Answers that the cell must not have, such as denials in `allow`. */
  readonly unexpected: number;
  /** Status and begin of one of them. */
  readonly example?: string;
  readonly milliseconds: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Seconds of CPU in this time. */
  readonly cpu: Readonly<Record<WatchedProcess | "load", number>>;
}

export type WatchedProcess = "apiserver" | "etcd" | "webhook" | "operator";

/** Bytes. */
export interface Memory {
  readonly approvals: number;
  /** After garbage has been collected, before any load with so many approvals. */
  readonly atRest: number;
  readonly heapUsed: number;
  /** The highest right after any cell. */
  readonly highest: number;
}
