import { describe, expect, test } from "vitest";
import { createStamps } from "../../../../src/admission/guard/stamps.ts";
import type { Answer } from "../../../../src/admission/handler.ts";
import type { LiveReader } from "../../../../src/admission/live-reader.ts";
import type { WritObject } from "../../../../src/api/kinds.ts";
import type { AdmissionRequest, UserInfo } from "../../../../src/decision/admission-request.ts";
import { createLogger } from "../../../../src/telemetry/logger.ts";
import type { ElevationApproval, ElevationApprovalDecision } from "../../../../src/api/types.gen.ts";
import { approval, approvedBy, withDecisions } from "../../../builders/approval.ts";
import { capability, editCapability } from "../../../builders/capability.ts";
import { ours } from "../../../builders/installation.ts";
import { editOwner } from "../../../builders/owner.ts";
import { review } from "../../../builders/review.ts";
import { signedCapability, signedDecision, signer } from "../../../builders/signed.ts";
import { after, minute, timestamp } from "../../../builders/time.ts";
import { payments, platform, root, scaler, snapshot } from "../../../builders/world.ts";
import type { World } from "../../../builders/world.ts";

const bob: UserInfo = {
  username: "bob@example.com",
  extra: { "authentication.kubernetes.io/credential-id": ["X509SHA256=00"] },
};
const plurals = {
  IdentityOwner: "identityowners",
  AgentCapability: "agentcapabilities",
  ElevationApproval: "elevationapprovals",
} as const;

function reader(clockSkew: number, mods: Partial<World>): LiveReader {
  return {
    read: async ({ owners, capabilities }) => ({
      owners: new Map(owners.map((name) => [name, snapshot(mods).owners.get(name)])),
      capabilities: new Map(capabilities.map((name) => [name, snapshot().capability(name)])),
      approvals: new Map(),
      clockSkew,
    }),
  };
}

async function stamped(
  object: WritObject,
  old: WritObject | undefined,
  userInfo: UserInfo,
  clockSkew = 0,
  mods: Partial<World> = {},
): Promise<Answer> {
  const stamps = createStamps({
    settings: ours.settings,
    cache: { snapshot: () => snapshot(mods), problems: () => [] },
    reader: reader(clockSkew, mods),
    signer: ours.signer,
    agentUid: async () => "uid",
    clock: () => after(2 * minute),
    log: createLogger({ level: "silent", name: "test" }),
  });
  const request: AdmissionRequest = review({
    resource: { group: "writ.dev", version: "v1alpha1", resource: plurals[object.kind] },
    operation: old ? "UPDATE" : "CREATE",
    object: JSON.parse(JSON.stringify(object)) as AdmissionRequest["object"] & object,
    oldObject: old ? (JSON.parse(JSON.stringify(old)) as AdmissionRequest["oldObject"] & object) : null,
    userInfo,
  });
  return stamps({ request, caller: { kind: "path" }, arrivedAt: 0, deadline: 4000 });
}

/** Values that were stamped, by path. */
const patched = ({ patch = [] }: Answer): Readonly<Record<string, unknown>> =>
  Object.fromEntries(patch.map(({ path, value }) => [path, value]));

describe("a member's change defines the capability", () => {
  const described = { description: "now with words" };

  test("when it was defined before", async () => {
    const answer = await stamped(editCapability(scaler, described), scaler, bob);
    expect(patched(answer)["/spec/definedBy"]).toMatchObject({ by: "bob@example.com" });
  });

  test("but not what a stranger changed before it: that needs saying", async () => {
    const strange = editCapability(scaler, { agents: [...scaler.spec.agents, { user: "spiffe://x" }] });
    const answer = await stamped(editCapability(strange, described), strange, bob);
    expect(patched(answer)).toEqual({});
    expect(answer.warnings?.[0]).toContain("not in force");
    const said = editCapability(strange, { ...described, definedBy: {} });
    expect(patched(await stamped(said, strange, bob))["/spec/definedBy"]).toMatchObject({ by: "bob@example.com" });
  });

  test("and not under a digest that is another's", async () => {
    const definedBy = { policyDigest: `sha256:${"0".repeat(64)}` };
    expect(await stamped(editCapability(scaler, { definedBy }), scaler, bob)).toMatchObject({ code: "DigestMismatch" });
  });
});

