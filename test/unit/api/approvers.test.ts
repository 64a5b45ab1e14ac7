import { describe, expect, test } from "vitest";
import { approvalTerms } from "../../../src/api/approval-terms.ts";
import { approversOf, claimProblem, identityOwner, rejectorsOf } from "../../../src/api/approvers.ts";
import { ownerDirectory } from "../../../src/api/owners.ts";
import type { AgentCapabilityApprover, ElevationApproval, IdentityOwner } from "../../../src/api/types.gen.ts";
import { bot, botUser } from "../../builders/agents.ts";
import { approval } from "../../builders/approval.ts";
import { capability, rule } from "../../builders/capability.ts";
import { editOwner, owner } from "../../builders/owner.ts";
import { payments, pending, platform } from "../../builders/world.ts";

const deployments = { scope: "Namespaced", namespaces: ["payments-prod"], resources: ["deployments"] } as const;

function expand(
  approvers: readonly AgentCapabilityApprover[],
  owners: readonly IdentityOwner[] = [platform, payments],
  elev: ElevationApproval = pending,
): { lines: string[]; problems: string[]; resourceOwners: readonly string[] } {
  const cap = capability("payments-scaler", {
    rules: [rule("scale", { resources: ["deployments", "statefulsets"] })],
    approval: [{ risk: "High", approvers }],
  });
  const result = approvalTerms(elev, cap, "writ-approvals");
  if (result.kind === "problem") throw new Error(result.message);
  const found = approversOf(elev, cap, result.terms, ownerDirectory(owners), "writ-approvals");
  return {
    lines: found.lines.map(({ from, ownerName, count }) => `${count} of ${ownerName} as ${from}`),
    problems: found.problems.map(({ code }) => code),
    resourceOwners: found.resourceOwnerNames,
  };
}

describe("approversOf", () => {
  test("fills in the owner of each line, and one person where no count is named", () => {
    const approvers: AgentCapabilityApprover[] = [
      { from: "PolicyOwner" },
      { from: "IdentityOwner", count: 2 },
      { from: "ResourceOwner", count: 3 },
      { from: "Owner", ownerName: "security" },
    ];
    expect(expand(approvers)).toEqual({
      lines: [
        "1 of platform as PolicyOwner",
        "2 of payments as IdentityOwner",
        "3 of payments as ResourceOwner",
        "1 of security as Owner",
      ],
      problems: [],
      resourceOwners: ["payments"],
    });
  });

  test("asks every owner of what the approval reaches", () => {
    const stateful = owner("stateful", { resources: [{ ...deployments, resources: ["statefulsets"] }] });
    const one = editOwner(payments, { resources: [deployments] });
    expect(expand([{ from: "ResourceOwner" }], [platform, one, stateful]).lines).toEqual([
      "1 of payments as ResourceOwner",
      "1 of stateful as ResourceOwner",
    ]);
    const narrowed = approval("inc-1", { targets: [{ apiGroup: "apps", resource: "statefulsets" }] });
    expect(expand([{ from: "ResourceOwner" }], [platform, one, stateful], narrowed).resourceOwners).toEqual([
      "stateful",
    ]);
  });

  test.each<[string, AgentCapabilityApprover, readonly IdentityOwner[], readonly string[]]>([
    ["nobody answers for the agent", { from: "IdentityOwner" }, [platform], ["NoIdentityOwner"]],
    [
      "two answer for the agent",
      { from: "IdentityOwner" },
      [payments, owner("other", { identities: [bot] })],
      ["ConflictingIdentityOwners"],
    ],
    [
      "nobody claims part of what it reaches",
      { from: "ResourceOwner" },
      [editOwner(payments, { resources: [deployments] })],
      ["NoResourceOwner"],
    ],
    [
      "two claim part of what it reaches",
      { from: "ResourceOwner" },
      [payments, owner("other", { resources: [deployments] })],
      ["ConflictingClaim"],
    ],
    ["a line that does not ask them has no problem", { from: "PolicyOwner" }, [platform], []],
  ])("%s", (_, approver, owners, problems) => {
    expect(expand([approver], owners).problems).toEqual(problems);
  });
});

describe("rejectorsOf", () => {
  const cap = capability("payments-scaler", {
    approval: [
      { risk: "High", approvers: [{ from: "PolicyOwner" }] },
      { risk: "Low", approvers: [{ from: "Owner", ownerName: "security" }] },
    ],
  });
  const targeted = approval("inc-1", { targets: [{ apiGroup: "apps", resource: "deployments" }] });
  const resources = payments.spec.resources ?? [];
  const claimant = owner("claimant", { resources });
  const second = owner("second", { resources });
  const accountable = owner("accountable", { identities: [bot] });
  const alsoAccountable = owner("also-accountable", { identities: [bot] });

  test.each<[string, Parameters<typeof rejectorsOf>[1], readonly IdentityOwner[], readonly string[]]>([
    [
      "policy owner, identity owner, the target's owner and owners named in any line",
      cap,
      [accountable, claimant],
      ["accountable", "claimant", "platform", "security"],
    ],
    ["all claimants in a conflict", cap, [claimant, second], ["claimant", "platform", "second", "security"]],
    [
      "all that answer for the agent in a conflict",
      cap,
      [accountable, alsoAccountable],
      ["accountable", "also-accountable", "platform", "security"],
    ],
    [
      "identity owner and the target's owner without a capability",
      undefined,
      [accountable, claimant],
      ["accountable", "claimant"],
    ],
    ["suspended owners", undefined, [editOwner(accountable, { suspended: true })], ["accountable"]],
    ["no owner that has nothing to do with it", undefined, [owner("other")], []],
  ])("%s", (_, capability, owners, expected) => {
    expect([...rejectorsOf(targeted, capability, ownerDirectory(owners), "writ-approvals")].sort()).toEqual(expected);
  });
});

test("identityOwner names the cure's object, and both owners of a conflict", () => {
  expect(identityOwner(botUser, ownerDirectory([payments]))).toEqual({ kind: "owner", owner: payments });
  const none = identityOwner(botUser, ownerDirectory([platform]));
  expect(none.kind === "problem" && none.problem.message).toContain(botUser);
  const two = identityOwner(botUser, ownerDirectory([payments, owner("other", { identities: [bot] })]));
  expect(two.kind === "problem" && two.problem.message).toContain('"payments" and "other"');
});

test("claimProblem says which object, where and whose", () => {
  const object = {
    scope: "Namespaced",
    namespace: "payments-prod",
    group: "apps",
    resource: "deployments",
    name: "web",
  } as const;
  expect(claimProblem(object, [payments, platform]).message).toMatch(
    /deployments\.apps "web" in namespace payments-prod .*"payments" and "platform"/,
  );
  expect(claimProblem({ scope: "Cluster", group: "", resource: "nodes" }, []).message).toContain("nodes cluster-wide");
});
