import { describe, expect, test } from "vitest";
import { describeMissing } from "../../../src/api/lifecycle.ts";
import type { Lifecycle } from "../../../src/api/lifecycle.ts";
import type { ElevationApproval } from "../../../src/api/types.gen.ts";
import { bot, botUid } from "../../builders/agents.ts";
import { approval, approveDecision, approvedBy, rejectDecision, withDecisions } from "../../builders/approval.ts";
import type { Vote } from "../../builders/approval.ts";
import { capability, defined, definedBy, editCapability, rule } from "../../builders/capability.ts";
import { life, phase } from "../../builders/life.ts";
import type { Moment } from "../../builders/life.ts";
import { editOwner, owner, users } from "../../builders/owner.ts";
import { after, created, hour, minute, second, timestamp } from "../../builders/time.ts";
import { approved, payments, pending, platform, root, scaler, world } from "../../builders/world.ts";

const alice: Vote = { by: "alice@example.com", ownerName: "payments" };
const bob: Vote = { by: "bob@example.com", ownerName: "platform" };
const day = 24 * hour;

/** The world's capability with other conditions, and an approval under it by alice and bob one minute after creation. */
function under(
  conditions: Partial<(typeof scaler.spec.approval)[number]>,
  spec: Partial<ElevationApproval["spec"]> = {},
  ...votes: readonly Vote[]
): { approval: ElevationApproval; capability: typeof scaler } {
  const approvers = scaler.spec.approval[0]?.approvers ?? [];
  const cap = defined(capability("payments-scaler", { approval: [{ risk: "High", approvers, ...conditions }] }));
  return {
    approval: approvedBy(approval("inc-1234", spec), cap, ...(votes.length > 0 ? votes : [alice, bob])),
    capability: cap,
  };
}

describe("Pending", () => {
  test.each<[string, Moment]>([
    ["without decisions", { approval: pending }],
    ["with the resource owner's approval alone", { approval: approvedBy(pending, scaler, alice) }],
    ["with the policy owner's approval alone", { approval: approvedBy(pending, scaler, bob) }],
    ["to the last millisecond of the default pending time", { approval: pending, now: after(day) - 1 }],
    [
      "to the last millisecond of the capability's pending time",
      { ...under({ pendingTTL: "2h" }, {}, alice), now: after(2 * hour) - 1 },
    ],
  ])("%s", (_, moment) => {
    expect(phase(moment)).toBe("Pending QuorumMissing");
  });

  test("says who is missing", () => {
    const state = life({ approval: approvedBy(pending, scaler, alice) });
    expect(state.missing).toEqual([{ line: { from: "PolicyOwner", ownerName: "platform", count: 1 }, missing: 1 }]);
    expect(state.message).toBe('still needs the approval of 1 of "platform" (PolicyOwner)');
    expect(describeMissing([])).toBe("nothing is missing");
  });
});

describe("Approved", () => {
  const notBefore = timestamp(after(hour));
  test("until notBefore, and Live from it on for its duration", () => {
    const later = approvedBy(approval("inc-1234", { notBefore }), scaler, alice, bob);
    expect(phase({ approval: later, now: after(hour) - 1 })).toBe("Approved NotYetValid");
    expect(phase({ approval: later, now: after(hour) })).toBe("Live InForce");
    expect(life({ approval: later })).toMatchObject({
      approvedAt: after(minute),
      startsAt: after(hour),
      expiresAt: after(hour + 30 * minute),
      nextChangeAt: after(hour),
    });
  });

  test("a notBefore that had passed when the quorum was met delays nothing", () => {
    const past = approvedBy(approval("inc-1234", { notBefore: timestamp(after(second)) }), scaler, alice, bob);
    expect(life({ approval: past })).toMatchObject({
      phase: "Live",
      startsAt: after(minute),
      expiresAt: after(31 * minute),
    });
  });
});