describe("clocks that are apart", () => {
  const old = approval("x");
  const decide = (verdict: "Approve" | "Reject"): WritObject =>
    ({ ...old, spec: { ...old.spec, decisions: [{ verdict, ownerName: "platform" }] } }) as unknown as WritObject;

  test("stop an approval and no rejection", async () => {
    expect(await stamped(decide("Approve"), old, bob, 5001)).toMatchObject({ code: "LookupFailed" });
    expect(await stamped(decide("Approve"), old, bob, 5000)).toMatchObject({ allowed: true });
    expect(await stamped(decide("Reject"), old, bob, 5001)).toMatchObject({ allowed: true });
  });
});

test("who stands behind an agent by its token stands in its request", async () => {
  const user: UserInfo = {
    username: "spiffe://x",
    groups: ["writ.dev:agents"],
    extra: { "writ.dev/act-chain": ["carol@example.com", "orchestrator"] },
  };
  const asked = approval("x", { agent: { user: "spiffe://x" }, onBehalfOf: ["user:carol@example.com", "agent:p"] });
  expect(patched(await stamped(asked, undefined, user))["/spec/onBehalfOf"]).toEqual([
    "user:carol@example.com",
    "agent:p",
    "user:orchestrator",
  ]);
});

describe("decisions that people have signed", () => {
  const pipeline: UserInfo = { username: "system:serviceaccount:ci:deployer" };
  const asked = approval("x", { requestID: "git-4f9e1c0b7a2d4e6f" });
  const alices = signedDecision(asked, scaler, { by: "alice@example.com", ownerName: "payments" });
  const request = (mods: object): WritObject => ({ ...asked, spec: { ...asked.spec, decisions: [alices], ...mods } });

  test("come with a request as they are: nothing of them is stamped", async () => {
    const answer = await stamped(request({}), undefined, pipeline);
    expect(patched(answer)).toEqual({ "/spec/requestedBy": pipeline.username });
  });

  test("need a requestID and the agent's uid, which they cover", async () => {
    expect(await stamped(request({ requestID: undefined }), undefined, pipeline)).toMatchObject({
      code: "RequestIDMissing",
    });
    const { uid: _, ...agent } = asked.spec.agent;
    const answer = await stamped(request({ agent }), undefined, pipeline);
    expect(answer).toMatchObject({ code: "AgentUidMissing" });
    expect(answer.next).toContain("kubectl get sa");
  });

  test("come beside none that are not", async () => {
    const mixed = { decisions: [alices, { verdict: "Reject", ownerName: "platform" }] };
    expect(await stamped(request(mixed), undefined, bob)).toMatchObject({ code: "DecisionsAtCreation" });
  });

  test("are added as they are, beside what the caller decides", async () => {
    const added = withDecisions(asked, alices, {
      verdict: "Approve",
      ownerName: "platform",
    } as ElevationApprovalDecision);
    const list = patched(await stamped(added, asked, bob))["/spec/decisions"];
    expect(list).toMatchObject([alices, { by: "bob@example.com", attestation: expect.any(String) }]);
    expect(await stamped(withDecisions(asked, alices), asked, pipeline)).not.toHaveProperty("patch");
  });
});

