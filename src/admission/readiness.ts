import type { WritCache } from "../cache/writ-cache.ts";

/** How far a webhook process is: only one that serves may be sent requests. */
export type WebhookStage = "starting" | "serving" | "closing";

export interface Readiness {
  readonly ready: boolean;
  /** One line each, for /readyz. */
  readonly problems: readonly string[];
}

/** Whether a webhook process can give answers that others need not repeat, and what keeps it from that. */
export function webhookReadiness(stage: WebhookStage, cache: Pick<WritCache, "problems" | "silent">): Readiness {
  const problems = [...cache.problems(), ...cache.silent(), ...stageProblems[stage]];
  return { ready: problems.length === 0, problems };
}

const stageProblems: Readonly<Record<WebhookStage, readonly string[]>> = {
  starting: ["does not listen yet"],
  serving: [],
  closing: ["shutting down"],
};
