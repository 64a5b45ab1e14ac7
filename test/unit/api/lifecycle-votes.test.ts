import { describe, expect, test } from "vitest";
import type { ElevationApproval, ElevationApprovalDecision, IdentityOwner } from "../../../src/api/types.gen.ts";
import { botUser } from "../../builders/agents.ts";
import { approval, approveDecision, approvedBy, rejectDecision, withDecisions } from "../../builders/approval.ts";
import type { Vote } from "../../builders/approval.ts";
import { capability, defined } from "../../builders/capability.ts";
import { installation } from "../../builders/installation.ts";
import { life, phase } from "../../builders/life.ts";
import { editOwner, users } from "../../builders/owner.ts";
import { after, minute, second, timestamp } from "../../builders/time.ts";
import { payments, pending, platform, root, scaler } from "../../builders/world.ts";

const alice: Vote = { by: "alice@example.com", ownerName: "payments" };
const bob: Vote = { by: "bob@example.com", ownerName: "platform" };
const genuine = approveDecision(pending, scaler, alice);

/** The phase when bob's approval is genuine and alice's is this one. */
function withAlices(decision: ElevationApprovalDecision, owners?: readonly IdentityOwner[]): string {
  const elev = withDecisions(pending, approveDecision(pending, scaler, bob), decision);
  return phase({ approval: elev, ...(owners ? { owners } : {}) });
}

function paymentsOf(...members: IdentityOwner["spec"]["members"]): readonly IdentityOwner[] {
  return [root, platform, editOwner(payments, { members })];
}

test("two genuine approvals of two people meet the quorum", () => {
  expect(withAlices(genuine)).toBe("Live InForce");
});

describe("an approval that nobody attested does not count", () => {
  const { attestation: _attestation, ...unsigned } = genuine;
  const uidOfAnother = { ...pending, metadata: { ...pending.metadata, uid: "another" } };
  const reason = { reason: "ok" };
  const { reason: _reason, ...unreasoned } = approveDecision(pending, scaler, { ...alice, ...reason });
  test.each<[string, ElevationApprovalDecision]>([
    ["without an attestation", unsigned],
    ["with an invented attestation", { ...genuine, attestation: "v1.0000000000000000.e30.AA" }],
    [
      "with the attestation of another approver",
      { ...genuine, attestation: approveDecision(pending, scaler, bob).attestation ?? "" },
    ],
    ["attested by an unknown key", approveDecision(pending, scaler, alice, installation({ seed: 2 }))],
    ["attested in another cluster", approveDecision(pending, scaler, alice, installation({ clusterId: "other" }))],
    ["replayed from another approval", approveDecision(approval("inc-9999"), scaler, alice)],
    ["replayed from a deleted approval of the same name", approveDecision(uidOfAnother, scaler, alice)],
    [
      "replayed from one that asked for something else",
      approveDecision(approval("inc-1234", { duration: "29m" }), scaler, alice),
    ],
    ["with another approver's name", { ...genuine, by: "dave@example.com" }],
    [
      "with another owner's name",
      { ...approveDecision(pending, scaler, { ...alice, ownerName: "x" }), ownerName: "payments" },
    ],
    [
      "made of a rejection",
      { ...rejectDecision(pending, { ...alice, policyDigest: genuine.policyDigest ?? "" }), verdict: "Approve" },
    ],
    [
      "with an earlier time",
      { ...approveDecision(pending, scaler, { ...alice, at: after(2 * minute) }), at: timestamp(after(second)) },
    ],
    ["with a time of another form", { ...genuine, at: "2026-06-01T12:01:00Z" }],
    ["with an impossible time", { ...genuine, at: "2026-02-30T12:01:00Z" }],
    ["with another reason", { ...approveDecision(pending, scaler, { ...alice, ...reason }), reason: "better" }],
    ["with its reason taken away", unreasoned],
    [
      "with the present policy's digest put into it",
      {
        ...approveDecision(pending, scaler, { ...alice, policyDigest: "sha256:old" }),
        policyDigest: genuine.policyDigest ?? "",
      },
    ],
  ])("%s", (_, decision) => {
    expect(withAlices(decision, paymentsOf(...users("alice@example.com", "dave@example.com")))).toBe(
      "Pending QuorumMissing",
    );
  });

  test("nor does a rejection that nobody attested", () => {
    const { attestation: _, ...forged } = rejectDecision(pending, alice);
    expect(phase({ approval: withDecisions(pending, forged) })).toBe("Pending QuorumMissing");
  });

  test("a spec that was altered afterwards voids every decision on it", () => {
    const elev = approvedBy(pending, scaler, alice, bob);
    expect(phase({ approval: { ...elev, spec: { ...elev.spec, duration: "60m" } } })).toBe("Pending QuorumMissing");
  });
});

