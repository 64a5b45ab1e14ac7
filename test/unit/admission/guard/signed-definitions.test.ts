import { describe, expect, test } from "vitest";
import type { AgentCapability, IdentityOwner } from "../../../../src/api/types.gen.ts";
import type { UserInfo } from "../../../../src/decision/admission-request.ts";
import { botUid, botUser } from "../../../builders/agents.ts";
import { capability, defined, editCapability } from "../../../builders/capability.ts";
import { editOwner, owner, users } from "../../../builders/owner.ts";
import { signedCapability, signer } from "../../../builders/signed.ts";
import type { SignedDefinition } from "../../../builders/signed.ts";
import { sshKey } from "../../../builders/ssh-key.ts";
import { after, created, hour, minute, second, timestamp } from "../../../builders/time.ts";
import { payments, platform, root } from "../../../builders/world.ts";
import type { GuardOptions } from "../../../../src/admission/guard/guard.ts";
import { type Question, askGuard, person } from "./ask-guard.ts";

const pipeline: UserInfo = { ...person("system:serviceaccount:ci:deployer"), uid: "ci" };
const agent: UserInfo = { ...person(botUser), uid: botUid };
const keyed = editOwner(platform, { members: [signer("bob@example.com", "oidc:bob"), ...users("dan@example.com")] });
const other = owner("other", { members: [signer("bob@example.com")] });
const owners: readonly IdentityOwner[] = [root, keyed, payments, other];

const bare = capability("scaler");
const genuine = signedCapability(bare);
const now = after(2 * minute);

async function code(object: AgentCapability, mods: Partial<Question> = {}): Promise<string> {
  const answer = await askGuard({ owners, user: pipeline, object, ...mods });
  return answer.allowed ? "admitted" : answer.code;
}

const sign = (mods: SignedDefinition): AgentCapability => signedCapability(bare, mods);
const edit = (mods: Partial<NonNullable<AgentCapability["spec"]["definedBy"]>>): AgentCapability =>
  editCapability(bare, { definedBy: { ...genuine.spec.definedBy, ...mods } });

describe("a signed definition", () => {
  test("is brought by anybody but an agent, at creation and afterwards, and is in force", async () => {
    for (const user of [pipeline, person("carol@example.com"), person("bob@example.com")]) {
      for (const old of [undefined, bare]) {
        const answer = await askGuard({ owners, user, object: genuine, ...(old ? { old } : {}) });
        expect([answer.allowed, answer.warnings]).toEqual([true, []]);
      }
    }
    expect(await code(genuine, { user: agent })).toBe("AgentsMayOnlyRequest");
  });

  const rows: readonly (readonly [string, string, AgentCapability])[] = [
    ["SignatureInvalid", "of another cluster", sign({ clusterId: "other" })],
    ["SignatureInvalid", "of another name", { ...signedCapability(capability("other"), {}), metadata: bare.metadata }],
    ["DigestMismatch", "of another content", editCapability(genuine, { description: "x" })],
    ["SignatureInvalid", "with another digest put in", edit({ policyDigest: `sha256:${"0".repeat(64)}` })],
    ["SignatureInvalid", "with another time", edit({ at: timestamp(after(minute + second)) })],
    ["SignatureInvalid", "that holds longer", edit({ notAfter: timestamp(after(3 * hour)) })],
    ["SignatureInvalid", "that holds more than 90 days", sign({ notAfter: after(91 * 24 * hour) })],
    ["SignatureInvalid", "of one name under an alias", edit({ by: "oidc:bob" })],
    ["SignerWithoutKey", "in the name of a member without a key", edit({ by: "dan@example.com" })],
    ["SignerNotMember", "in the name of nobody", edit({ by: "mallory@example.com" })],
    ["NotAPerson", "in the name of a service account", edit({ by: pipeline.username })],
    ["SignatureInvalid", "for another owner of theirs", sign({ ownerName: "other" })],
    ["SignatureInvalid", "with another owner's name", edit({ ownerName: "other" })],
    ["SignatureInvalid", "by a stranger's key", sign({ key: sshKey("mallory") })],
    [
      "SignatureInvalid",
      "beside an attestation",
      edit({ attestation: defined(bare).spec.definedBy?.attestation ?? "" }),
    ],
    ["SignatureInvalid", "that is none", edit({ signature: "x" })],
    ["SignatureFromFuture", "of the future", sign({ at: now + 60 * second + 1 })],
    ["SignatureExpired", "that has ended", sign({ notAfter: now })],
  ];
  test.each(rows)("%s: %s is refused at creation and afterwards", async (reason, _, object) => {
    expect(await code(object)).toBe(reason);
    expect(await code(object, { old: bare })).toBe(reason);
  });

  test("is all that an owner who wants signatures is content with", async () => {
    const strict = [root, editOwner(keyed, { decisions: "Signed" }), payments];
    expect(await code(genuine, { owners: strict })).toBe("admitted");
    const attested = await askGuard({ owners: strict, user: person("bob@example.com"), object: defined(bare) });
    expect(attested.warnings?.[0]).toContain("not in force (DefinitionNotSigned)");
  });
});

