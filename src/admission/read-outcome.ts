import { KubeError } from "../kube/kube-error.ts";

/** What became of a read that gave no object. */
export type FailedRead = "not-found" | "timeout" | "error";

export function classifyReadError(error: unknown): FailedRead {
  if (!(error instanceof KubeError)) return "error";
  if (error.status === 404) return "not-found";
  return error.reason === "Timeout" ? "timeout" : "error";
}

/** A Date header names a whole second, so the API server's clock lies within the second that follows it. */
export function skewOf(serverDate: number | undefined, now: number): number {
  if (serverDate === undefined) return Number.POSITIVE_INFINITY;
  return Math.max(serverDate - now, now - (serverDate + 1000), 0);
}
