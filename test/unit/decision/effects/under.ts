import type { ElevationApprovalSpec } from "../../../../src/api/types.gen.ts";
import { approval, approvedBy } from "../../../builders/approval.ts";
import { defined, editCapability } from "../../../builders/capability.ts";
import type { Scene } from "../../../builders/judge.ts";
import { scaler } from "../../../builders/world.ts";

export const alice = { by: "alice@example.com", ownerName: "payments" };
export const bob = { by: "bob@example.com", ownerName: "platform" };

/** The capability with these parts, defined, and an approval of it, of all of its rules unless told otherwise. */
export function under(
  spec: Parameters<typeof editCapability>[1],
  asked: Partial<ElevationApprovalSpec> = {},
): Pick<Scene, "capabilities" | "approvals"> {
  const policy = { approval: [{ risk: "High", approvers: [{ from: "PolicyOwner" }] }] } as const;
  const cap = defined(editCapability(scaler, { ...policy, ...spec }));
  return { capabilities: [cap], approvals: [approvedBy(approval("all", asked), cap, alice, bob)] };
}