describe("an older definition does not come back", () => {
  const newer = signedCapability(editCapability(bare, { description: "tightened" }), { at: after(90 * second) });

  test("over one that members have signed since", async () => {
    expect(await code(newer, { old: genuine })).toBe("admitted");
    expect(await code(genuine, { old: newer })).toBe("DefinitionOutdated");
    expect(await code(genuine, { old: editCapability(newer, { description: "edited by a stranger" }) })).toBe(
      "DefinitionOutdated",
    );
  });

  test("over one that a member has made since", async () => {
    const early = sign({ at: created - hour });
    expect(await code(early, { old: defined(editCapability(bare, { description: "tightened" })) })).toBe(
      "DefinitionOutdated",
    );
  });

  test("while the same file is applied again and again", async () => {
    expect(await code(genuine, { old: genuine })).toBe("admitted");
    expect(await code(genuine, { old: editCapability(genuine, { description: "edited by a stranger" }) })).toBe(
      "admitted",
    );
  });
});

describe("a suspension is lifted by no signed definition", () => {
  const suspended = editCapability(genuine, { suspended: true });

  test("neither the old one nor a new one", async () => {
    const again = sign({ at: after(90 * second) });
    expect(await code(genuine, { old: suspended })).toBe("MembershipRequired");
    expect(await code(again, { old: suspended })).toBe("MembershipRequired");
    expect(await code(editCapability(again, { suspended: true }), { old: suspended })).toBe("admitted");
  });

  test("not even once it was deleted: a definition puts one object in force and no other", async () => {
    const held = new Map<string, string>();
    const reserve: GuardOptions["requestIds"]["reserve"] = async ({ namespace, requestID, uid }) => {
      const key = `${namespace}.${requestID}`;
      if ((held.get(key) ?? uid) !== uid) return { kind: "taken", by: undefined };
      held.set(key, uid);
      return { kind: "reserved" };
    };
    const options = { options: { requestIds: { reserve } } };
    const recreated = { ...genuine, metadata: { ...genuine.metadata, uid: "another" } };
    expect(await code(genuine, options)).toBe("admitted");
    expect(await code(genuine, { ...options, old: bare })).toBe("admitted");
    expect(await code(recreated, options)).toBe("Replayed");
    expect(await code(recreated, { ...options, old: { ...bare, metadata: recreated.metadata } })).toBe("Replayed");
    const anew = { ...sign({ at: after(90 * second) }), metadata: recreated.metadata };
    expect(await code(anew, options)).toBe("admitted");
    expect([...held.keys()].every((key) => /^AgentCapability\.[0-9a-f]{64}$/.test(key))).toBe(true);
  });

  test.each([
    ["RequestIDsFull", async () => ({ kind: "full" }) as const],
    ["LookupFailed", () => Promise.reject(new Error("unreachable"))],
  ])("%s: nor where it cannot be reserved", async (reason, reserve) => {
    expect(await code(genuine, { options: { requestIds: { reserve } } })).toBe(reason);
  });
});
