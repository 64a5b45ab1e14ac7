import { describe, expect, test } from "vitest";
import type { UserInfo } from "../../../../src/decision/admission-request.ts";
import type { ElevationApprovalDecision } from "../../../../src/api/types.gen.ts";
import { bot, botUid, botUser } from "../../../builders/agents.ts";
import { approval, rejectDecision, withDecisions } from "../../../builders/approval.ts";
import { capability, definedBy, editCapability, rule } from "../../../builders/capability.ts";
import { installation } from "../../../builders/installation.ts";
import { editOwner, owner, users } from "../../../builders/owner.ts";
import { signer } from "../../../builders/signed.ts";
import { after, minute, timestamp } from "../../../builders/time.ts";
import { payments, pending, platform, root, scaler } from "../../../builders/world.ts";
import { type Question, askGuard, person, stamped } from "./ask-guard.ts";

const alice = person("alice@example.com");
const bob = person("bob@example.com");
const carol = person("carol@example.com");
const dan = person("dan@example.com");
const agent: UserInfo = { ...person(botUser), uid: botUid };

const code = async (question: Question): Promise<string> => {
  const answer = await askGuard(question);
  return answer.allowed ? "admitted" : answer.code;
};

describe("an owner", () => {
  test.each<[string, Question, string]>([
    ["is created by who may claim it", { object: owner("new"), user: carol, claims: true }, "admitted"],
    ["is created by nobody else", { object: owner("new"), user: carol }, "ClaimRequired"],
    [
      "is suspended by its members",
      { object: editOwner(payments, { suspended: true }), old: payments, user: alice },
      "admitted",
    ],
    [
      "is suspended by no others",
      { object: editOwner(payments, { suspended: true }), old: payments, user: carol },
      "ClaimRequired",
    ],
    [
      "is not released by its members",
      { object: payments, old: editOwner(payments, { suspended: true }), user: alice },
      "ClaimRequired",
    ],
    [
      "gets no members from its members",
      { object: editOwner(payments, { members: users("x@example.com") }), old: payments, user: alice },
      "ClaimRequired",
    ],
    [
      "gets no identities from its members",
      { object: editOwner(payments, { identities: [] }), old: payments, user: alice },
      "ClaimRequired",
    ],
    [
      "gets no resources from its members",
      { object: editOwner(payments, { resources: [{ scope: "Cluster" }] }), old: payments, user: alice },
      "ClaimRequired",
    ],
    [
      "is not recertified by its members",
      { object: editOwner(payments, { reviewBy: "2027-01-01T00:00:00Z" }), old: payments, user: alice },
      "ClaimRequired",
    ],
    [
      "answers for agents alone",
      {
        object: owner("new", { identities: [{ serviceAccount: { namespace: "kube-system", name: "x" } }] }),
        user: carol,
        claims: true,
      },
      "IdentityOutsideAgentSet",
    ],
    [
      "lists keys that can be used",
      { object: owner("new", { members: [signer("x@example.com")] }), user: carol, claims: true },
      "admitted",
    ],
    [
      "lists no other keys",
      {
        object: owner("new", { members: [{ user: "x@example.com", sshKeys: ["ssh-ed25519 AAAA x"] }] }),
        user: carol,
        claims: true,
      },
      "SshKeyUnusable",
    ],
    [
      "gets no keys from its members",
      { object: editOwner(payments, { members: [signer("alice@example.com")] }), old: payments, user: alice },
      "ClaimRequired",
    ],
    [
      "that is the root claims nothing",
      { object: editOwner(root, { resources: [{ scope: "Cluster" }] }), old: root, user: carol, claims: true },
      "RootOwnerClaims",
    ],
    [
      "is touched by no agent, whatever it may claim",
      { object: editOwner(payments, { suspended: false }), old: payments, user: agent, claims: true },
      "AgentsMayOnlyRequest",
    ],
  ])("%s", async (_, question, expected) => {
    expect(await code(question)).toBe(expected);
  });
});

describe("an SSH key that two names share is warned about", () => {
  const warned = async (object: ReturnType<typeof owner>): Promise<readonly string[]> => {
    const rival = editOwner(platform, { members: [signer("bob@example.com")] });
    const answer = await askGuard({ object, user: carol, claims: true, owners: [root, rival, payments] });
    return answer.warnings ?? [];
  };

  test("in one owner and in two", async () => {
    const bobs = signer("bob@example.com").sshKeys;
    const within = [signer("x@example.com"), { user: "y@example.com", sshKeys: signer("x@example.com").sshKeys }];
    expect(await warned(owner("new", { members: within }))).toEqual([
      'an SSH key of x@example.com is one of y@example.com in IdentityOwner "new" too: they count as one person',
    ]);
    expect(await warned(owner("new", { members: [{ user: "z@example.com", sshKeys: bobs }] }))).toEqual([
      'an SSH key of z@example.com is one of bob@example.com in IdentityOwner "platform" too: they count as one person',
    ]);
  });

  test("and one person in two owners is not", async () => {
    expect(await warned(owner("new", { members: [signer("bob@example.com")] }))).toEqual([]);
  });
});

