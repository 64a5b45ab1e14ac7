import { describe, expect, test } from "vitest";
import type { Scene, Standing } from "../../../../src/cli/plugin/standing.ts";
import { ownDecision, standingToApprove, standingToReject } from "../../../../src/cli/plugin/standing.ts";
import { approval, approvedBy } from "../../../builders/approval.ts";
import { capability, rule } from "../../../builders/capability.ts";
import { editOwner, owner, users } from "../../../builders/owner.ts";
import { payments, pending, platform, scaler } from "../../../builders/world.ts";

const scene = (username: string, mods: Partial<Scene> = {}): Scene => ({
  approval: pending,
  capability: scaler,
  owners: [platform, payments],
  me: { username, groups: [] },
  clusterApprovalNamespace: "writ-approvals",
  ...mods,
});
const told = (standing: Standing): string =>
  standing.kind === "owner"
    ? standing.owner.metadata.name
    : standing.kind === "several"
      ? standing.names.join()
      : standing.problem;
const both = editOwner(platform, { members: users("bob@example.com", "alice@example.com") });
const alices = approvedBy(pending, scaler, { by: "alice@example.com", ownerName: "payments" });

describe("in whose name somebody may approve", () => {
  test.each([
    ["alice@example.com", {}, "payments"],
    ["bob@example.com", {}, "platform"],
    ["alice@example.com", { owners: [both, payments] }, "payments,platform"],
    ["bob@example.com", { approval: alices }, "platform"],
    [
      "erin@example.com",
      {
        owners: [platform, editOwner(payments, { members: users("alice@example.com", "erin@example.com") })],
        approval: alices,
      },
      'erin@example.com is a member of none of the owners whose approval is missing: ask one of "platform"',
    ],
    ["mallory@example.com", {}, 'ask one of "payments" and "platform"'],
    [
      "carol@example.com",
      { owners: [editOwner(platform, { members: users("carol@example.com") }), payments] },
      "carol@example.com requested it, or it is done on their behalf",
    ],
    ["alice@example.com", { capability: undefined }, 'AgentCapability "payments-scaler" does not exist'],
    [
      "alice@example.com",
      { owners: [platform] },
      "nobody can approve it now: no IdentityOwner claims deployments.apps",
    ],
    [
      "alice@example.com",
      { capability: capability("payments-scaler", { rules: [rule("scale", { namespaces: ["other"] })] }) },
      "no rule that it asks for applies",
    ],
  ] as const)("%s %j", (username, mods, expected) => {
    expect(told(standingToApprove(scene(username, mods)))).toContain(expected);
  });

  test("nobody's, once all have approved", () => {
    const done = approvedBy(
      pending,
      scaler,
      { by: "alice@example.com", ownerName: "payments" },
      { by: "bob@example.com", ownerName: "platform" },
    );
    const mods = {
      approval: done,
      owners: [editOwner(platform, { members: users("bob@example.com", "dave@example.com") }), payments],
    };
    expect(told(standingToApprove(scene("dave@example.com", mods)))).toBe("nobody's approval is missing any more");
  });

  test("approvals of another policy leave it missing", () => {
    const moved = capability("payments-scaler", { ...scaler.spec, description: "moved" });
    const erin = editOwner(payments, { members: users("alice@example.com", "erin@example.com") });
    const mods = { approval: alices, capability: moved, owners: [platform, erin] };
    expect(told(standingToApprove(scene("erin@example.com", mods)))).toBe("payments");
  });
});

describe("in whose name somebody may reject", () => {
  test.each([
    ["alice@example.com", {}, "payments"],
    ["alice@example.com", { owners: [both, payments] }, "payments"],
    ["alice@example.com", { capability: undefined }, "payments"],
    ["mallory@example.com", {}, "mallory@example.com is a member of none of the owners that have a say"],
    [
      "dave@example.com",
      { owners: [platform, payments, owner("gone", { members: users("dave@example.com") })] },
      "none of the owners",
    ],
    [
      "dave@example.com",
      {
        owners: [platform, payments, owner("gone", { members: users("dave@example.com") })],
        approval: approvedBy(approval("x"), scaler, { by: "dave@example.com", ownerName: "gone" }),
      },
      "gone",
    ],
  ] as const)("%s %j", (username, mods, expected) => {
    expect(told(standingToReject(scene(username, mods)))).toContain(expected);
  });
});

test("a decision of the person's is found under each of their names, of its verdict and owner alone", () => {
  const aliased = editOwner(payments, { members: [{ user: "alice@example.com", aliases: ["oidc:alice"] }] });
  const mine = scene("oidc:alice", { approval: alices, owners: [platform, aliased] });
  expect(ownDecision(mine, "Approve", undefined)).toMatchObject({ by: "alice@example.com" });
  expect(ownDecision(mine, "Approve", "payments")).toBeDefined();
  expect(ownDecision(mine, "Approve", "platform")).toBeUndefined();
  expect(ownDecision(mine, "Reject", undefined)).toBeUndefined();
});
