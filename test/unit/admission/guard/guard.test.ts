import { describe, expect, test } from "vitest";
import { createGuard } from "../../../../src/admission/guard/guard.ts";
import type { GuardOptions } from "../../../../src/admission/guard/guard.ts";
import type { Answer } from "../../../../src/admission/handler.ts";
import type { LiveReader } from "../../../../src/admission/live-reader.ts";
import type { WritObject } from "../../../../src/api/kinds.ts";
import type { AdmissionRequest, UserInfo } from "../../../../src/decision/admission-request.ts";
import { userInfoDigest } from "../../../../src/api/attestation.ts";
import { decisionStatement } from "../../../../src/api/decisions.ts";
import { policyDigest } from "../../../../src/api/digest.ts";
import type { ElevationApproval } from "../../../../src/api/types.gen.ts";
import { EntryTooLargeError } from "../../../../src/ledger/ledger-errors.ts";
import { createLogger } from "../../../../src/telemetry/logger.ts";
import { botUser } from "../../../builders/agents.ts";
import { approveDecision, rejectDecision, withDecisions } from "../../../builders/approval.ts";
import { editCapability } from "../../../builders/capability.ts";
import { ours } from "../../../builders/installation.ts";
import { editOwner, owner } from "../../../builders/owner.ts";
import { review } from "../../../builders/review.ts";
import { after, minute } from "../../../builders/time.ts";
import { payments, pending, platform, scaler, snapshot } from "../../../builders/world.ts";

const alice: UserInfo = { username: "alice@example.com", groups: ["system:authenticated"] };
const bob: UserInfo = { username: "bob@example.com" };
const carol: UserInfo = { username: "carol@example.com" };
const dead: LiveReader = { read: () => Promise.reject(new Error("unreachable")) };
/** Reads what the world holds. */
const living: LiveReader = {
  read: async ({ owners, capabilities }) => ({
    owners: new Map(owners.map((name) => [name, snapshot().owners.get(name)])),
    capabilities: new Map(capabilities.map((name) => [name, snapshot().capability(name)])),
    approvals: new Map(),
    clockSkew: 0,
  }),
};
const receipt = { writer: "w0", index: 0n, leafHash: Buffer.alloc(32) };
const plurals = {
  IdentityOwner: "identityowners",
  AgentCapability: "agentcapabilities",
  ElevationApproval: "elevationapprovals",
} as const;

/** What a guard answers. By default its API server cannot be read, so that it must do with what the review holds. */
async function answer(
  object: WritObject,
  old: WritObject,
  userInfo: UserInfo,
  mods: Partial<GuardOptions> & { readonly problems?: readonly string[] } = {},
): Promise<Answer> {
  const guard = createGuard({
    settings: ours.settings,
    cache: { snapshot, problems: () => mods.problems ?? [] },
    reader: dead,
    mayClaim: () => Promise.reject(new Error("unreachable")),
    requestIds: { reserve: () => Promise.reject(new Error("unreachable")) },
    announce: async () => undefined,
    record: async () => receipt,
    clock: () => after(2 * minute),
    log: createLogger({ level: "silent", name: "test" }),
    ...mods,
  });
  const request: AdmissionRequest = review({
    resource: { group: "writ.dev", version: "v1alpha1", resource: plurals[object.kind] },
    operation: "UPDATE",
    object: JSON.parse(JSON.stringify(object)) as AdmissionRequest["object"] & object,
    oldObject: JSON.parse(JSON.stringify(old)) as AdmissionRequest["oldObject"] & object,
    userInfo,
  });
  return guard({ request, caller: { kind: "path" }, arrivedAt: 0, deadline: 4000 });
}

describe("suspending an owner needs nothing but membership", () => {
  test("no lookup", async () => {
    expect(await answer(editOwner(payments, { suspended: true }), payments, alice)).toMatchObject({ allowed: true });
  });

  test("no sound owner: one that could not be applied today can be suspended", async () => {
    const odd = owner("cluster", { members: payments.spec.members, identities: [{ user: "system:odd" }] });
    expect(await answer(editOwner(odd, { suspended: true }), odd, alice)).toMatchObject({ allowed: true });
  });

  test("but membership it needs", async () => {
    expect(await answer(editOwner(payments, { suspended: true }), payments, carol)).toMatchObject({
      allowed: false,
      code: "LookupFailed",
    });
  });

  test("as the owner was before: nobody joins and suspends at once", async () => {
    const joined = editOwner(payments, { suspended: true, members: [{ user: "carol@example.com" }] });
    expect(await answer(joined, payments, carol)).toMatchObject({ allowed: false });
  });
});

test("metadata alone may be changed by anybody whom RBAC lets, but not by an agent", async () => {
  const freed = { ...platform, metadata: { ...platform.metadata, finalizers: [] } };
  expect(await answer(freed, platform, carol)).toMatchObject({ allowed: true });
  expect(await answer(freed, platform, { username: botUser })).toMatchObject({ code: "AgentsMayOnlyRequest" });
});

test("what cannot be recorded is not admitted", async () => {
  const record = (): Promise<never> => Promise.reject(new Error("disk full"));
  expect(await answer(editOwner(payments, { suspended: true }), payments, alice, { record })).toMatchObject({
    allowed: false,
    code: "RecordFailed",
  });
});

