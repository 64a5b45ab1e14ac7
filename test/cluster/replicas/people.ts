import { setTimeout as sleep } from "node:timers/promises";
import type { ApiResponse } from "../../control-plane/control-plane.ts";
import type { Status } from "../writ/bench.ts";

/** Writes of people that were refused since no replica's answer reached the API server, while others lived. */
export interface Refusals {
  readonly messages: string[];
}

const maxAttempts = 200;
const pauseMs = 25;

/**
 * Tries until Writ answers, as a person would whose write was in flight to a replica that died. Any other answer than
 * that of a failed call stands: it is for the caller to judge.
 */
export async function persist(refusals: Refusals, write: () => Promise<ApiResponse>): Promise<ApiResponse> {
  for (let attempt = 1; ; attempt++) {
    const response = await write();
    const { message = "" } = response.status === 500 ? (response.json() as Status) : {};
    if (!message.includes("failed calling webhook")) return response;
    refusals.messages.push(message);
    if (attempt === maxAttempts) throw new Error(`refused ${attempt} times, last: ${message}`);
    await sleep(pauseMs);
  }
}
