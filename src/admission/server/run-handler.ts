import { serverCodes, type ServerCode } from "./codes.ts";
import type { AdmissionServerOptions, Endpoint } from "./server-options.ts";

type RunnerOptions = Pick<AdmissionServerOptions, "clock" | "metrics" | "log" | "limits" | "eventLoopLag">;

/** A denial by the server itself. */
interface ServerRefusal {
  readonly allowed: false;
  readonly code: ServerCode;
  readonly message: string;
  readonly next: string;
}

/** A call whose answer somebody waits for. */
interface Work<A> {
  readonly endpoint: Endpoint;
  /** Names the call in the log. */
  readonly id: string;
  readonly start: () => Promise<A>;
  /** Records a denial that the server gives in the handler's place. */
  readonly record: ((denial: ServerRefusal) => Promise<void>) | undefined;
}

/** When an answer must be ready, and until when the record of a denial may be waited for; wall clock, milliseconds. */
export interface Budget {
  readonly deadline: number;
  readonly recordUntil: number;
}

/** What the handler answered, or the denial that the server gave in its place. */
type Outcome<A> =
  { readonly by: "handler"; readonly answer: A } | { readonly by: "server"; readonly answer: ServerRefusal };

export type HandlerRunner = <A>(work: Work<A>, budget: Budget) => Promise<Outcome<A>>;

const denial = (code: ServerCode, message: string): ServerRefusal => ({
  allowed: false,
  code,
  message,
  next: serverCodes[code].next,
});

/** Settles with `late` when `work` has not settled in `milliseconds`; the timer never outlives the work. */
const within = async <T, L>(work: Promise<T>, milliseconds: number, late: L): Promise<T | L> => {
  let timer: NodeJS.Timeout | undefined;
  const alarm = new Promise<L>((resolve) => {
    timer = setTimeout(() => resolve(late), Math.max(0, milliseconds));
  });
  try {
    return await Promise.race([work, alarm]);
  } finally {
    clearTimeout(timer);
  }
};

/**
 * Runs handlers so that every call ends in an answer, in time: more calls than the limits allow are denied at once,
 * a handler that throws or comes late is answered for. A late handler counts as in flight until it ends, since its
 * work goes on; its result is dropped.
 */
export const createHandlerRunner = (options: RunnerOptions): HandlerRunner => {
  const { clock, metrics, log, limits, eventLoopLag } = options;
  const inflight = { agents: 0, people: 0 };
  /** Agents must not be able to keep people from revoking: each side is counted apart, and lag sheds agents alone. */
  const sideOf = (endpoint: Endpoint): keyof typeof inflight =>
    endpoint === "gate" || endpoint === "authorize" ? "agents" : "people";
  const isOverloaded = (endpoint: Endpoint): boolean => {
    const side = sideOf(endpoint);
    return inflight[side] >= limits.maxConcurrent || (side === "agents" && eventLoopLag() > limits.maxEventLoopLag);
  };

  const recorded = async <A>(work: Work<A>, answer: ServerRefusal, until: number): Promise<Outcome<A>> => {
    const { endpoint, id, record } = work;
    if (record === undefined) return { by: "server", answer };
    const recording = (async () => record(answer))().then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    const outcome = await within(recording, until - clock(), { error: new Error("not recorded in time") });
    if (outcome !== undefined) {
      metrics.unrecordedDenials.inc({ endpoint });
      log.error({ err: outcome.error, uid: id, code: answer.code }, "a denial could not be recorded");
    }
    return { by: "server", answer };
  };

  const start = async <A>(work: Work<A>): Promise<A> => {
    const side = sideOf(work.endpoint);
    inflight[side] += 1;
    metrics.inflight.set(inflight.agents + inflight.people);
    try {
      return await work.start();
    } finally {
      inflight[side] -= 1;
      metrics.inflight.set(inflight.agents + inflight.people);
    }
  };

  const run = async <A>(work: Work<A>, deadline: number): Promise<Outcome<A>> => {
    const { endpoint, id } = work;
    const remaining = deadline - clock();
    const tooLate: Outcome<A> = {
      by: "server",
      answer: denial("DeadlineExceeded", "no decision in the time that the API server grants."),
    };
    if (remaining <= 0) return tooLate;
    let abandoned = false;
    const settled = start(work).then(
      (answer): Outcome<A> => {
        if (abandoned) metrics.lateResults.inc({ endpoint });
        return { by: "handler", answer };
      },
      (error: unknown): Outcome<A> => {
        metrics.handlerErrors.inc({ endpoint });
        if (abandoned) metrics.lateResults.inc({ endpoint });
        log.error({ err: error, uid: id, endpoint }, "the handler threw");
        return { by: "server", answer: denial("InternalError", `review ${id} could not be decided.`) };
      },
    );
    const outcome = await within(settled, remaining, undefined);
    // An answer that is ready but was overtaken by the clock is late as well.
    if (outcome !== undefined && clock() < deadline) return outcome;
    if (outcome === undefined) abandoned = true;
    else metrics.lateResults.inc({ endpoint });
    return tooLate;
  };

  return async (work, { deadline, recordUntil }) => {
    if (isOverloaded(work.endpoint)) {
      return recorded(work, denial("Overloaded", "too many reviews at once."), deadline);
    }
    const outcome = await run(work, deadline);
    return outcome.by === "server" ? recorded(work, outcome.answer, recordUntil) : outcome;
  };
};