describe("Live", () => {
  test("from the instant of the quorum for the duration", () => {
    const state = life({ now: after(minute) });
    expect(state).toMatchObject({
      phase: "Live",
      reason: "InForce",
      approvedAt: after(minute),
      startsAt: after(minute),
      expiresAt: after(31 * minute),
      nextChangeAt: after(31 * minute),
      missing: [],
      identityOwnerName: "payments",
      resourceOwnerNames: ["payments"],
    });
    expect(state.approvals.map(({ by }) => by)).toEqual(["alice@example.com", "bob@example.com"]);
    expect(phase({ now: after(31 * minute) - 1 })).toBe("Live InForce");
  });

  test.each<[string, Moment]>([
    ["while uses are left", { ...under({ maxUses: 5 }), uses: 4 }],
    ["without a limit of uses", { uses: 1_000_000 }],
    ["with as many uses as the capability allows", { ...under({ maxUses: 5 }, { maxUses: 5 }), uses: 4 }],
    ["with a limit of its own where the capability has none", { ...under({}, { maxUses: 5 }), uses: 4 }],
    ["at the longest duration of the capability", under({ maxDuration: "2h" }, { duration: "2h" })],
    ["with a ticket of the prefix", under({ ticketPrefix: "INC-" }, { ticket: "INC-1" })],
    ["for a named rule", { approval: approvedBy(approval("inc-1234", { rules: ["scale"] }), scaler, alice, bob) }],
    [
      "with the root owner suspended: the freeze is the chain's, not its",
      { owners: [editOwner(root, { suspended: true }), platform, payments] },
    ],
  ])("%s", (_, moment) => {
    expect(phase(moment)).toBe("Live InForce");
  });

  test("in the cluster approval namespace for a cluster rule", () => {
    const nodes = defined(
      capability("payments-scaler", {
        rules: [rule("cordon", { scope: "Cluster", apiGroups: [""], resources: ["nodes"] })],
      }),
    );
    const elev = approvedBy(
      approval("n", {}, { namespace: "writ-approvals" }),
      nodes,
      { by: "nora@example.com", ownerName: "infra" },
      bob,
    );
    const infra = owner("infra", { members: users("nora@example.com"), resources: [{ scope: "Cluster" }] });
    expect(phase({ approval: elev, capability: nodes, owners: [platform, payments, infra] })).toBe("Live InForce");
  });
});

describe("Denied and Revoked", () => {
  const reject =
    (by: string, ownerName: string, at: number): ((elev: ElevationApproval) => ElevationApproval) =>
    (elev) =>
      withDecisions(elev, rejectDecision(elev, { by, ownerName, at }));

  test.each([
    ["the resource and identity owner", "alice@example.com", "payments"],
    ["the policy owner", "bob@example.com", "platform"],
    ["an owner named in a line", "sue@example.com", "security"],
    ["the requester", "carol@example.com", "payments"],
    ["somebody who is no longer a member", "gone@example.com", "payments"],
    ["a member of an owner that does not exist any more", "gone@example.com", "gone"],
  ])("a Reject for %s ends it before and after its approval", (_, by, ownerName) => {
    expect(phase({ approval: reject(by, ownerName, after(second))(pending) })).toBe("Denied Rejected");
    expect(phase({ approval: reject(by, ownerName, after(2 * minute))(approved) })).toBe("Revoked Rejected");
  });

  test("who approved can still reject", () => {
    expect(phase({ approval: reject(alice.by, alice.ownerName, after(2 * minute))(approved) })).toBe(
      "Revoked Rejected",
    );
  });

  test("approvals after a rejection do not make it one that was revoked", () => {
    const rejected = reject("bob@example.com", "platform", after(second))(pending);
    expect(phase({ approval: approvedBy(rejected, scaler, alice, bob) })).toBe("Denied Rejected");
  });

  const rejected = reject("bob@example.com", "platform", after(2 * minute))(approved);
  const dead = { deletionTimestamp: timestamp(created) };
  test.each<[string, Moment, string]>([
    [
      "the rejector's owner is suspended",
      { owners: [root, editOwner(platform, { suspended: true }), payments] },
      "Revoked",
    ],
    [
      "the rejector is no member any more",
      { owners: [root, editOwner(platform, { members: users("x") }), payments] },
      "Revoked",
    ],
    ["all owners are gone", { owners: [] }, "Denied"],
    [
      "two owners claim the object",
      { owners: [...world.owners, owner("x", { resources: payments.spec.resources ?? [] })] },
      "Denied",
    ],
    ["the capability changed", { capability: editCapability(scaler, { description: "x" }) }, "Denied"],
    ["the capability is suspended", { capability: editCapability(scaler, { suspended: true }) }, "Revoked"],
    ["the capability is gone", { capability: "none" }, "Denied"],
    [
      "the capability does not name the rule",
      { capability: editCapability(scaler, { rules: [rule("x", { namespaces: [] })] }) },
      "Denied",
    ],
    [
      "the approval is being deleted",
      { approval: { ...rejected, metadata: { ...rejected.metadata, ...dead } } },
      "Revoked",
    ],
    ["it has expired since", { now: after(hour) }, "Revoked"],
    ["its uses are spent", { uses: 1_000_000 }, "Revoked"],
    ["its pending time is over", { now: after(2 * day) }, "Revoked"],
  ])("a rejection holds though %s", (_, moment, expected) => {
    expect(phase({ approval: rejected, ...moment })).toBe(`${expected} Rejected`);
  });

  test("names who rejected, for whom and when", () => {
    expect(life({ approval: rejected }).message).toContain(
      'rejected by bob@example.com for owner "platform" at 2026-06-01T12:02:00.000Z',
    );
  });
});

