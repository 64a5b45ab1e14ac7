import { describe, expect, test } from "vitest";
import type { CapabilityProblemCode } from "../../../src/api/capability-state.ts";
import { capabilityProblem } from "../../../src/api/capability-state.ts";
import { definitionStatement } from "../../../src/api/definition.ts";
import { policyDigest } from "../../../src/api/digest.ts";
import { ownerDirectory } from "../../../src/api/owners.ts";
import type { AgentCapability, AgentCapabilityDefinedBy, IdentityOwner } from "../../../src/api/types.gen.ts";
import { capability, defined, definedBy, editCapability } from "../../builders/capability.ts";
import { installation, ours } from "../../builders/installation.ts";
import { editOwner, owner, users } from "../../builders/owner.ts";
import { signedCapability, signer } from "../../builders/signed.ts";
import { sshKey } from "../../builders/ssh-key.ts";
import { after, created, hour, minute, timestamp } from "../../builders/time.ts";
import { platform } from "../../builders/world.ts";

const bare = capability("payments-scaler");
const cap = defined(bare);
const stamp = definedBy(bare, "bob@example.com");

function withStamp(definedBy: AgentCapabilityDefinedBy): AgentCapability {
  return editCapability(bare, { definedBy });
}

function problemOf(candidate: AgentCapability, ...owners: readonly IdentityOwner[]): string | undefined {
  return capabilityProblem(candidate, ownerDirectory(owners), created, ours.trust)?.code;
}

describe("a capability in force", () => {
  test.each<[string, AgentCapability, IdentityOwner]>([
    ["defined by a listed member", cap, platform],
    [
      "defined under an alias that is listed",
      withStamp(definedBy(bare, "oidc:bob", { member: "user:bob@example.com" })),
      editOwner(platform, { members: [{ user: "bob@example.com", aliases: ["oidc:bob"] }] }),
    ],
    [
      "defined by somebody of a group that is listed",
      withStamp(definedBy(bare, "dave@example.com", { member: "group:platform-leads" })),
      editOwner(platform, { members: [{ group: "platform-leads" }] }),
    ],
    [
      "edited and edited back",
      editCapability(editCapability(cap, { rules: [] }), { rules: bare.spec.rules }),
      platform,
    ],
    ["released", editCapability(cap, { suspended: false }), platform],
  ])("%s", (_, candidate, policyOwner) => {
    expect(problemOf(candidate, policyOwner)).toBeUndefined();
  });
});

describe("a capability that is not in force", () => {
  const other = definedBy(bare, "bob@example.com", {}, installation({ seed: 2 }));
  const elsewhere = definedBy(bare, "bob@example.com", {}, installation({ clusterId: "other" }));
  const group = definedBy(bare, "dave@example.com", { member: "group:platform-leads" });
  const { attestation: _attestation, ...unsigned } = stamp;
  const { at: _at, ...timeless } = stamp;

  test.each<[CapabilityProblemCode, string, AgentCapability, readonly IdentityOwner[]]>([
    ["CapabilityNotDefined", "without definedBy", bare, [platform]],
    ["CapabilityNotDefined", "with an empty definedBy", withStamp({}), [platform]],
    ["CapabilityNotDefined", "with part of a definition", withStamp(timeless), [platform]],
    [
      "CapabilityNotDefined",
      "defined for another owner",
      withStamp(definedBy(bare, "bob@example.com", { ownerName: "payments" })),
      [platform, owner("payments", { members: users("bob@example.com") })],
    ],
    ["CapabilityChanged", "edited afterwards", editCapability(cap, { description: "x" }), [platform]],
    [
      "CapabilityChanged",
      "with the definition of another name",
      { ...cap, metadata: { ...cap.metadata, name: "other" } },
      [platform],
    ],
    ["DefinitionNotAttested", "without an attestation", withStamp(unsigned), [platform]],
    ["DefinitionNotAttested", "attested by a key that is not ours", withStamp(other), [platform]],
    ["DefinitionNotAttested", "attested in another cluster", withStamp(elsewhere), [platform]],
    [
      "DefinitionNotAttested",
      "whose definer was altered",
      withStamp({ ...stamp, by: "mallory@example.com" }),
      [editOwner(platform, { members: users("mallory@example.com") })],
    ],
    [
      "DefinitionNotAttested",
      "whose time was altered",
      withStamp({ ...stamp, at: timestamp(created + 1) }),
      [platform],
    ],
    [
      "DefinitionNotAttested",
      "edited, with the new digest put beside the old attestation",
      editCapability(cap, {
        description: "x",
        definedBy: { ...stamp, policyDigest: policyDigest(editCapability(bare, { description: "x" })) },
      }),
      [platform],
    ],
    ["DefinerNotMember", "whose definer is gone", cap, [editOwner(platform, { members: users("dave@example.com") })]],
    ["DefinerNotMember", "whose definer's group is gone", withStamp(group), [platform]],
    ["PolicyOwnerNotLive", "whose policy owner does not exist", cap, []],
    ["PolicyOwnerNotLive", "whose policy owner is suspended", cap, [editOwner(platform, { suspended: true })]],
    [
      "PolicyOwnerNotLive",
      "whose policy owner is overdue for review",
      cap,
      [editOwner(platform, { reviewBy: timestamp(created) })],
    ],
    ["CapabilitySuspended", "suspended", editCapability(cap, { suspended: true }), [platform]],
    [
      "CapabilityBeingDeleted",
      "being deleted",
      { ...cap, metadata: { ...cap.metadata, deletionTimestamp: timestamp(created) } },
      [platform],
    ],
  ])("%s: %s", (code, _, candidate, owners) => {
    expect(problemOf(candidate, ...owners)).toBe(code);
  });

  test("what cures it for a member is a command with the digest of the content as it is", () => {
    const message = capabilityProblem(bare, ownerDirectory([platform]), created, ours.trust)?.message;
    const patch = /-p '(.*)'$/.exec(message ?? "")?.[1] ?? "";
    expect(JSON.parse(patch)).toEqual({ spec: { definedBy: { policyDigest: policyDigest(bare), attestation: null } } });
  });
});

