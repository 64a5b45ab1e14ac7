import type { AdmissionRequest } from "../decision/admission-request.ts";

/** How the caller of the webhook proved that it is the API server; recorded with every decision. */
export type Caller =
  | { readonly kind: "client-certificate"; readonly sha256: string; readonly commonName: string }
  | { readonly kind: "path" };

/** What a handler knows of a call besides its review. */
export interface Call {
  readonly request: AdmissionRequest;
  readonly caller: Caller;
  /** Wall clock, milliseconds since the epoch, when the whole body had arrived. */
  readonly arrivedAt: number;
  /** Wall clock, milliseconds: an answer later than this is worthless (80 % of the API server's `?timeout=`). */
  readonly deadline: number;
}

export interface Cause {
  /** Reason code of the cause, in CamelCase. */
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/** One RFC 6902 operation; only the stamps use them. */
export interface JsonPatchOperation {
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly value?: unknown;
}

/**
 * A handler's answer. `allowed: false` always carries a stable reason code (docs/reference/errors.md) and a message
 * that says what to do next. It becomes a Status with code 403, reason Forbidden and `details.causes`
 * whose first cause is the reason code. Never 429 or 5xx: kubectl retries those by itself.
 */
export interface Answer {
  readonly allowed: boolean;
  readonly code: string;
  /** What is wrong. Every part is escaped by the codec: names in it may be hostile. */
  readonly message: string;
  /** What the reader does next: a line of its own below the message, and a cause `NextStep` for programs. */
  readonly next?: string;
  readonly causes?: readonly Cause[];
  /** Each is cut to one line of at most 256 characters by the codec. */
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  readonly patch?: readonly JsonPatchOperation[];
}

/** Serves one path. A thrown error becomes a denial `InternalError` with the request's uid, never a bare 500. */
export type AdmissionHandler = (call: Call) => Promise<Answer>;