describe("who may not approve", () => {
  const spiffe = "spiffe://example.org/bot";
  const notPeople = ["system:serviceaccount:prod:deployer", botUser, "system:kube-scheduler", spiffe];
  const owners = paymentsOf({ user: "alice@example.com", aliases: ["oidc:alice"] }, ...users(...notPeople));
  const asked = (spec: Partial<ElevationApproval["spec"]>, by: string): ElevationApproval =>
    approvedBy(approval("inc-1234", spec), scaler, bob, { ...alice, by });

  test.each<[string, ElevationApproval]>([
    ["the requester", asked({ requestedBy: "alice@example.com" }, "alice@example.com")],
    ["the requester under an alias", asked({ requestedBy: "alice@example.com" }, "oidc:alice")],
    ["who requested under an alias", asked({ requestedBy: "oidc:alice" }, "alice@example.com")],
    [
      "on whose behalf the agent acts",
      asked({ onBehalfOf: ["agent:planner", "user:alice@example.com"] }, "alice@example.com"),
    ],
    ["on whose behalf the agent acts, under an alias", asked({ onBehalfOf: ["user:oidc:alice"] }, "alice@example.com")],
    ["a service account", asked({}, "system:serviceaccount:prod:deployer")],
    ["the agent's service account", asked({}, botUser)],
    ["a component of the control plane", asked({}, "system:kube-scheduler")],
  ])("%s", (_, elev) => {
    const state = life({ approval: elev, owners });
    expect(`${state.phase} ${state.reason}`).toBe("Pending QuorumMissing");
    expect(state.missing.map(({ line }) => line.ownerName)).toEqual(["payments"]);
  });

  test.each([spiffe, "alias-of-bot"])("an agent that is no service account, as %s", (by) => {
    const cap = defined(capability("payments-scaler", { agents: [{ user: spiffe }] }));
    const elev = approvedBy(approval("inc-1234", { agent: { user: spiffe } }), cap, bob, { ...alice, by });
    const team = editOwner(payments, {
      members: [{ user: spiffe, aliases: ["alias-of-bot"] }],
      identities: [{ user: spiffe }],
    });
    expect(phase({ approval: elev, capability: cap, owners: [platform, team] })).toBe("Pending QuorumMissing");
  });

  test("an agent on whose behalf another acts names no person", () => {
    const elev = asked({ onBehalfOf: ["agent:alice@example.com"] }, "alice@example.com");
    expect(phase({ approval: elev })).toBe("Live InForce");
  });
});

describe("one person counts once", () => {
  test("in two owners", () => {
    const owners = [root, editOwner(platform, { members: users("bob@example.com", "alice@example.com") }), payments];
    const elev = approvedBy(pending, scaler, alice, { by: "alice@example.com", ownerName: "platform" });
    expect(phase({ approval: elev, owners })).toBe("Pending QuorumMissing");
    expect(phase({ approval: approvedBy(elev, scaler, bob), owners })).toBe("Live InForce");
  });

  test("under an alias that any owner lists", () => {
    const owners = [
      root,
      editOwner(platform, { members: users("al@corp.example") }),
      ...paymentsOf({ user: "alice@example.com", aliases: ["al@corp.example"] }).slice(-1),
    ];
    const elev = approvedBy(pending, scaler, alice, { by: "al@corp.example", ownerName: "platform" });
    const cap = defined(capability("payments-scaler"), "al@corp.example");
    expect(phase({ approval: elev, owners, capability: cap })).toBe("Pending QuorumMissing");
  });

  test("in a line of two", () => {
    const cap = defined(
      capability("payments-scaler", { approval: [{ risk: "High", approvers: [{ from: "ResourceOwner", count: 2 }] }] }),
    );
    const owners = paymentsOf({ user: "alice@example.com", aliases: ["oidc:alice"] }, { user: "dave@example.com" });
    const once = approvedBy(pending, cap, alice, { ...alice, by: "oidc:alice" });
    expect(phase({ approval: once, owners, capability: cap })).toBe("Pending QuorumMissing");
    const twice = approvedBy(once, cap, { ...alice, by: "dave@example.com" });
    expect(phase({ approval: twice, owners, capability: cap })).toBe("Live InForce");
  });
});

