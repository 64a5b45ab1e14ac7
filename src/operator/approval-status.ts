import { describeMissing, lifecycle } from "../api/lifecycle.ts";
import { formatSeconds, formatTimestamp } from "../api/timestamp.ts";
import type { ElevationApproval, ElevationApprovalStatus } from "../api/types.gen.ts";
import type { Trust } from "../api/trust.ts";
import { usesOf } from "../api/uses.ts";
import type { Snapshot } from "../decision/snapshot.ts";
import { conditionsOf, stalled } from "./condition.ts";
import type { DesiredStatus } from "./status-controller.ts";

/** The status of an approval: its lifecycle as people read it. No decision trusts it, the use counter aside. */
export function approvalStatus(
  approval: ElevationApproval,
  snapshot: Snapshot,
  trust: Trust,
  now: number,
): DesiredStatus<ElevationApprovalStatus> {
  const capability = snapshot.capability(approval.spec.capabilityName);
  const life = lifecycle({ approval, capability, owners: snapshot.owners, now, uses: usesOf(approval), trust });
  const end = life.expiresAt ?? (life.phase === "Pending" ? life.terms?.pendingUntil : undefined);
  const { generation } = approval.metadata;
  const isLive = life.phase === "Live";
  return {
    status: {
      phase: life.phase,
      ...(life.approvedAt === undefined ? {} : { approvedAt: formatSeconds(life.approvedAt) }),
      ...(end === undefined ? {} : { expiresAt: formatSeconds(end) }),
      missing: life.phase === "Pending" ? life.missing.map((entry) => describeMissing([entry])) : [],
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      conditions: conditionsOf(
        [
          {
            type: "Approved",
            status: life.approvedAt !== undefined,
            reason: life.approvedAt === undefined ? life.reason : "QuorumMet",
            message:
              life.approvedAt === undefined ? life.message : `the quorum was met ${formatTimestamp(life.approvedAt)}`,
          },
          { type: "Live", status: isLive, reason: life.reason, message: life.message },
          // Whatever else it waits for (people, its time) or is over by needs no mending.
          ...(life.phase === "Invalid" ? [stalled(life)] : []),
        ],
        approval.status?.conditions,
        generation,
        now,
      ),
    },
    nextChangeAt: life.nextChangeAt,
  };
}
