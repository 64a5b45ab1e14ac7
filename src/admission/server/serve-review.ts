import type { IncomingMessage } from "node:http";
import { decodeAccess, encodeAccess } from "../authorize/access-codec.ts";
import type { Authorizer } from "../authorize/access-review.ts";
import type { AdmissionRequest } from "../../decision/admission-request.ts";
import type { AdmissionHandler, Answer } from "../handler.ts";
import { answerAccess } from "./answer-access.ts";
import { callTimeout } from "./call-timeout.ts";
import { serverCodes, type ServerCode } from "./codes.ts";
import { findUid } from "./find-uid.ts";
import type { CallerIdentifier } from "./identify-caller.ts";
import { inputReasons, type InputReason } from "./input-reason.ts";
import { readBody } from "./read-body.ts";
import { decodeReview, encodeReview } from "./review-codec.ts";
import { createHandlerRunner } from "./run-handler.ts";
import type { AdmissionEndpoint, AdmissionServerOptions, Endpoint } from "./server-options.ts";
import { parseStrictJson } from "./strict-json.ts";

/** Two objects of 3 MiB (the API server's own limit) and 1 MiB for what stands around them. */
export const maximumBodyBytes = 7 * 1024 * 1024;

/** Of callers who may not call, no more is kept than what the uid is found in: it stands at the front of a review. */
const strangerBodyBytes = 64 * 1024;

const deadlineShare = 0.8;
const recordShare = 0.9;

const accessPath = "/authorize";

type Service =
  | { readonly endpoint: AdmissionEndpoint; readonly handler: AdmissionHandler }
  | { readonly endpoint: "authorize"; readonly authorizer: Authorizer };

const servicesOf = ({ handlers, authorizer }: AdmissionServerOptions): ReadonlyMap<string, Service> =>
  new Map<string, Service>([
    ["/gate", { endpoint: "gate", handler: handlers.gate }],
    ["/guard", { endpoint: "guard", handler: handlers.guard }],
    ["/stamps", { endpoint: "stamps", handler: handlers.stamps }],
    ...(authorizer === undefined ? [] : [[accessPath, { endpoint: "authorize", authorizer }] as const]),
  ]);

const jsonType = /^application\/json[ \t]*(;|$)/i;

/** What goes back on the wire. */
export interface HttpAnswer {
  readonly status: 200 | 400 | 413;
  readonly body: string;
  /** The request was not read to its end: the connection cannot be used again. */
  readonly close: boolean;
}

export interface Refusal {
  readonly code: ServerCode;
  readonly reason: InputReason;
  readonly message: string;
  readonly field?: string;
}

/** The answer to a call that no handler saw: 200 when the review's uid is known, else 400 or, for size, 413. */
export const refusalAnswer = (refusal: Refusal, uid: string | undefined, close = false): HttpAnswer => {
  const { code, reason, message, field } = refusal;
  const answer: Answer = {
    allowed: false,
    code,
    message,
    next: serverCodes[code].next,
    ...(reason === code ? {} : { causes: [{ reason, message, ...(field === undefined ? {} : { field }) }] }),
  };
  const status = uid !== undefined ? 200 : code === "BodyTooLarge" ? 413 : 400;
  return { status, body: encodeReview(uid ?? "", answer), close };
};

/**
 * The same for a SubjectAccessReview, which has no uid: always an HTTP error, so that the API server goes by its
 * `failurePolicy`. With 200 it would read a body of another kind as "no opinion".
 */
const accessRefusalAnswer = ({ code, message }: Refusal, close: boolean): HttpAnswer => ({
  status: code === "BodyTooLarge" ? 413 : 400,
  body: encodeAccess({ code, message, next: serverCodes[code].next }, "server"),
  close,
});

const malformed = (reason: InputReason, message: string, field?: string): Refusal => ({
  code: "MalformedReview",
  reason,
  message,
  ...(field === undefined ? {} : { field }),
});

const unserved: Answer = {
  allowed: false,
  code: "InternalError",
  message: `the call could not be served. ${serverCodes.InternalError.next}`,
};

/**
 * Serves one HTTP request: who calls, what is asked, the body as a review, the handler's answer. Whatever comes in, a
 * review goes out; it never allows unless a handler did. `url` is the request target as it was sent. Never rejects.
 */
