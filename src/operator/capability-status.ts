import { capabilityProblem } from "../api/capability-state.ts";
import { parseTimestamp } from "../api/timestamp.ts";
import type { Trust } from "../api/trust.ts";
import type { AgentCapability, AgentCapabilityStatus } from "../api/types.gen.ts";
import type { Snapshot } from "../decision/snapshot.ts";
import { conditionsOf, readyOrStalled } from "./condition.ts";
import type { DesiredStatus } from "./status-controller.ts";

/** Whether a capability is in force, with the cure where it is not. */
export function capabilityStatus(
  capability: AgentCapability,
  snapshot: Snapshot,
  trust: Trust,
  now: number,
): DesiredStatus<AgentCapabilityStatus> {
  const { generation } = capability.metadata;
  const notAfter = parseTimestamp(capability.spec.definedBy?.notAfter);
  const problem = capabilityProblem(capability, snapshot.owners, now, trust);
  const observation = problem
    ? { type: "Ready", status: false, reason: problem.code, message: problem.message }
    : { type: "Ready", status: true, reason: "InForce", message: `defined by ${capability.spec.definedBy?.by ?? ""}` };
  return {
    status: {
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      conditions: conditionsOf(readyOrStalled(observation), capability.status?.conditions, generation, now),
    },
    nextChangeAt: notAfter !== undefined && notAfter > now ? notAfter : undefined,
  };
}
