export interface KubeErrorDetails {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly retryAfterSeconds?: number | undefined;
  readonly cause?: unknown;
}

/**
 * An API call that did not succeed.
 *
 * `status` is the HTTP status, or the `code` of a watch's ERROR event, or 0 when no answer came:
 * then `reason` is `Timeout`, `Unreachable` or `InvalidResponse`. Otherwise `reason` is that of the
 * API server's Status object (`NotFound`, `Conflict`, `Expired`, ...), or `Unknown`.
 */
export class KubeError extends Error {
  override readonly name = "KubeError";
  readonly status: number;
  readonly reason: string;
  /** Seconds that the server asked us to wait, from Retry-After or `details.retryAfterSeconds`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(details: KubeErrorDetails) {
    super(details.message, { cause: details.cause });
    this.status = details.status;
    this.reason = details.reason;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

/** Reads a `Status` body (meta/v1), which may be anything at all, into an error. */
export function errorFromStatus(httpStatus: number, body: unknown, retryAfter: string | undefined): KubeError {
  const status = asRecord(body);
  const details = asRecord(status["details"]);
  const code = typeof status["code"] === "number" ? status["code"] : 0;
  return new KubeError({
    status: httpStatus === 0 ? code : httpStatus,
    reason: text(status["reason"]) ?? "Unknown",
    message: (text(status["message"]) ?? `the API server answered ${String(httpStatus)}`).slice(0, 2048),
    retryAfterSeconds: seconds(retryAfter) ?? seconds(details["retryAfterSeconds"]),
  });
}

/** 410 at connect, in a stream, or on a continue token: what we knew is too old to go on from. */
export function isExpired(error: unknown): boolean {
  return error instanceof KubeError && (error.status === 410 || error.reason === "Expired" || error.reason === "Gone");
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Retry-After as delta-seconds; the API server never sends the date form (RFC 9110 10.2.3). */
function seconds(value: unknown): number | undefined {
  if (value === undefined || value === "") return undefined;
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? number : undefined;
}
