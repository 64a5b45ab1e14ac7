import type { Answer, Call } from "../handler.ts";
import { serverCodes, type ServerCode } from "./codes.ts";
import type { AdmissionServerOptions, Endpoint } from "./server-options.ts";

type RunnerOptions = Pick<
  AdmissionServerOptions,
  "handlers" | "clock" | "metrics" | "log" | "limits" | "eventLoopLag" | "onServerDenial"
>;

/** When an answer must be ready, and until when the record of a denial may be waited for; wall clock, milliseconds. */
interface Budget {
  readonly deadline: number;
  readonly recordUntil: number;
}

interface Outcome {
  readonly by: "handler" | "server";
  readonly answer: Answer;
}

export type HandlerRunner = (endpoint: Endpoint, call: Call, budget: Budget) => Promise<Answer>;

const denial = (code: ServerCode, message: string): Answer => ({
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
  const { handlers, clock, metrics, log, limits, eventLoopLag, onServerDenial } = options;
  let inflight = 0;

  const recorded = async (endpoint: Endpoint, call: Call, answer: Answer, until: number): Promise<Answer> => {
    if (onServerDenial === undefined) return answer;
    const work = (async () => onServerDenial({ endpoint, call, answer }))().then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    const outcome = await within(work, until - clock(), { error: new Error("not recorded in time") });
    if (outcome !== undefined) {
      metrics.unrecordedDenials.inc({ endpoint });
      log.error({ err: outcome.error, uid: call.request.uid, code: answer.code }, "a denial could not be recorded");
    }
    return answer;
  };

  const start = async (endpoint: Endpoint, call: Call): Promise<Answer> => {
    inflight += 1;
    metrics.inflight.set(inflight);
    try {
      return await handlers[endpoint](call);
    } finally {
      inflight -= 1;
      metrics.inflight.set(inflight);
    }
  };

  const run = async (endpoint: Endpoint, call: Call, deadline: number): Promise<Outcome> => {
    const remaining = deadline - clock();
    const tooLate: Outcome = {
      by: "server",
      answer: denial("DeadlineExceeded", "no decision in the time that the API server grants."),
    };
    if (remaining <= 0) return tooLate;
    let abandoned = false;
    const settled = start(endpoint, call).then(
      (answer): Outcome => {
        if (abandoned) metrics.lateResults.inc({ endpoint });
        return { by: "handler", answer };
      },
      (error: unknown): Outcome => {
        metrics.handlerErrors.inc({ endpoint });
        if (abandoned) metrics.lateResults.inc({ endpoint });
        log.error({ err: error, uid: call.request.uid, endpoint }, "the handler threw");
        return { by: "server", answer: denial("InternalError", `review ${call.request.uid} could not be decided.`) };
      },
    );
    const outcome = await within(settled, remaining, undefined);
    // An answer that is ready but was overtaken by the clock is late as well.
    if (outcome !== undefined && clock() < deadline) return outcome;
    if (outcome === undefined) abandoned = true;
    else metrics.lateResults.inc({ endpoint });
    return tooLate;
  };

  return async (endpoint, call, { deadline, recordUntil }) => {
    if (inflight >= limits.maxConcurrent || eventLoopLag() > limits.maxEventLoopLag) {
      return recorded(endpoint, call, denial("Overloaded", "too many reviews at once."), deadline);
    }
    const { by, answer } = await run(endpoint, call, deadline);
    return by === "server" ? recorded(endpoint, call, answer, recordUntil) : answer;
  };
};