describe("Expired", () => {
  const atTheLast = after(2 * hour) - 1;
  const lateVotes: readonly [Vote, Vote] = [
    { ...alice, at: atTheLast },
    { ...bob, at: atTheLast },
  ];
  test.each<[string, string, Moment]>([
    ["when its duration is over", "DurationElapsed", { now: after(31 * minute) }],
    ["whatever its uses", "DurationElapsed", { ...under({ maxUses: 1 }), now: after(31 * minute) }],
    [
      "when the pending time is over without any decision",
      "PendingTimeElapsed",
      { approval: pending, now: after(day) },
    ],
    [
      "when the pending time is over with part of the quorum",
      "PendingTimeElapsed",
      { ...under({ pendingTTL: "2h" }, {}, alice), now: after(2 * hour) },
    ],
    [
      "at the hard end, which a notBefore does not move",
      "DurationElapsed",
      { ...under({ pendingTTL: "2h" }, { notBefore: timestamp(after(149 * minute)) }), now: after(150 * minute) },
    ],
    [
      "with decisions of the last moment",
      "DurationElapsed",
      { ...under({ pendingTTL: "2h" }, {}, ...lateVotes), now: atTheLast + 30 * minute },
    ],
  ])("%s: %s", (_, reason, moment) => {
    expect(phase(moment)).toBe(`Expired ${reason}`);
  });

  test("a quorum in the last millisecond of the pending time still counts, for its whole duration", () => {
    const moment = { ...under({ pendingTTL: "2h" }, {}, ...lateVotes), now: atTheLast };
    expect(life(moment)).toMatchObject({ phase: "Live", expiresAt: atTheLast + 30 * minute });
  });

  test("decisions at the end of the pending time or after it do not count", () => {
    for (const at of [after(2 * hour), after(3 * hour)]) {
      const moment = { ...under({ pendingTTL: "2h" }, {}, alice, { ...bob, at }), now: after(3 * hour) };
      expect(phase(moment)).toBe("Expired PendingTimeElapsed");
    }
  });

  test("the hard end cuts the duration short", () => {
    const moment = under({ pendingTTL: "2h" }, { notBefore: timestamp(after(149 * minute)) });
    expect(life({ ...moment, now: after(149 * minute) })).toMatchObject({
      phase: "Live",
      expiresAt: after(150 * minute),
    });
  });
});