describe("a capability", () => {
  const applied = (spec: Parameters<typeof editCapability>[1]): Question => ({
    object: editCapability(capability("new"), spec),
    user: bob,
  });

  test.each<[string, Question, string]>([
    ["is applied by anybody whom RBAC lets, inert", { object: capability("new"), user: carol }, "admitted"],
    [
      "names agents alone",
      applied({ agents: [{ serviceAccount: { namespace: "kube-system", name: "x" } }] }),
      "IdentityOutsideAgentSet",
    ],
    [
      "names none of Writ's namespaces",
      applied({ rules: [rule("own", { namespaces: ["writ-system"] })] }),
      "OwnNamespaceInRule",
    ],
    [
      "names fields that can be read",
      applied({ rules: [rule("odd", { apiVersions: ["v1"], fields: ["spec..replicas"] })] }),
      "FieldPathMalformed",
    ],
    [
      "has schemas that can be used",
      applied({ rules: [rule("odd", { apiVersions: ["v1"], schema: { pattern: "(a+)+$" } })] }),
      "SchemaUnusable",
    ],
    [
      "names the protected set in High rules alone",
      applied({ rules: [rule("secrets", { risk: "Low", apiGroups: [""], resources: ["secrets"] })] }),
      "LowRiskProtected",
    ],
    [
      "has no definition of another installation",
      {
        object: editCapability(capability("new"), {
          definedBy: definedBy(capability("new"), "bob@example.com", {}, installation({ seed: 2 })),
        }),
        user: bob,
      },
      "ForgedDefinition",
    ],
    [
      "is suspended by members of its policy owner",
      { object: editCapability(scaler, { suspended: true }), old: scaler, user: bob },
      "admitted",
    ],
    [
      "is suspended by no others",
      { object: editCapability(scaler, { suspended: true }), old: scaler, user: alice },
      "MembershipRequired",
    ],
    [
      "is handed over by no others",
      { object: editCapability(scaler, { policyOwnerName: "payments" }), old: scaler, user: alice },
      "MembershipRequired",
    ],
    ["is touched by no agent", { object: capability("new"), user: agent }, "AgentsMayOnlyRequest"],
  ])("%s", async (_, question, expected) => {
    expect(await code(question)).toBe(expected);
  });
});

describe("a request", () => {
  const fresh = approval("fresh", { requestedBy: carol.username });
  const bound = editCapability(scaler, { credential: { bind: "Pod" } });
  const of = (spec: Parameters<typeof approval>[1], user = carol): Question => ({
    object: approval("fresh", { requestedBy: user.username, ...spec }),
    user,
  });

  test.each<[string, Question, string]>([
    ["is filed by anybody whom RBAC lets", of({}), "admitted"],
    ["bears no decision", of({ decisions: [stamped(fresh, alice)] }), "DecisionsAtCreation"],
    ["names who asks", of({ requestedBy: "alice@example.com" }), "NotStamped"],
    ["is filed by an agent for itself", of({}, agent), "admitted"],
    [
      "is filed by an agent for no other",
      of({ agent: { serviceAccount: { namespace: "agents", name: "other" }, uid: "x" } }, agent),
      "AgentsMayOnlyRequest",
    ],
    [
      "is filed by an agent for no other incarnation of itself",
      of({ agent: { ...bot, uid: "another" } }, agent),
      "AgentsMayOnlyRequest",
    ],
    [
      "has a requestID of its own",
      { ...of({}), options: { requestIds: { reserve: async () => ({ kind: "taken", by: undefined }) } } },
      "Replayed",
    ],
    [
      "has a requestID that can be reserved",
      { ...of({}), options: { requestIds: { reserve: async () => ({ kind: "full" }) } } },
      "RequestIDsFull",
    ],
    [
      "has a requestID that is known to be its own",
      { ...of({}), options: { requestIds: { reserve: () => Promise.reject(new Error("unreachable")) } } },
      "LookupFailed",
    ],
    ["has a salt that cannot be guessed", of({ change: { salt: "00", digest: "sha256:0" } }), "SaltTooWeak"],
    ["names the pod that its capability binds to", { ...of({}), capabilities: [bound] }, "CredentialNotNamed"],
    [
      "does so by a token for a pod no more than without",
      { ...of({ credential: { tokenId: "JTI=x" } }), capabilities: [bound] },
      "CredentialNotNamed",
    ],
    ["keeps to the terms of its capability", of({ rules: ["none"] }), "RuleNotFound"],
    ["names a capability that exists", of({ capabilityName: "none" }), "CapabilityNotFound"],
  ])("%s", async (_, question, expected) => {
    expect(await code(question)).toBe(expected);
  });
});

