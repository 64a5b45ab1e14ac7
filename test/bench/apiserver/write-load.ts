/** One burst of updates of ConfigMaps on a real API server. */
export interface WriteLoadSpec {
  /** `https://HOST:PORT` */
  readonly server: string;
  /** PEM of the authority of its certificate. */
  readonly ca: string;
  /** One write is under way in each lane, whose writers take turns. */
  readonly lanes: readonly (readonly Writer[])[];
  readonly milliseconds: number;
  readonly expect: Expectation;
  /** Process ids whose CPU time is measured over the very time of the load, by name. */
  readonly watched: Readonly<Record<string, number>>;
}

/** A connection of its own, for one ConfigMap that nobody else writes. */
export interface Writer {
  readonly token: string;
  /** Path of the ConfigMap. */
  readonly path: string;
}

export interface Expectation {
  readonly status: number;
  /** Part of the body. */
  readonly text: string;
}

export interface WriteLoadResult {
  readonly answers: number;
  /** Answers that were not as expected, and one of them. */
  readonly unexpected: number;
  readonly example?: string;
  readonly milliseconds: number;
  /** Milliseconds from sending a write until its whole answer is there. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Seconds of CPU by name of the process, and of the load generator as `load`. */
  readonly cpu: Readonly<Record<string, number>>;
}

/**
 * Who writes what in which lane: with as many lanes as agents or more each lane has one writer, otherwise the lanes
 * share the agents out. The writers of one agent are of different ConfigMaps.
 * @param writersOf writers by agent; each agent needs one for each lane that it gets
 */
export function lanesOf(
  writersOf: readonly (readonly Writer[])[],
  concurrency: number,
): readonly (readonly Writer[])[] {
  const agents = writersOf.length;
  const writer = (agent: number, index: number): Writer => {
    const found = writersOf[agent]?.[index];
    if (found === undefined) throw new Error(`agent ${agent} has no writer ${index}`);
    return found;
  };
  return Array.from({ length: concurrency }, (_, lane) =>
    concurrency >= agents
      ? [writer(lane % agents, Math.floor(lane / agents))]
      : Array.from({ length: Math.ceil((agents - lane) / concurrency) }, (_, turn) =>
          writer(lane + turn * concurrency, 0),
        ),
  );
}
