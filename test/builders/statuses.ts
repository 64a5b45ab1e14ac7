import type { Phase } from "../../src/api/lifecycle.ts";
import type { AgentCapability, ElevationApproval, IdentityOwner } from "../../src/api/types.gen.ts";
import { approvalStatus } from "../../src/operator/approval-status.ts";
import { capabilityStatus } from "../../src/operator/capability-status.ts";
import { ownerStatus } from "../../src/operator/owner-status.ts";
import { approval, approvedBy, rejectDecision, withDecisions } from "./approval.ts";
import { capability, editCapability } from "./capability.ts";
import { ours } from "./installation.ts";
import { editOwner, owner } from "./owner.ts";
import { after, hour, minute, second, timestamp } from "./time.ts";
import { approved, payments, pending, platform, root, scaler, snapshot } from "./world.ts";
import type { World } from "./world.ts";

interface Setting extends Partial<World> {
  readonly now?: number;
}

const twoMinutes = after(2 * minute);
const alice = { by: "alice@example.com", ownerName: "payments" };
const bob = { by: "bob@example.com", ownerName: "platform" };

function withStatus(elev: ElevationApproval, { now = twoMinutes, ...world }: Setting = {}): ElevationApproval {
  return { ...elev, status: approvalStatus(elev, snapshot(world), ours.trust, now).status };
}

function capabilityWithStatus(cap: AgentCapability, { now = twoMinutes, ...world }: Setting = {}): AgentCapability {
  return { ...cap, status: capabilityStatus(cap, snapshot(world), ours.trust, now).status };
}

function ownerWithStatus(one: IdentityOwner, { now = twoMinutes, ...world }: Setting = {}): IdentityOwner {
  return { ...one, status: ownerStatus(one, snapshot(world), now).status };
}

const later = approval("inc-1234", { notBefore: timestamp(after(hour)) });
const once = approval("inc-1234", { maxUses: 1 });

/** An approval in each phase, with the status that the operator writes. */
export const approvalsByPhase: Readonly<Record<Phase, ElevationApproval>> = {
  Pending: withStatus(pending),
  Approved: withStatus(approvedBy(later, scaler, alice, bob)),
  Live: withStatus(approved),
  Denied: withStatus(withDecisions(pending, rejectDecision(pending, { ...bob, at: after(second) }))),
  Revoked: withStatus(withDecisions(approved, rejectDecision(approved, { ...bob, at: twoMinutes }))),
  Expired: withStatus(approved, { now: after(hour) }),
  Exhausted: withStatus({ ...approvedBy(once, scaler, alice, bob), status: { uses: 1 } }),
  Invalid: withStatus(approved, { capabilities: [] }),
  Suspended: withStatus(approved, { owners: [root, platform, editOwner(payments, { suspended: true })] }),
};

const edited = editCapability(scaler, { description: "edited" });
const suspended = editCapability(scaler, { suspended: true });

/** Capabilities by the reason of their condition Ready, with the status that the operator writes. */
export const capabilitiesByReason: ReadonlyMap<string, AgentCapability> = new Map([
  ["InForce", capabilityWithStatus(scaler)],
  ["CapabilityNotDefined", capabilityWithStatus(capability("payments-scaler"))],
  ["CapabilityChanged", capabilityWithStatus(edited)],
  ["CapabilitySuspended", capabilityWithStatus(suspended)],
  ["PolicyOwnerNotLive", capabilityWithStatus(scaler, { owners: [root, payments] })],
]);

const stopped = editOwner(payments, { suspended: true });
const rival = owner("rival", { resources: payments.spec.resources ?? [] });

/** Owners by the reason of their condition Ready, with the status that the operator writes. */
export const ownersByReason: ReadonlyMap<string, IdentityOwner> = new Map([
  ["Live", ownerWithStatus(payments)],
  ["OwnerSuspended", ownerWithStatus(stopped)],
  ["OwnerReviewOverdue", ownerWithStatus(editOwner(payments, { reviewBy: timestamp(after(minute)) }))],
  ["ConflictingClaim", ownerWithStatus(payments, { owners: [root, platform, payments, rival] })],
]);
