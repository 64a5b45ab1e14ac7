import type { WriteLoadResult, WriteLoadSpec } from "./apiserver/write-load.ts";
import type { PopulationSpec } from "./population.ts";
import type { ReviewSpec } from "./reviews.ts";

/** What a child of the benchmark is asked over IPC; each request gets one answer with the same id. */
export type Ask =
  | { readonly ask: "usage" }
  /** Collects garbage first, twice, so that finalisers have run; the child needs --expose-gc. */
  | { readonly ask: "settled usage" }
  | { readonly ask: "load"; readonly load: LoadSpec }
  | { readonly ask: "write"; readonly write: WriteLoadSpec };

export type Result = Usage | LoadResult | WriteLoadResult;

export interface Usage {
  /** CPU time of the whole process so far, in microseconds. */
  readonly cpu: number;
  /** The same of the thread that runs JavaScript. */
  readonly mainThread: number;
  /** Bytes. */
  readonly resident: number;
  readonly heapUsed: number;
}

/** One burst of load on one endpoint. */
export interface LoadSpec {
  readonly review: ReviewSpec;
  readonly target: Target;
  readonly connections: number;
  readonly milliseconds: number;
  /** Every answer must carry this reason code. */
  readonly expect: string;
}

export interface Target {
  readonly port: number;
  readonly path: string;
  readonly caFile: string;
}

export interface LoadResult {
  readonly answers: number;
  readonly milliseconds: number;
  /** Milliseconds from the first byte sent to the last received. */
  readonly p50: number;
  readonly p99: number;
}

export interface StubSpec {
  readonly population: PopulationSpec;
  readonly createdAt: number;
  readonly tls: { readonly certFile: string; readonly keyFile: string };
}

/** What a child says by itself when it serves. */
export interface Serving {
  readonly serving: true;
  readonly port: number;
}

export type Request = Ask & { readonly id: number };
export type Answer = { readonly id: number } & ({ readonly result: Result } | { readonly error: string });
