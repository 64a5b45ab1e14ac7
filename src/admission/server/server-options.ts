import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { CallersConfiguration, ListenAddress } from "../../config/config.ts";
import type { Authorizer } from "../authorize/access-review.ts";
import type { AdmissionHandler, Answer, Call } from "../handler.ts";

/** The services for AdmissionReviews, by the last segment of their path. */
export type AdmissionEndpoint = "gate" | "guard" | "stamps";

/** All services: `authorize` takes SubjectAccessReviews. */
export type Endpoint = AdmissionEndpoint | "authorize";

/** A denial that the server gave in a handler's place: Overloaded, DeadlineExceeded or InternalError. */
export interface ServerDenial {
  readonly endpoint: AdmissionEndpoint;
  readonly call: Call;
  readonly answer: Answer;
}

export interface AdmissionServerOptions {
  readonly listen: ListenAddress;
  /** PEM files; both are read again when they change. */
  readonly tls: { readonly certFile: string; readonly keyFile: string };
  readonly callers: CallersConfiguration;
  readonly handlers: Readonly<Record<AdmissionEndpoint, AdmissionHandler>>;
  /** Absent: `/authorize` is an unknown path. */
  readonly authorizer?: Authorizer;
  /** Wall clock, milliseconds since the epoch. */
  readonly clock: () => number;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly limits: { readonly maxConcurrent: number; readonly maxEventLoopLag: number };
  /** 99th percentile of the event loop's lag in milliseconds; see `watchEventLoopLag`. */
  readonly eventLoopLag: () => number;
  /**
   * Records a denial that no handler gave. The answer waits for it until 90 % of the API server's timeout;
   * its failure is logged and counted, the denial stands.
   */
  readonly onServerDenial?: (denial: ServerDenial) => Promise<void>;
}

export interface CloseOptions {
  /** Milliseconds to go on serving with `Connection: close`, for callers that do not know yet (endpoint lag). */
  readonly lameDuck?: number;
  /** Milliseconds after which connections still open are cut, counted from the end of the lame duck time. */
  readonly grace?: number;
}

export interface AdmissionServer {
  /** `https://host:port`, followed by `/<segment>` when callers are known by the path. Append `/gate` and so on. */
  readonly url: string;
  /** Reads certificate, key and client CA again now; true when new ones took effect. */
  readonly reload: () => Promise<boolean>;
  /** Stops without dropping a request; idempotent. Turn readiness off before. */
  readonly close: (options?: CloseOptions) => Promise<void>;
}