describe("a decision", () => {
  const decided = (decision: ElevationApprovalDecision, user: UserInfo, on = pending): Question => ({
    object: withDecisions(on, decision),
    old: on,
    user,
  });
  const ours = stamped(pending, alice);
  const { attestation, ...bare } = ours;

  test.each<[string, Question, string]>([
    ["of a member counts", decided(ours, alice), "admitted"],
    ["in another's name is forged", decided(stamped(pending, bob), alice), "ForgedDecision"],
    [
      "in another's name is forged, whatever is attested",
      decided(stamped(pending, alice, { by: bob.username }), alice),
      "ForgedDecision",
    ],
    ["without attestation is forged", decided(bare, alice), "ForgedDecision"],
    [
      "with the attestation of another decision is forged",
      decided({ ...bare, reason: "other", ...(attestation === undefined ? {} : { attestation }) }, alice),
      "ForgedDecision",
    ],
    [
      "with the attestation of another request of the same person is forged",
      decided(ours, { ...alice, groups: ["others"] }),
      "ForgedDecision",
    ],
    [
      "with an attestation of long ago is forged",
      decided(stamped(pending, alice, { at: timestamp(after(-60 * minute)) }), alice),
      "ForgedDecision",
    ],
    ["of no member does not count", decided(stamped(pending, carol), carol), "NotAMember"],
    [
      "of an agent that an owner lists is none",
      {
        ...decided(stamped(pending, agent), agent),
        owners: [root, platform, editOwner(payments, { members: users(botUser) })],
      },
      "AgentsMayOnlyRequest",
    ],
    [
      "of a system identity that an owner lists is none",
      {
        ...decided(stamped(pending, person("system:kube-scheduler")), person("system:kube-scheduler")),
        owners: [root, platform, editOwner(payments, { members: users("system:kube-scheduler") })],
      },
      "NotAPerson",
    ],
    [
      "without a credential id is refused",
      decided(stamped(pending, { username: alice.username }), { username: alice.username }),
      "CredentialRequired",
    ],
    [
      "on one's own request is refused",
      decided(
        stamped(approval("mine", { requestedBy: alice.username }), alice),
        alice,
        approval("mine", { requestedBy: alice.username }),
      ),
      "SelfApproval",
    ],
    [
      "on behalf of whom the agent acts is refused",
      decided(
        stamped(approval("mine", { onBehalfOf: [`user:${alice.username}`] }), alice),
        alice,
        approval("mine", { onBehalfOf: [`user:${alice.username}`] }),
      ),
      "SelfApproval",
    ],
    [
      "of an owner without a say is refused",
      { ...decided(stamped(pending, dan, { ownerName: "others" }), dan), ...withOthers() },
      "NotAnApprover",
    ],
    [
      "to reject of an owner without a say is refused",
      { ...decided(stamped(pending, dan, { ownerName: "others", verdict: "Reject" }), dan), ...withOthers() },
      "NotAnApprover",
    ],
    ["to reject of a member counts", decided(stamped(pending, alice, { verdict: "Reject" }), alice), "admitted"],
    [
      "to approve what is over is refused",
      decided(stamped(rejected(), bob, { ownerName: "platform" }), bob, rejected()),
      "ApprovalOver",
    ],
    [
      "on another state of the policy is refused",
      decided(stamped(pending, alice, { policyDigest: `sha256:${"0".repeat(64)}` }), alice),
      "DigestMismatch",
    ],
  ])("%s", async (_, question, expected) => {
    expect(await code(question)).toBe(expected);
  });

  test("cannot be made while what the guard has to know cannot be read", async () => {
    const reader = { read: () => Promise.reject(new Error("unreachable")) };
    expect(await code({ ...decided(ours, alice), options: { reader } })).toBe("LookupFailed");
  });
});

function withOthers() {
  return { owners: [root, platform, payments, owner("others", { members: users("dan@example.com") })] };
}

function rejected() {
  return withDecisions(pending, rejectDecision(pending, { by: "alice@example.com", ownerName: "payments" }));
}