describe("what an applier leaves out of a list of decisions is put back", () => {
  const alices = signedDecision(approval("x"), scaler, { by: "alice@example.com", ownerName: "payments" });
  const old = approvedBy(withDecisions(approval("x"), alices), scaler, {
    by: "bob@example.com",
    ownerName: "platform",
  });
  const send = async (...decisions: readonly Partial<ElevationApprovalDecision>[]): Promise<Answer> => {
    const spec = { ...old.spec, decisions } as ElevationApproval["spec"];
    return stamped({ ...old, spec }, old, { username: "system:serviceaccount:ci:deployer" });
  };
  const [, bobs] = old.spec.decisions ?? [];

  test("a whole decision, with a word about it", async () => {
    const answer = await send(alices);
    expect(patched(answer)["/spec/decisions"]).toEqual(old.spec.decisions);
    expect(answer.warnings).toEqual(["decisions only grow: 1 that the change left out stand as they were"]);
  });

  test("fields of one", async () => {
    const { attestation: _attestation, policyDigest: _digest, ...part } = bobs ?? {};
    const answer = await send(alices, part);
    expect(patched(answer)["/spec/decisions"]).toEqual(old.spec.decisions);
  });

  test("and the order in which they were made", async () => {
    expect(patched(await send(bobs ?? {}, alices))["/spec/decisions"]).toEqual(old.spec.decisions);
  });

  test("while what differs is left for the schema to refuse, and so is an empty list", async () => {
    const answer = await send(alices, { ...bobs, at: timestamp(after(0)) });
    expect(patched(answer)["/spec/decisions"] ?? "as sent").toBe("as sent");
    expect(await send()).not.toHaveProperty("patch");
    expect(await send(alices, alices, bobs ?? {})).not.toHaveProperty("patch");
  });

  test("and what is whole is not touched", async () => {
    expect(await send(alices, bobs ?? {})).not.toHaveProperty("patch");
  });
});

describe("an owner that wants signatures", () => {
  const strict = { owners: [root, editOwner(platform, { decisions: "Signed" }), payments] };
  const old = approval("x");
  const team = { owners: [root, platform, editOwner(payments, { decisions: "Signed" })] };
  const alice: UserInfo = { ...bob, username: "alice@example.com" };
  const deciding = (verdict: "Approve" | "Reject"): WritObject =>
    withDecisions(old, { verdict, ownerName: "payments" } as ElevationApprovalDecision);

  test("gets no attestation of an approval, and one of a rejection", async () => {
    const answer = await stamped(deciding("Approve"), old, alice, 0, team);
    expect(answer).toMatchObject({ allowed: false, code: "SignatureRequired" });
    expect(answer.next).toContain("kubectl writ sign -f FILE --owner payments");
    expect(await stamped(deciding("Reject"), old, alice, 0, team)).toMatchObject({ allowed: true });
  });

  test("gets no attestation of a definition", async () => {
    const applied = capability("new");
    expect(await stamped(applied, undefined, bob, 0, strict)).not.toHaveProperty("patch");
    const claimed = editCapability(applied, { definedBy: {} });
    expect(await stamped(claimed, applied, bob, 0, strict)).toMatchObject({ code: "SignatureRequired" });
  });
});

describe("a definition that a member has signed", () => {
  const pipeline: UserInfo = { username: "system:serviceaccount:ci:deployer" };
  const signed = signedCapability(capability("new"));

  test("is left as it is, whoever applies it", async () => {
    for (const user of [pipeline, bob]) expect(await stamped(signed, undefined, user)).not.toHaveProperty("patch");
  });

  test("takes the place of an attestation that a patch leaves beside it", async () => {
    const attested = { ...scaler, metadata: signed.metadata };
    const { attestation } = scaler.spec.definedBy ?? {};
    const patch = editCapability(signed, { definedBy: { ...signed.spec.definedBy, attestation: attestation ?? "" } });
    expect((await stamped(patch, attested, pipeline)).patch).toEqual([
      { op: "remove", path: "/spec/definedBy/attestation" },
    ]);
  });

  const { definedBy: _, ...rest } = signed.spec;

  test("is put back where who is no member leaves it out", async () => {
    const edited = { ...signed, spec: { ...rest, description: "x" } };
    expect(patched(await stamped(edited, signed, pipeline))["/spec/definedBy"]).toEqual(signed.spec.definedBy);
  });

  test("is renewed by an attestation where a member edits the capability", async () => {
    const keyed = { owners: [root, editOwner(platform, { members: [signer("bob@example.com")] }), payments] };
    const edited = editCapability(signed, { description: "x" });
    const definedBy = patched(await stamped(edited, signed, bob, 0, keyed))["/spec/definedBy"];
    expect(definedBy).toMatchObject({ by: "bob@example.com", attestation: expect.any(String) });
    expect(definedBy).not.toHaveProperty("signature");
  });
});