describe("Exhausted", () => {
  test.each<[string, Moment]>([
    ["by its own limit", { approval: approvedBy(approval("inc-1234", { maxUses: 2 }), scaler, alice, bob), uses: 2 }],
    ["by the capability's limit where it names none", { ...under({ maxUses: 5 }), uses: 5 }],
    ["beyond the limit", { ...under({ maxUses: 5 }), uses: 6 }],
    ["by its own limit where the capability allows more", { ...under({ maxUses: 5 }, { maxUses: 2 }), uses: 2 }],
  ])("%s", (_, moment) => {
    expect(phase(moment)).toBe("Exhausted UsesExhausted");
  });
});

describe("Invalid", () => {
  const dead = { deletionTimestamp: timestamp(created) };
  const edited = editCapability(scaler, { description: "edited" });
  const spec = (mods: Partial<ElevationApproval["spec"]>): Moment => ({
    approval: approvedBy(approval("inc-1234", mods), scaler, alice, bob),
  });

  test.each<[string, string, Moment]>([
    ["CapabilityNotFound", "the capability is gone", { capability: "none" }],
    [
      "AgentNotNamed",
      "the capability does not name the agent",
      spec({ agent: { serviceAccount: { namespace: "agents", name: "other" }, uid: botUid } }),
    ],
    ["AgentUidMissing", "a service account without its uid", spec({ agent: bot })],
    ["RuleNotFound", "one of its rules does not exist", spec({ rules: ["scale", "other"] })],
    [
      "CoversNothing",
      "no rule applies in its namespace",
      { approval: approvedBy(approval("i", {}, { namespace: "payments-dev" }), scaler, alice, bob) },
    ],
    [
      "CoversNothing",
      "no rule applies cluster-wide",
      { approval: approvedBy(approval("i", {}, { namespace: "writ-approvals" }), scaler, alice, bob) },
    ],
    [
      "NoApprovalPolicy",
      "nobody is named for its risk",
      { capability: editCapability(scaler, { approval: [{ risk: "Low", approvers: [{ from: "PolicyOwner" }] }] }) },
    ],
    ["DurationTooLong", "longer than the default of an hour", spec({ duration: "61m" })],
    ["DurationTooLong", "longer than the capability allows", under({ maxDuration: "29m" })],
    ["UsesAboveCap", "more uses than the capability allows", under({ maxUses: 5 }, { maxUses: 6 })],
    ["TicketRequired", "no ticket", under({ ticketPrefix: "INC-" })],
    ["TicketRequired", "another ticket", under({ ticketPrefix: "INC-" }, { ticket: "CHG-1" })],
    ["TicketRequired", "the prefix alone", under({ ticketPrefix: "INC-" }, { ticket: "INC-" })],
    [
      "NotBeforeTooLate",
      "notBefore at the hard end",
      under({ pendingTTL: "2h" }, { notBefore: timestamp(after(150 * minute)) }),
    ],
    ["MalformedApproval", "no duration at all", spec({ duration: "0s" })],
    ["MalformedApproval", "an unreadable duration", spec({ duration: "1.5h" })],
    ["MalformedApproval", "an unreadable notBefore", spec({ notBefore: "2026-02-30T00:00:00Z" })],
    ["MalformedApproval", "an unreadable limit of the capability", under({ maxDuration: "soon" })],
    ["MalformedApproval", "an unreadable pending time of the capability", under({ pendingTTL: "" })],
    [
      "MalformedApproval",
      "no creation time",
      { approval: { ...approved, metadata: { name: "inc-1234", namespace: "payments-prod" } } },
    ],
    [
      "ApprovalBeingDeleted",
      "being deleted",
      { approval: { ...approved, metadata: { ...approved.metadata, ...dead } } },
    ],
    [
      "CapabilityBeingDeleted",
      "its capability is being deleted",
      { capability: { ...scaler, metadata: { ...scaler.metadata, ...dead } } },
    ],
    ["CapabilityNotDefined", "nobody defined its capability", { capability: capability("payments-scaler") }],
    ["CapabilityChanged", "its capability was edited", { capability: edited }],
    [
      "DefinitionNotAttested",
      "the definition of its capability is not attested",
      {
        capability: editCapability(scaler, {
          definedBy: { ...definedBy(scaler, "bob@example.com"), attestation: "v1.x.y.z" },
        }),
      },
    ],
    [
      "DefinerNotMember",
      "who defined its capability is gone",
      { owners: [editOwner(platform, { members: users("dave@example.com") }), payments] },
    ],
    ["PolicyChanged", "its capability was edited and defined anew", { capability: defined(edited) }],
    [
      "NoIdentityOwner",
      "nobody answers for the agent",
      { owners: [platform, editOwner(payments, { identities: [] })] },
    ],
    [
      "ConflictingIdentityOwners",
      "two answer for the agent",
      { owners: [platform, payments, owner("x", { identities: [bot] })] },
    ],
    [
      "NoResourceOwner",
      "nobody claims what it reaches",
      { owners: [platform, editOwner(payments, { resources: [] })] },
    ],
    [
      "ConflictingClaim",
      "two claim what it reaches",
      { owners: [platform, payments, owner("x", { resources: payments.spec.resources ?? [] })] },
    ],
    [
      "ApproverNotMember",
      "an approver is gone",
      { owners: [platform, editOwner(payments, { members: users("dave@example.com") })] },
    ],
  ])("%s: %s", (reason, _, moment) => {
    const state = life(moment);
    expect(`${state.phase} ${state.reason}`).toBe(`Invalid ${reason}`);
    expect(state.message).not.toBe("");
  });

  test("an edited capability that is edited back counts again, with the times of its approval", () => {
    expect(phase({ capability: edited })).toBe("Invalid CapabilityChanged");
    expect(
      life({ capability: editCapability(edited, scaler.spec).spec.description === undefined ? edited : scaler }),
    ).toMatchObject({
      phase: "Live",
      approvedAt: after(minute),
      expiresAt: after(31 * minute),
    });
  });
});