describe("a signed definition", () => {
  const keyed = editOwner(platform, { members: [signer("bob@example.com"), signer("dave@example.com")] });
  const strict = editOwner(keyed, { decisions: "Signed" });
  const sealed = signedCapability(bare);
  const { signature, notAfter, ...plain } = sealed.spec.definedBy ?? {};
  const edit = (mods: Partial<AgentCapabilityDefinedBy>): AgentCapability =>
    editCapability(bare, { definedBy: { ...sealed.spec.definedBy, ...mods } });

  test("puts a capability in force until its notAfter", () => {
    expect(problemOf(sealed, keyed)).toBeUndefined();
    expect(problemOf(sealed, strict)).toBeUndefined();
    const at = (now: number): string | undefined =>
      capabilityProblem(sealed, ownerDirectory([keyed]), now, ours.trust)?.code;
    expect(at(after(2 * hour) - 1)).toBeUndefined();
    expect(at(after(2 * hour))).toBe("DefinitionExpired");
  });

  test("is what an owner that wants signatures asks for", () => {
    expect(problemOf(cap, strict)).toBe("DefinitionNotSigned");
  });

  const unverified: readonly (readonly [string, AgentCapability])[] = [
    ["of another cluster", signedCapability(bare, { clusterId: "other" })],
    ["by another member's key", signedCapability(bare, { key: sshKey("dave@example.com") })],
    ["by a key that nobody lists", signedCapability(bare, { key: sshKey("mallory") })],
    ["with another person's name", edit({ by: "dave@example.com" })],
    ["with another time", edit({ at: timestamp(after(minute) + 1) })],
    ["that holds longer", edit({ notAfter: timestamp(after(3 * hour)) })],
    ["that holds more than 90 days", signedCapability(bare, { notAfter: after(91 * 24 * hour) })],
    ["without an end", editCapability(bare, { definedBy: { ...plain, signature: signature ?? "" } })],
    ["beside an attestation", edit({ attestation: cap.spec.definedBy?.attestation ?? "" })],
    [
      "of another content, with the present digest put into it",
      editCapability(bare, {
        definedBy: {
          ...signedCapability(bare, { policyDigest: `sha256:${"0".repeat(64)}` }).spec.definedBy,
          policyDigest: policyDigest(bare),
        },
      }),
    ],
    ["made of a decision", edit({ signature: sshKey("bob@example.com").sign("writ.dev/decision", Buffer.from("{}")) })],
  ];
  test.each(unverified)("%s does not count", (_, candidate) => {
    expect(problemOf(candidate, keyed)).toBe("DefinitionNotVerified");
    expect(problemOf(candidate, strict)).toBe("DefinitionNotVerified");
  });

  test("of another capability does not count", () => {
    const other = { ...sealed, metadata: { ...sealed.metadata, name: "other" } };
    expect(problemOf(other, keyed)).toBe("CapabilityChanged");
    const renamed = editCapability(other, {
      definedBy: { ...sealed.spec.definedBy, policyDigest: policyDigest(other) },
    });
    expect(problemOf(renamed, keyed)).toBe("DefinitionNotVerified");
  });

  test("ends with the key, the member or the content", () => {
    expect(problemOf(sealed, platform)).toBe("DefinitionNotVerified");
    expect(problemOf(sealed, editOwner(platform, { members: [signer("dave@example.com")] }))).toBe("DefinerNotMember");
    expect(problemOf(editCapability(sealed, { description: "x" }), keyed)).toBe("CapabilityChanged");
    expect(problemOf(sealed)).toBe("PolicyOwnerNotLive");
  });

  test("is cured by signing anew", () => {
    const message = capabilityProblem(cap, ownerDirectory([strict]), created, ours.trust)?.message;
    expect(message).toContain("kubectl writ sign -f FILE --owner platform");
    expect(notAfter).toBe(timestamp(after(2 * hour)));
  });
});

test("no statement is made of part of a definition", () => {
  for (const key of ["by", "ownerName", "at", "policyDigest"] as const) {
    const { [key]: _, ...part } = stamp;
    expect(definitionStatement(part, "cluster")).toBeUndefined();
  }
});