export const createReviewServer = (
  options: AdmissionServerOptions,
  identifier: CallerIdentifier,
): ((message: IncomingMessage, url: string) => Promise<HttpAnswer>) => {
  const { clock, metrics, log, onServerDenial } = options;
  const services = servicesOf(options);
  for (const reason of Object.keys(inputReasons)) metrics.rejectedInput.inc({ reason }, 0);
  const runHandler = createHandlerRunner(options);

  const refuse = (
    endpoint: Endpoint | "none",
    refusal: Refusal,
    uid: string | undefined,
    { close = false, asAccess = endpoint === "authorize" } = {},
  ): HttpAnswer => {
    metrics.rejectedInput.inc({ reason: refusal.reason });
    metrics.admissionReviews.inc({ endpoint, verdict: "denied", code: refusal.code });
    return asAccess ? accessRefusalAnswer(refusal, close) : refusalAnswer(refusal, uid, close);
  };

  /** A caller without proof or a path without service: the body is read for its uid alone. */
  const turnAway = async (message: IncomingMessage, refusal: Refusal, asAccess: boolean): Promise<HttpAnswer> => {
    const body = await readBody(message, strangerBodyBytes);
    switch (body.kind) {
      case "ok":
        return refuse("none", refusal, findUid(body.bytes), { asAccess });
      case "too-large":
        return refuse("none", refusal, findUid(body.head), { asAccess, close: true });
      case "aborted":
        return refuse("none", refusal, undefined, { asAccess, close: true });
    }
  };

  const serve = async (message: IncomingMessage, url: string): Promise<HttpAnswer> => {
    const receivedAt = clock();
    const started = performance.now();
    const [path, query] = splitOnce(url, "?");
    const { caller, servicePath } = identifier.identify(message.socket, path);
    const asAccess = servicePath === accessPath;
    if (message.method !== "POST") {
      return turnAway(message, malformed("MethodNotPost", "a review is sent by POST"), asAccess);
    }
    if (caller === undefined) {
      const text = "the caller did not prove that it is the API server";
      const code = "CallerNotAuthenticated";
      return turnAway(message, { code, reason: code, message: text }, asAccess);
    }
    const service = services.get(servicePath);
    if (service === undefined) {
      const code = "UnknownPath";
      return turnAway(message, { code, reason: code, message: "no service has this path" }, asAccess);
    }
    const { endpoint } = service;
    const observe = (phase: string, from: number): number => {
      const now = performance.now();
      metrics.admissionDuration.observe({ endpoint, phase }, (now - from) / 1_000);
      return now;
    };

    const body = await readBody(message, maximumBodyBytes);
    if (body.kind === "aborted") {
      return refuse(endpoint, malformed("BodyAborted", "the body ended early"), undefined, { close: true });
    }
    if (body.kind === "too-large") {
      const text = `the review is larger than ${maximumBodyBytes} bytes`;
      const code = "BodyTooLarge";
      return refuse(endpoint, { code, reason: code, message: text }, findUid(body.head), { close: true });
    }
    const arrivedAt = clock();
    const read = observe("read", started);
    const { bytes } = body;
    if (bytes.length === 0) return refuse(endpoint, malformed("EmptyBody", "the request has no body"), undefined);
    if (!jsonType.test(message.headers["content-type"] ?? "")) {
      return refuse(endpoint, malformed("NotJson", "the content type must be application/json"), findUid(bytes));
    }
    const parsed = parseStrictJson(bytes);
    if (parsed.kind === "error") return refuse(endpoint, malformed(parsed.reason, parsed.message), parsed.uid);

    const timeout = callTimeout(query);
    const budget = {
      deadline: receivedAt + timeout * deadlineShare,
      recordUntil: receivedAt + timeout * recordShare,
    };
    if (service.endpoint === "authorize") {
      const access = decodeAccess(parsed.value);
      if (access.kind === "error") {
        return refuse(endpoint, malformed(access.reason, access.message, access.field), undefined);
      }
      const decoded = observe("parse", read);
      const encoded = await answerAccess({ spec: access.spec, caller }, budget, {
        authorizer: service.authorizer,
        runHandler,
        metrics,
      });
      observe("handle", decoded);
      observe("total", started);
      return { status: 200, body: encoded, close: false };
    }
    const review = decodeReview(parsed.value);
    if (review.kind === "error") {
      return refuse(endpoint, malformed(review.reason, review.message, review.field), review.uid);
    }
    const decoded = observe("parse", read);

    const call = { request: review.request, caller, arrivedAt, deadline: budget.deadline };
    const { uid } = review.request;
    const { answer: given } = await runHandler(
      {
        endpoint,
        id: uid,
        start: () => service.handler(call),
        record: onServerDenial && ((denial) => onServerDenial({ endpoint: service.endpoint, call, answer: denial })),
      },
      budget,
    );
    observe("handle", decoded);
    const answer = neverRefusesDeletion(endpoint, review.request, given);
    const encoded = encode(uid, answer);
    metrics.admissionReviews.inc({ endpoint, verdict: answer.allowed ? "allowed" : "denied", code: answer.code });
    observe("total", started);
    return { status: 200, body: encoded, close: false };
  };

  /** An answer that cannot be written (a patch that is no JSON) is a denial, still under the review's uid. */
  const encode = (uid: string, answer: Answer): string => {
    try {
      return encodeReview(uid, answer);
    } catch (error) {
      log.error({ err: error, uid, code: answer.code }, "an answer could not be encoded");
      return encodeReview(uid, unserved);
    }
  };

  return async (message, url) => {
    try {
      return await serve(message, url);
    } catch (error) {
      log.error({ err: error }, "a call could not be served");
      metrics.admissionReviews.inc({ endpoint: "none", verdict: "denied", code: unserved.code });
      return { status: 400, body: encodeReview("", unserved), close: true };
    }
  };
};

/**
 * Deleting one of Writ's objects revokes, so it passes whatever became of noting it: too many calls at once, no time left
 * and a failing guard are no reasons to keep a revocation out.
 */
const neverRefusesDeletion = (endpoint: Endpoint, { operation }: AdmissionRequest, answer: Answer): Answer =>
  endpoint === "guard" && operation === "DELETE" && !answer.allowed
    ? { allowed: true, code: answer.code, message: "", warnings: [`this deletion could not be noted: ${answer.code}`] }
    : answer;

/** The parts before and behind the first `separator`. */
const splitOnce = (text: string, separator: string): readonly [string, string] => {
  const index = text.indexOf(separator);
  return index === -1 ? [text, ""] : [text.slice(0, index), text.slice(index + separator.length)];
};
