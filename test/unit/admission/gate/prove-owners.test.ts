import { describe, expect, test } from "vitest";
import { prove } from "../../../../src/admission/prove.ts";
import { approvalKey, snapshotOf } from "../../../../src/decision/snapshot.ts";
import type { IdentityOwner } from "../../../../src/api/types.gen.ts";
import { bot } from "../../../builders/agents.ts";
import { approvedBy } from "../../../builders/approval.ts";
import { capability, defined } from "../../../builders/capability.ts";
import { ours } from "../../../builders/installation.ts";
import { editOwner, owner, users } from "../../../builders/owner.ts";
import { brokenRegister } from "../../../builders/register.ts";
import { writeRequest } from "../../../builders/review.ts";
import { after, minute } from "../../../builders/time.ts";
import { pending, platform, root } from "../../../builders/world.ts";

/** Each owner has one part alone: the agent's, the policy's, and the one in whose name the approval was given. */
const robots = owner("robots", { identities: [bot] });
const tenants = owner("tenants", {
  members: users("tom@example.com"),
  resources: [{ scope: "Namespaced", namespaces: ["payments-prod"] }],
});
const scaler = defined(
  capability("payments-scaler", { approval: [{ risk: "High", approvers: [{ from: "ResourceOwner" }] }] }),
);
const approved = approvedBy(pending, scaler, { by: "tom@example.com", ownerName: "tenants" });
const cached = [root, platform, robots, tenants];

/** The verdict when the API server holds these owners, and the cache does not know of it yet. */
async function verdictWhile(present: readonly IdentityOwner[]): Promise<string> {
  const { verdict } = await prove({
    request: writeRequest(),
    snapshot: () => snapshotOf(cached, [scaler], [approved]),
    settings: ours.settings,
    reader: {
      read: async (names) => ({
        owners: new Map(names.owners.map((name) => [name, present.find(({ metadata }) => metadata.name === name)])),
        capabilities: new Map(names.capabilities.map((name) => [name, scaler])),
        approvals: new Map(
          names.approvals.map((name) => [name, name === approvalKey(approved) ? approved : undefined]),
        ),
        clockSkew: 0,
      }),
    },
    register: brokenRegister(),
    silent: () => false,
    clock: () => after(2 * minute),
    onReadError: () => undefined,
  });
  return verdict.code;
}

describe("an owner that was suspended a moment ago ends an allow", () => {
  test.each([
    ["the root owner", root, "Frozen"],
    ["the agent's owner", robots, "IdentityOwnerNotLive"],
    ["the policy owner", platform, "PolicyOwnerNotLive"],
    ["the approving owner", tenants, "ApprovalSuspended"],
  ] as const)("%s", async (_, suspended, code) => {
    expect(await verdictWhile(cached)).toBe("Approved");
    const metadata = { ...suspended.metadata, resourceVersion: "2" };
    const present = cached.map((known) =>
      known === suspended ? { ...editOwner(known, { suspended: true }), metadata } : known,
    );
    expect(await verdictWhile(present)).toBe(code);
  });
});
