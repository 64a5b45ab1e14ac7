import { agentUserName } from "../api/agents.ts";
import { claimsOverlap } from "../api/claims.ts";
import { describeOwnerProblem, ownerProblem } from "../api/owners.ts";
import { parseTimestamp } from "../api/timestamp.ts";
import type { IdentityOwner, IdentityOwnerStatus } from "../api/types.gen.ts";
import type { Snapshot } from "../decision/snapshot.ts";
import { conditionsOf, readyOrStalled } from "./condition.ts";
import type { Observation } from "./condition.ts";
import type { DesiredStatus } from "./status-controller.ts";

/** Whether an owner is live and its claims are its own. */
export function ownerStatus(owner: IdentityOwner, snapshot: Snapshot, now: number): DesiredStatus<IdentityOwnerStatus> {
  const { generation } = owner.metadata;
  const reviewBy = parseTimestamp(owner.spec.reviewBy);
  return {
    status: {
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      conditions: conditionsOf(
        readyOrStalled(observe(owner, snapshot, now)),
        owner.status?.conditions,
        generation,
        now,
      ),
    },
    nextChangeAt: reviewBy !== undefined && reviewBy > now ? reviewBy : undefined,
  };
}

function observe(owner: IdentityOwner, snapshot: Snapshot, now: number): Observation {
  const { name } = owner.metadata;
  const notReady = (reason: string, message: string): Observation => ({
    type: "Ready",
    status: false,
    reason,
    message,
  });
  const problem = ownerProblem(owner, now);
  if (problem) return notReady(problem, describeOwnerProblem(name, problem));
  for (const agent of (owner.spec.identities ?? []).map(agentUserName)) {
    const rivals = snapshot.owners.ofIdentity(agent).filter((other) => other.metadata.name !== name);
    if (rivals.length > 0) {
      const names = rivals.map((rival) => `"${rival.metadata.name}"`).join(", ");
      return notReady(
        "ConflictingIdentity",
        `agent ${agent} is claimed by ${names} too and denied until one gives it up`,
      );
    }
  }
  const rivals = snapshot.owners.all.filter((other) => other.metadata.name !== name && claimsOverlap(owner, other));
  if (rivals.length > 0) {
    const names = rivals.map((rival) => `"${rival.metadata.name}"`).join(", ");
    return notReady("ConflictingClaim", `${names} claims some of the same resources equally precisely`);
  }
  return { type: "Ready", status: true, reason: "Live", message: "answers for its identities and resources" };
}