describe("a capability that is edited after the approval", () => {
  const { approval: elev, capability: cap } = under({ pendingTTL: "5m" });
  const edited = defined(editCapability(cap, { description: "edited" }));

  test("does not let it expire for want of a quorum, since edited back it counts again", () => {
    const now = after(10 * minute);
    expect(phase({ approval: elev, capability: edited, now })).toBe("Invalid PolicyChanged");
    expect(phase({ approval: elev, capability: cap, now })).toBe("Live InForce");
    expect(phase({ approval: elev, capability: edited, now: after(day) })).toBe("Invalid PolicyChanged");
    expect(phase({ approval: elev, capability: cap, now: after(day) })).toBe("Expired DurationElapsed");
  });

  test("with a shorter pendingTTL does not end it either", () => {
    const shorter = defined(
      editCapability(cap, { approval: cap.spec.approval.map((a) => ({ ...a, pendingTTL: "1s" })) }),
    );
    expect(phase({ approval: elev, capability: shorter, now: after(10 * minute) })).toBe("Invalid PolicyChanged");
  });

  test("with a longer pendingTTL lets people decide on a request that none had approved in time", () => {
    const longer = defined(
      editCapability(cap, { approval: cap.spec.approval.map((a) => ({ ...a, pendingTTL: "1h" })) }),
    );
    const now = after(10 * minute);
    expect(phase({ approval: pending, capability: cap, now })).toBe("Expired PendingTimeElapsed");
    expect(phase({ approval: pending, capability: longer, now })).toBe("Pending QuorumMissing");
  });
});

