import type { Condition } from "../api/object-meta.ts";
import { formatSeconds } from "../api/timestamp.ts";

/** What is observed now; the time of transition follows from what was observed before. */
export interface Observation {
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
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
