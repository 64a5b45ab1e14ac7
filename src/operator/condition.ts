import type { Condition } from "../api/object-meta.ts";
import { formatSeconds } from "../api/timestamp.ts";

/** What is observed now; the time of transition follows from what was observed before. */
export interface Observation {
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

/**
 * The condition by which kstatus (sigs.k8s.io/cli-utils, pkg/kstatus) knows that a resource failed: it is not as its
 * spec wants it, and nothing changes before somebody acts. Its absence means that all is well.
 */
export function stalled({ reason, message }: Pick<Observation, "reason" | "message">): Observation {
  return { type: "Stalled", status: true, reason, message };
}

/** Ready, with Stalled beside it when it is not: else kstatus would wait for a Ready that comes of no waiting. */
export function readyOrStalled(ready: Observation): readonly Observation[] {
  return ready.status ? [ready] : [ready, stalled(ready)];
}

/** Conditions by the Kubernetes API conventions: lastTransitionTime moves only when the status does. */
export function conditionsOf(
  observations: readonly Observation[],
  before: readonly Condition[] | undefined,
  generation: number | undefined,
  now: number,
): readonly Condition[] {
  return observations.map(({ type, status, reason, message }) => {
    const text = status ? "True" : "False";
    const previous = before?.find((condition) => condition.type === type);
    return {
      type,
      status: text,
      reason,
      message,
      lastTransitionTime: previous?.status === text ? previous.lastTransitionTime : formatSeconds(now),
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
  });
}