describe("Suspended", () => {
  const suspended = { suspended: true };
  test.each<[string, string, Moment]>([
    ["CapabilitySuspended", "its capability", { capability: editCapability(scaler, suspended) }],
    ["PolicyOwnerNotLive", "the policy owner", { owners: [editOwner(platform, suspended), payments] }],
    [
      "PolicyOwnerNotLive",
      "the policy owner, by a missed review",
      { owners: [editOwner(platform, { reviewBy: timestamp(after(minute)) }), payments] },
    ],
    ["IdentityOwnerNotLive", "the identity owner", { owners: [platform, editOwner(payments, suspended)] }],
    [
      "IdentityOwnerNotLive",
      "the identity owner, by a missed review",
      { owners: [platform, editOwner(payments, { reviewBy: timestamp(after(minute)) })] },
    ],
    [
      "ApprovingOwnerNotLive",
      "an approving owner",
      {
        owners: [
          platform,
          editOwner(payments, { resources: [] }),
          owner("claimant", {
            members: users("alice@example.com"),
            resources: payments.spec.resources ?? [],
            suspended: true,
          }),
        ],
        approval: approvedBy(pending, scaler, { ...alice, ownerName: "claimant" }, bob),
      },
    ],
  ])("%s: %s", (reason, _, moment) => {
    expect(phase(moment)).toBe(`Suspended ${reason}`);
  });

  test("counts again once the suspension is lifted, for what is left of its time", () => {
    const lifted = life({ owners: [platform, editOwner(payments, { suspended: false })], now: after(10 * minute) });
    expect(lifted).toMatchObject({ phase: "Live", expiresAt: after(31 * minute) });
  });

  test("suspension does not stop its time", () => {
    const owners = [platform, editOwner(payments, suspended)];
    expect(phase({ owners, now: after(31 * minute) })).toBe("Expired DurationElapsed");
    expect(phase({ owners, approval: pending, now: after(day) })).toBe("Expired PendingTimeElapsed");
  });
});

describe("the next change by time alone", () => {
  const notBefore = timestamp(after(hour));
  const owners = [platform, editOwner(payments, { reviewBy: timestamp(after(20 * minute)) })];
  test.each<[string, Moment, number | undefined]>([
    ["Pending: the end of the pending time", { approval: pending }, after(day)],
    ["Approved: its start", { approval: approvedBy(approval("i", { notBefore }), scaler, alice, bob) }, after(hour)],
    ["Live: its end", {}, after(31 * minute)],
    [
      "Suspended while live: its end",
      { owners: [platform, editOwner(payments, { suspended: true })] },
      after(31 * minute),
    ],
    [
      "Suspended while pending: the end of the pending time",
      { approval: pending, owners: [platform, editOwner(payments, { suspended: true })] },
      after(day),
    ],
    ["Live: the review of an owner", { owners }, after(20 * minute)],
    ["Pending: the review of an owner", { approval: pending, owners }, after(20 * minute)],
    ["Expired: none", { now: after(hour) }, undefined],
    ["Invalid without terms: none", { capability: "none" }, undefined],
  ])("%s", (_, moment, expected) => {
    expect(life(moment).nextChangeAt).toBe(expected);
  });

  test("no phase changes before it", () => {
    const moments: Moment[] = [{}, { approval: pending }, { owners }, { approval: pending, owners }];
    for (const moment of moments) {
      for (let state: Lifecycle = life({ ...moment, now: after(2 * minute) }); state.nextChangeAt !== undefined;) {
        const at = state.nextChangeAt;
        expect(life({ ...moment, now: at - 1 }).phase).toBe(state.phase);
        state = life({ ...moment, now: at });
        expect(state.nextChangeAt).not.toBe(at);
      }
    }
  });
});

test("approvals that were given before the policy changed do not hide that a new quorum was met", () => {
  const stale = { ...alice, policyDigest: "sha256:old" };
  const dave: Vote = { by: "dave@example.com", ownerName: "payments" };
  const owners = [platform, editOwner(payments, { members: users("alice@example.com", "dave@example.com") })];
  const elev = withDecisions(pending, ...[stale, dave, bob].map((vote) => approveDecision(pending, scaler, vote)));
  expect(phase({ approval: elev, owners })).toBe("Live InForce");
});
