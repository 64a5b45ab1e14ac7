import { setTimeout as sleep } from "node:timers/promises";
import type { ApiResponse } from "../../control-plane/control-plane.ts";
import { type Status, outcome } from "../writ/bench.ts";

/** Writes of people that were refused for no fault of theirs, and tried again. */
export interface Refusals {
  /** What the API server said when no replica's answer reached it. */
  readonly unanswered: string[];
  /** What replicas said that could not judge in time, as happens on a machine that is too small. */
  readonly overwhelmed: string[];
}

export const noRefusals = (): Refusals => ({ unanswered: [], overwhelmed: [] });

const maxAttempts = 200;
const pauseMs = 25;

/** Denials that say: try again. */
const overwhelmed: ReadonlySet<string> = new Set(["DeadlineExceeded", "LookupFailed", "Overloaded", "RegisterFailed"]);

/**
 * Tries until Writ judges, as a person would whose write was in flight to a replica that died. Any other answer stands:
 * it is for the caller to look at. @throws when Writ does not judge in 200 attempts
 */
export async function persist(refusals: Refusals, write: () => Promise<ApiResponse>): Promise<ApiResponse> {
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const response = await write();
    if (response.status < 300) return response;
    const { message = "" } = response.json() as Status;
    if (message.includes("failed calling webhook")) refusals.unanswered.push(message);
    else if (overwhelmed.has(outcome(response))) refusals.overwhelmed.push(message);
    else return response;
    await sleep(pauseMs);
  }
  throw new Error(`refused ${maxAttempts} times: ${refusals.unanswered.at(-1)}, ${refusals.overwhelmed.at(-1)}`);
}