describe("members are those of now", () => {
  test.each<[string, Vote, IdentityOwner["spec"]["members"], string]>([
    [
      "an alias that is still listed",
      { ...alice, by: "oidc:alice", member: "user:alice@example.com" },
      [{ user: "alice@example.com", aliases: ["oidc:alice"] }],
      "Live InForce",
    ],
    [
      "an alias that was taken away",
      { ...alice, by: "oidc:alice", member: "user:alice@example.com" },
      users("alice@example.com"),
      "Invalid ApproverNotMember",
    ],
    [
      "a member of a group that was attested",
      { ...alice, by: "gina@example.com", member: "group:payments-leads" },
      [{ group: "payments-leads" }],
      "Live InForce",
    ],
    [
      "a member of a group that was taken away",
      { ...alice, by: "gina@example.com", member: "group:payments-leads" },
      [{ group: "payments-staff" }],
      "Invalid ApproverNotMember",
    ],
    ["a user whose entry was taken away", alice, users("dave@example.com"), "Invalid ApproverNotMember"],
  ])("%s", (_, vote, members, expected) => {
    expect(phase({ approval: approvedBy(pending, scaler, bob, vote), owners: paymentsOf(...members) })).toBe(expected);
  });

  test("who is gone can be replaced, and the times stay those of the first quorum", () => {
    const dave: Vote = { by: "dave@example.com", ownerName: "payments", at: after(20 * minute) };
    const elev = approvedBy(pending, scaler, alice, bob, dave);
    expect(
      life({ approval: elev, owners: paymentsOf(...users("dave@example.com")), now: after(21 * minute) }),
    ).toMatchObject({
      phase: "Live",
      approvedAt: after(minute),
      expiresAt: after(31 * minute),
    });
  });

  test("says who is gone and who is missing", () => {
    const { message } = life({ owners: paymentsOf(...users("dave@example.com")) });
    expect(message).toBe(
      'alice@example.com is no longer a member of "payments"; still needs the approval of 1 of "payments" (ResourceOwner)',
    );
  });
});

describe("the instant of the approval", () => {
  const twoLeads = paymentsOf(...users("alice@example.com", "dave@example.com"));
  test.each<[string, readonly Vote[]]>([
    [
      "is when the last of the quorum approved",
      [
        { ...alice, at: after(minute) },
        { ...bob, at: after(5 * minute) },
      ],
    ],
    [
      "does not depend on the order in the list",
      [
        { ...bob, at: after(5 * minute) },
        { ...alice, at: after(minute) },
      ],
    ],
    [
      "is not moved by a later approval",
      [
        { ...alice, at: after(minute) },
        { ...bob, at: after(5 * minute) },
        { ...alice, by: "dave@example.com", at: after(9 * minute) },
      ],
    ],
    [
      "is not moved by approvals of people who do not count",
      [
        { ...alice, at: after(minute) },
        { by: "carol@example.com", ownerName: "platform", at: after(2 * minute) },
        { ...bob, at: after(5 * minute) },
      ],
    ],
  ])("%s", (_, votes) => {
    const state = life({ approval: approvedBy(pending, scaler, ...votes), owners: twoLeads, now: after(10 * minute) });
    expect(state).toMatchObject({ phase: "Live", approvedAt: after(5 * minute), expiresAt: after(35 * minute) });
  });
});
