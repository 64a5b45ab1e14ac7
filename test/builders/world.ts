import type { AgentCapability, ElevationApproval, IdentityOwner } from "../../src/api/types.gen.ts";
import { snapshotOf } from "../../src/decision/snapshot.ts";
import type { Snapshot } from "../../src/decision/snapshot.ts";
import { bot } from "./agents.ts";
import { approval, approvedBy } from "./approval.ts";
import { capability, defined } from "./capability.ts";
import { owner, users } from "./owner.ts";

/** The objects of a small installation in which `bot` may update the deployments of payments-prod for half an hour. */
export interface World {
  readonly owners: readonly IdentityOwner[];
  readonly capabilities: readonly AgentCapability[];
  readonly approvals: readonly ElevationApproval[];
}

/** The root owner: its suspension freezes every agent. */
export const root = owner("cluster", { members: [{ group: "platform-leads" }] });
/** Defines policies; its person is bob. */
export const platform = owner("platform", { members: users("bob@example.com") });
/** Answers for `bot` and for what is in payments-prod; its person is alice. */
export const payments = owner("payments", {
  members: users("alice@example.com"),
  identities: [bot],
  resources: [{ scope: "Namespaced", namespaces: ["payments-prod"] }],
});
/** Defined by bob; asks one of the resource's owner and one of the policy owner. */
export const scaler = defined(capability("payments-scaler"));
/** Nobody has decided yet. */
export const pending = approval("inc-1234");
/** Approved by alice and bob one minute after its creation. */
export const approved = approvedBy(
  pending,
  scaler,
  { by: "alice@example.com", ownerName: "payments" },
  { by: "bob@example.com", ownerName: "platform" },
);

export const world: World = {
  owners: [root, platform, payments],
  capabilities: [scaler],
  approvals: [approved],
};

export function snapshot(mods: Partial<World> = {}): Snapshot {
  const { owners, capabilities, approvals } = { ...world, ...mods };
  return snapshotOf(owners, capabilities, approvals);
}
