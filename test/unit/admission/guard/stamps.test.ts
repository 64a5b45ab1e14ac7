import { describe, expect, test } from "vitest";
import { createStamps } from "../../../../src/admission/guard/stamps.ts";
import type { Answer } from "../../../../src/admission/handler.ts";
import type { LiveReader } from "../../../../src/admission/live-reader.ts";
import type { WritObject } from "../../../../src/api/kinds.ts";
import type { AdmissionRequest, UserInfo } from "../../../../src/decision/admission-request.ts";
import { createLogger } from "../../../../src/telemetry/logger.ts";
import { approval } from "../../../builders/approval.ts";
import { editCapability } from "../../../builders/capability.ts";
import { ours } from "../../../builders/installation.ts";
import { review } from "../../../builders/review.ts";
import { after, minute } from "../../../builders/time.ts";
import { scaler, snapshot } from "../../../builders/world.ts";

const bob: UserInfo = {
  username: "bob@example.com",
  extra: { "authentication.kubernetes.io/credential-id": ["X509SHA256=00"] },
};
const plurals = {
  IdentityOwner: "identityowners",
  AgentCapability: "agentcapabilities",
  ElevationApproval: "elevationapprovals",
} as const;

function reader(clockSkew: number): LiveReader {
  return {
    read: async ({ owners, capabilities }) => ({
      owners: new Map(owners.map((name) => [name, snapshot().owners.get(name)])),
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
): Promise<Answer> {
  const stamps = createStamps({
    settings: ours.settings,
    cache: { snapshot, problems: () => [] },
    reader: reader(clockSkew),
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
