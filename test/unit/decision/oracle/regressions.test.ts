import { describe, expect, test } from "vitest";
import { excludedPersons } from "../../../../src/api/decisions.ts";
import { ownerDirectory } from "../../../../src/api/owners.ts";
import type { ElevationApproval, IdentityOwner } from "../../../../src/api/types.gen.ts";

/** What the oracle once found, each in its smallest form. */
describe("differences that the oracle found", () => {
  const owner: IdentityOwner = {
    apiVersion: "writ.dev/v1alpha1",
    kind: "IdentityOwner",
    metadata: { name: "shop" },
    spec: {
      members: [{ user: "spiffe://planner" }, { user: "robot", aliases: ["spiffe://clerk"] }, { user: "carol" }],
      identities: [{ user: "spiffe://planner" }, { user: "spiffe://clerk" }],
    },
  };
  const approval: ElevationApproval = {
    apiVersion: "writ.dev/v1alpha1",
    kind: "ElevationApproval",
    metadata: { name: "one", namespace: "shop" },
    spec: {
      capabilityName: "scaler",
      agent: { user: "spiffe://another" },
      requestedBy: "erin",
      requestID: "1",
      duration: "30m",
    },
  };

  test.each(["spiffe://planner", "spiffe://clerk", "robot"])(
    "an agent approves nothing for another agent, although an owner lists %s as a member",
    (name) => {
      const owners = ownerDirectory([owner]);
      expect(excludedPersons(approval, owners).has(owners.person(name))).toBe(true);
    },
  );

  test("a person beside such agents still approves", () => {
    const owners = ownerDirectory([owner]);
    expect(excludedPersons(approval, owners).has(owners.person("carol"))).toBe(false);
  });
});