describe("a capability is handed to another policy owner", () => {
  const taken = editCapability(scaler, { policyOwnerName: "payments" });
  const claims = (may: boolean): Partial<GuardOptions> => ({ reader: living, mayClaim: async () => may });

  test("not by members of the new one: nobody takes a policy over", async () => {
    expect(await answer(taken, scaler, alice, claims(false))).toMatchObject({
      allowed: false,
      code: "MembershipRequired",
    });
  });

  test("by members of the old one, or who may claim the new one", async () => {
    expect(await answer(taken, scaler, bob, claims(false))).toMatchObject({ allowed: true });
    expect(await answer(taken, scaler, carol, claims(true))).toMatchObject({ allowed: true });
  });
});

test("an update that changes nothing is admitted and not recorded", async () => {
  const recorded: object[] = [];
  const record = async (_: string, spec: object): Promise<typeof receipt> => {
    recorded.push(spec);
    return receipt;
  };
  expect(await answer(payments, payments, alice, { record })).toMatchObject({ allowed: true });
  const labelled = { ...payments, metadata: { ...payments.metadata, labels: { a: "b" } } };
  expect(await answer(labelled, payments, alice, { record })).toMatchObject({ allowed: true });
  expect(recorded).toHaveLength(1);
});

describe("while the cache is not synced", () => {
  const unsynced = { reader: living, problems: ["cache of identityowners is not synced"] };

  test("nobody approves, since rival claims and other names of a person are not known", async () => {
    const vote = { by: "alice@example.com", ownerName: "payments" };
    const approving = withDecisions(pending, approveDecision(pending, scaler, vote));
    expect(await answer(approving, pending, alice, unsynced)).toMatchObject({ allowed: false, code: "LookupFailed" });
  });

  test("a rejection is judged all the same", async () => {
    const rejecting = withDecisions(
      pending,
      rejectDecision(pending, { by: "alice@example.com", ownerName: "payments" }),
    );
    const { code } = await answer(rejecting, pending, alice, unsynced);
    expect(code).not.toBe("LookupFailed");
  });
});

describe("owner references, by which the garbage collector would delete in nobody's name", () => {
  const reference = { apiVersion: "v1", kind: "Namespace", name: "gone", uid: "0" };
  const owned = <T extends WritObject>(object: T): T => ({
    ...object,
    metadata: { ...object.metadata, ownerReferences: [reference] },
  });

  test.each<[string, WritObject]>([
    ["an owner", payments],
    ["a capability", scaler],
    ["an approval", pending],
  ])("are not given to %s, whatever else changes", async (_, object) => {
    expect(await answer(owned(object), object, carol)).toMatchObject({ code: "OwnerReferencesRefused" });
  });

  test("may be taken away", async () => {
    expect(await answer(payments, owned(payments), carol)).toMatchObject({ allowed: true });
  });
});

test("an attestation that was genuine once is not brought back by somebody else: it would lift a suspension", async () => {
  const { definedBy, ...bare } = scaler.spec;
  expect(definedBy?.by).toBe("bob@example.com");
  const recreated = await answer(scaler, { ...scaler, spec: { ...bare, description: "x" } }, carol, { reader: living });
  expect(recreated).toMatchObject({ allowed: false, code: "ForgedDefinition" });
});

test("what is too large for the record can still be suspended: it is recorded in brief", async () => {
  const recorded: object[] = [];
  const record = async (_: string, spec: object): Promise<typeof receipt> => {
    if ("spec" in spec) throw new EntryTooLargeError("70000 bytes");
    recorded.push(spec);
    return receipt;
  };
  expect(await answer(editOwner(payments, { suspended: true }), payments, alice, { record })).toMatchObject({
    allowed: true,
  });
  expect(recorded).toMatchObject([{ suspended: true, user: { username: "alice@example.com" } }]);
});

test("no clock stands in the way of a rejection, as it does of an approval", async () => {
  const vote = { by: "alice@example.com", ownerName: "payments", at: after(0) };
  const late = { reader: living, clock: () => after(20 * minute) };
  const user: UserInfo = {
    ...alice,
    extra: { "authentication.kubernetes.io/credential-id": ["JTI=alice@example.com"] },
  };
  const digest = userInfoDigest(user);
  const attest = (verdict: "Approve" | "Reject"): ElevationApproval => {
    const decision = { verdict, ...vote, at: new Date(vote.at).toISOString(), policyDigest: policyDigest(scaler) };
    const payload = { credentialId: "JTI=alice@example.com", member: "user:alice@example.com", userInfoDigest: digest };
    const attestation = ours.signer.attest(decisionStatement(pending, decision, ours.trust.clusterId), payload);
    return withDecisions(pending, { ...decision, attestation });
  };
  expect(await answer(attest("Reject"), pending, user, late)).toMatchObject({ allowed: true });
  expect(await answer(attest("Approve"), pending, user, late)).toMatchObject({ code: "ForgedDecision" });
});

test("nobody approves under a policy that nobody has defined as it is", async () => {
  const edited = editCapability(scaler, { description: "edited by a stranger" });
  const reader: LiveReader = {
    read: async (names) => ({ ...(await living.read(names)), capabilities: new Map([["payments-scaler", edited]]) }),
  };
  const vote = { by: "alice@example.com", ownerName: "payments" };
  const user: UserInfo = { ...alice, extra: { "authentication.kubernetes.io/credential-id": ["JTI=x"] } };
  const approving = withDecisions(pending, approveDecision(pending, edited, vote));
  expect(await answer(approving, pending, user, { reader })).toMatchObject({ code: "CapabilityNotInForce" });
});
