import { describe, expect, test } from "vitest";
import type { ElevationApproval, ElevationApprovalDecision, IdentityOwner } from "../../../../src/api/types.gen.ts";
import type { UserInfo } from "../../../../src/decision/admission-request.ts";
import { botUid, botUser } from "../../../builders/agents.ts";
import { approval, approvedBy, rejectDecision, withDecisions } from "../../../builders/approval.ts";
import { editCapability } from "../../../builders/capability.ts";
import { editOwner, owner, users } from "../../../builders/owner.ts";
import { signedDecision, signer } from "../../../builders/signed.ts";
import type { SignedVote } from "../../../builders/signed.ts";
import { sshKey } from "../../../builders/ssh-key.ts";
import { after, hour, minute, second, timestamp } from "../../../builders/time.ts";
import { payments, platform, root, scaler } from "../../../builders/world.ts";
import { type Question, askGuard, person, stamped } from "./ask-guard.ts";

const pipeline: UserInfo = { ...person("system:serviceaccount:ci:deployer"), uid: "ci" };
const agent: UserInfo = { ...person(botUser), uid: botUid };
const mine = (spec: Partial<ElevationApproval["spec"]> = {}): ElevationApproval =>
  approval("inc-1234", { requestedBy: pipeline.username, requestID: "git-4f9e1c0b7a2d4e6f", ...spec });
const asked = mine();

const members = [signer("alice@example.com", "oidc:alice"), signer("dave@example.com"), { group: "payments-leads" }];
const team = editOwner(payments, { members: [...members, { user: "erin@example.com" }] });
const others = owner("others", { members: [signer("alice@example.com")] });
const owners: readonly IdentityOwner[] = [root, platform, team, others];
const vote: SignedVote = { by: "alice@example.com", ownerName: "payments" };
const genuine = signedDecision(asked, scaler, vote);
const rejection = signedDecision(asked, scaler, { ...vote, verdict: "Reject" });
/** Differs from `genuine` in its verdict alone. */
const knowing = signedDecision(asked, scaler, { ...vote, verdict: "Reject", policyDigest: genuine.policyDigest ?? "" });

async function code(question: Partial<Question> & Pick<Question, "object">): Promise<string> {
  const answer = await askGuard({ owners, user: pipeline, ...question });
  return answer.allowed ? "admitted" : answer.code;
}

/** What the guard says to a creation with the decision, and to its addition to what exists. */
async function both(decision: ElevationApprovalDecision, mods: Partial<Question> = {}): Promise<string> {
  const created = await code({ object: withDecisions(asked, decision), ...mods });
  const added = await code({ object: withDecisions(asked, decision), old: asked, ...mods });
  return created === added ? created : `${created} at creation, ${added} afterwards`;
}

describe("a signed approval", () => {
  test("is brought by a pipeline, at creation and afterwards", async () => {
    expect(await both(genuine)).toBe("admitted");
  });

  test("is brought by anybody but an agent", async () => {
    const added = { object: withDecisions(asked, genuine), old: asked };
    expect(await code({ ...added, user: person("carol@example.com") })).toBe("admitted");
    expect(await code({ ...added, user: agent })).toBe("AgentsMayOnlyRequest");
    const own = mine({ requestedBy: botUser });
    const signed = withDecisions(own, signedDecision(own, scaler, vote));
    expect(await code({ object: signed, user: agent })).toBe("DecisionsAtCreation");
  });

  test("needs the requester not at all: the same file is brought by another pipeline", async () => {
    const other = { ...person("system:serviceaccount:ci:other"), uid: "other" };
    const elsewhere = mine({ requestedBy: other.username });
    expect(await code({ object: withDecisions(elsewhere, genuine), user: other })).toBe("admitted");
  });

  test("and its rejection come together, and with what another member signs", async () => {
    const dave = signedDecision(asked, scaler, { ...vote, by: "dave@example.com" });
    expect(await code({ object: withDecisions(asked, genuine, dave) })).toBe("admitted");
    expect(await code({ object: withDecisions(asked, genuine, rejection) })).toBe("admitted");
  });

  test("is refused with the others when one of them is not genuine", async () => {
    const forged = { ...signedDecision(asked, scaler, { ...vote, by: "dave@example.com" }), reason: "x" };
    expect(await code({ object: withDecisions(asked, genuine, forged) })).toBe("SignatureInvalid");
    expect(await code({ object: withDecisions(asked, genuine, forged), old: asked })).toBe("SignatureInvalid");
  });

  test("never comes with an attested one at creation", async () => {
    const attested = stamped(asked, person("bob@example.com"), { ownerName: "platform" });
    expect(await code({ object: withDecisions(asked, genuine, attested) })).toBe("DecisionsAtCreation");
    expect(await code({ object: withDecisions(asked, attested) })).toBe("DecisionsAtCreation");
    expect(await both({ ...attested, ...genuine })).toBe("DecisionsAtCreation at creation, ForgedDecision afterwards");
  });
});

describe("each field of the statement is signed", () => {
  const sign = (mods: Partial<SignedVote>, over: ElevationApproval = asked): ElevationApprovalDecision =>
    signedDecision(over, scaler, { ...vote, ...mods });
  const moved = (metadata: object): ElevationApproval => ({ ...asked, metadata: { ...asked.metadata, ...metadata } });
  const { notAfter: _notAfter, ...endless } = genuine;

  const rows: readonly (readonly [string, string, ElevationApprovalDecision])[] = [
    ["SignatureInvalid", "clusterId", sign({ clusterId: "c1a55e00-0000-4000-8000-000000000001" })],
    ["SignatureInvalid", "namespace", sign({}, moved({ namespace: "payments-dev" }))],
    ["SignatureInvalid", "name", sign({}, moved({ name: "inc-1235" }))],
    ["SignatureInvalid", "requestID", sign({}, mine({ requestID: "git-4f9e1c0b7a2d4e60" }))],
    ["SignatureInvalid", "capability", sign({}, mine({ capabilityName: "other" }))],
    ["SignatureInvalid", "rules", sign({}, mine({ rules: ["scale"] }))],
    ["SignatureInvalid", "agent", sign({}, mine({ agent: { user: "spiffe://x" } }))],
    ["SignatureInvalid", "agent's uid", sign({}, mine({ agent: { ...asked.spec.agent, uid: "another" } }))],
    ["SignatureInvalid", "targets", sign({}, mine({ targets: [{ apiGroup: "apps", resource: "deployments" }] }))],
    ["SignatureInvalid", "change", sign({}, mine({ change: { salt: "x", digest: "sha256:0" } }))],
    ["SignatureInvalid", "reason asked with", sign({}, mine({ reason: "because" }))],
    ["SignatureInvalid", "ticket", sign({}, mine({ ticket: "INC-1" }))],
    ["SignatureInvalid", "onBehalfOf", sign({}, mine({ onBehalfOf: ["user:erin@example.com"] }))],
    ["SignatureInvalid", "notBefore", sign({}, mine({ notBefore: timestamp(after(0)) }))],
    ["SignatureInvalid", "duration", sign({}, mine({ duration: "29m" }))],
    ["SignatureInvalid", "credential", sign({}, mine({ credential: { tokenId: "JTI=1" } }))],
    ["SignatureInvalid", "verdict", { ...knowing, verdict: "Approve" }],
    ["SignatureInvalid", "by, as another member", { ...genuine, by: "dave@example.com" }],
    ["SignatureInvalid", "by, as an alias", { ...genuine, by: "oidc:alice" }],
    ["SignerWithoutKey", "by, as a member without a key", { ...genuine, by: "erin@example.com" }],
    ["SignerNotMember", "by, as nobody", { ...genuine, by: "mallory@example.com" }],
    ["SignerNotMember", "by, as one of a group", { ...genuine, by: "payments-leads" }],
    ["NotAPerson", "by, as a service account", { ...genuine, by: "system:serviceaccount:ci:deployer" }],
    ["SignatureInvalid", "ownerName, as another owner of theirs", { ...genuine, ownerName: "others" }],
    ["SignerNotMember", "ownerName, as another owner", { ...genuine, ownerName: "platform" }],
    ["SignerNotMember", "ownerName, as none that exists", { ...genuine, ownerName: "nowhere" }],
    ["SignatureInvalid", "at", { ...genuine, at: timestamp(after(minute + second)) }],
    ["SignatureInvalid", "at, the same spelled otherwise", { ...genuine, at: "2026-06-01T12:01:00Z" }],
    ["SignatureInvalid", "at, unreadable", { ...genuine, at: "yesterday" }],
    ["SignatureInvalid", "notAfter, later", { ...genuine, notAfter: timestamp(after(3 * hour)) }],
    ["SignatureInvalid", "notAfter, earlier", { ...genuine, notAfter: timestamp(after(hour)) }],
    ["SignatureInvalid", "notAfter, gone", endless],
    ["SignatureInvalid", "notAfter, too far away", sign({ notAfter: after(31 * 24 * hour) })],
    ["SignatureInvalid", "policyDigest", { ...genuine, policyDigest: `sha256:${"0".repeat(64)}` }],
    ["SignatureInvalid", "reason decided with", { ...genuine, reason: "ok" }],
    ["SignatureInvalid", "the key, another member's", sign({ key: sshKey("dave@example.com") })],
    ["SignatureInvalid", "the key, a stranger's", sign({ key: sshKey("mallory") })],
    ["SignatureInvalid", "the signature, none at all", { ...genuine, signature: "x" }],
    ["SignatureInvalid", "the signature, with a byte more", { ...genuine, signature: `${genuine.signature ?? ""}x` }],
    [
      "SignatureInvalid",
      "its namespace",
      { ...genuine, signature: sshKey("alice@example.com").sign("writ.dev/definition", Buffer.from("{}")) },
    ],
  ];
  test.each(rows)("%s: %s", async (expected, _, decision) => {
    expect(await both(decision)).toBe(expected);
  });

  test.each(rows.filter(([, field]) => field !== "verdict"))(
    "%s: %s, in a rejection as well",
    async (reason, _, decision) => {
      const { policyDigest: _digest, ...rest } = decision;
      // Signed as an approval, it is no rejection either.
      expect(await both({ ...rest, verdict: "Reject" })).toBe(reason);
    },
  );

  test("and what does not fit is said", async () => {
    const answer = await askGuard({
      owners,
      user: pipeline,
      object: withDecisions(asked, sign({ clusterId: "elsewhere" })),
    });
    expect(answer.message).toContain('the Approve of alice@example.com for "payments" does not count: ');
    expect(answer.message).toContain("payments-prod/inc-1234 with requestID git-4f9e1c0b7a2d4e6f");
  });
});

describe("times", () => {
  const now = after(2 * minute);
  const at = async (mods: Partial<SignedVote>): Promise<string> =>
    both(signedDecision(asked, scaler, { ...vote, ...mods }));

  test("a signature is at most a minute ahead, and of any age while it holds", async () => {
    expect(await at({ at: now + 60 * second })).toBe("admitted");
    expect(await at({ at: now + 60 * second + 1 })).toBe("SignatureFromFuture");
    expect(await at({ at: now - 29 * 24 * hour, notAfter: now + hour })).toBe("admitted");
  });

  test("it ends at its notAfter", async () => {
    expect(await at({ notAfter: now + 1 })).toBe("admitted");
    expect(await at({ notAfter: now })).toBe("SignatureExpired");
  });

  test("clocks that are apart stop an approval and no rejection", async () => {
    const reader = (clockSkew: number): Partial<Question> => ({
      options: {
        reader: {
          read: async (names) => ({
            owners: new Map(names.owners.map((name) => [name, owners.find(({ metadata }) => metadata.name === name)])),
            capabilities: new Map([[scaler.metadata.name, scaler]]),
            approvals: new Map(),
            clockSkew,
          }),
        },
      },
    });
    expect(await both(genuine, reader(5000))).toBe("admitted");
    expect(await both(genuine, reader(5001))).toBe("LookupFailed");
    expect(await both(rejection, reader(5001))).toBe("admitted");
  });
});

describe("who may not approve may not by signature either", () => {
  const refused = async (spec: Partial<ElevationApproval["spec"]>, mods: Partial<Question> = {}): Promise<string> => {
    const object = mine(spec);
    return code({ object: withDecisions(object, signedDecision(object, scaler, vote)), old: object, ...mods });
  };

  test("the requester, and who is named as the one it is done for, by any name", async () => {
    expect(await refused({ requestedBy: "alice@example.com" })).toBe("SelfApproval");
    expect(await refused({ requestedBy: "oidc:alice" })).toBe("SelfApproval");
    expect(await refused({ onBehalfOf: ["user:alice@example.com"] })).toBe("SelfApproval");
    expect(await refused({ onBehalfOf: ["user:dave@example.com"] })).toBe("admitted");
  });

  test("nor who shares a key with them", async () => {
    const dave = { user: "dave@example.com", sshKeys: [sshKey("alice@example.com").line] };
    const shared = editOwner(team, { members: [...members.slice(0, 1), dave] });
    expect(await refused({ onBehalfOf: ["user:dave@example.com"] }, { owners: [root, platform, shared] })).toBe(
      "SelfApproval",
    );
  });

  test("nor for an owner that has no say", async () => {
    expect(await both(signedDecision(asked, scaler, { ...vote, ownerName: "others" }))).toBe("NotAnApprover");
    const reject = { ...vote, ownerName: "others", verdict: "Reject" as const };
    expect(await both(signedDecision(asked, scaler, reject))).toBe("NotAnApprover");
  });

  test("nor an agent that an owner lists", async () => {
    const spiffe = signer("spiffe://example.org/bot");
    const listed = editOwner(team, {
      members: [spiffe],
      identities: [{ user: spiffe.user }, ...(team.spec.identities ?? [])],
    });
    const decision = signedDecision(asked, scaler, { by: spiffe.user, ownerName: "payments" });
    expect(await both(decision, { owners: [root, platform, listed] })).toBe("SelfApproval");
  });
});

describe("what is over, or of another policy, is not approved", () => {
  test("a policy that has changed since", async () => {
    const old = signedDecision(asked, scaler, { ...vote, policyDigest: `sha256:${"0".repeat(64)}` });
    expect(await both(old)).toBe("DigestMismatch");
  });

  test("a policy that nobody stands behind", async () => {
    const edited = editCapability(scaler, { description: "edited by a stranger" });
    expect(await both(signedDecision(asked, edited, vote), { capabilities: [edited] })).toBe("CapabilityNotInForce");
  });

  test("what is rejected", async () => {
    const rejected = withDecisions(asked, rejectDecision(asked, { by: "bob@example.com", ownerName: "platform" }));
    expect(await code({ object: withDecisions(rejected, genuine), old: rejected })).toBe("ApprovalOver");
    const signedly = withDecisions(
      asked,
      signedDecision(asked, scaler, { ...vote, by: "dave@example.com", verdict: "Reject" }),
    );
    expect(await code({ object: withDecisions(signedly, genuine), old: signedly })).toBe("ApprovalOver");
  });

  test("what had to be approved by now, though it was signed in time", async () => {
    const late = { options: { clock: () => after(24 * hour) } };
    const decision = signedDecision(asked, scaler, { ...vote, notAfter: after(48 * hour) });
    expect(await code({ object: withDecisions(asked, decision), old: asked, ...late })).toBe("ApprovalOver");
  });

  test("nor one that is Invalid for the key of an approver, once it had to be approved by now", async () => {
    const later = mine({ notBefore: timestamp(after(24 * hour - minute)) });
    const bobs = approvedBy(later, scaler, { by: "bob@example.com", ownerName: "platform" });
    const keyless = { ...vote, by: "erin@example.com", key: sshKey("e"), notAfter: after(48 * hour) };
    const lost = withDecisions(bobs, signedDecision(later, scaler, keyless));
    const decision = signedDecision(later, scaler, { ...vote, notAfter: after(48 * hour) });
    const at = async (now: number): Promise<string> =>
      code({ object: withDecisions(lost, decision), old: lost, options: { clock: () => now } });
    expect(await at(after(24 * hour) - 1)).toBe("admitted");
    expect(await at(after(24 * hour))).toBe("ApprovalOver");
  });
});

describe("nothing but signature and membership is asked of a signed rejection", () => {
  const admitted: readonly (readonly [string, ElevationApprovalDecision, Partial<Question>])[] = [
    ["by whoever requested it", signedDecision(mine(), scaler, { ...vote, verdict: "Reject" }), {}],
    ["of the future", signedDecision(asked, scaler, { ...vote, verdict: "Reject", at: after(hour) }), {}],
    ["long past its notAfter", rejection, { options: { clock: () => after(90 * 24 * hour) } }],
    ["while the capability is gone", rejection, { capabilities: [] }],
    [
      "while its owner is suspended",
      rejection,
      { owners: [root, platform, editOwner(team, { suspended: true }), others] },
    ],
    [
      "of an owner that wants signatures",
      rejection,
      { owners: [root, platform, editOwner(team, { decisions: "Signed" })] },
    ],
    [
      "of another policy",
      signedDecision(asked, scaler, { ...vote, verdict: "Reject", policyDigest: `sha256:${"0".repeat(64)}` }),
      {},
    ],
  ];
  test.each(admitted)("%s", async (_, decision, mods) => {
    const old = approvedBy(asked, scaler, { by: "bob@example.com", ownerName: "platform" });
    expect(await code({ object: withDecisions(old, decision), old, ...mods })).toBe("admitted");
  });

  test("nor that its requestID can be reserved, as an approval must", async () => {
    const requestIds = { reserve: () => Promise.reject(new Error("unreachable")) };
    const add = (decision: ElevationApprovalDecision): Promise<string> =>
      code({ object: withDecisions(asked, decision), old: asked, options: { requestIds } });
    expect(await add(rejection)).toBe("admitted");
    expect(await add(genuine)).toBe("LookupFailed");
  });

  test("but these are", async () => {
    const keyless = [root, platform, editOwner(team, { members: users("alice@example.com") })];
    expect(await both(rejection, { owners: keyless })).toBe("SignerWithoutKey");
    const gone = [root, platform, editOwner(team, { members: users("dave@example.com") })];
    expect(await both(rejection, { owners: gone })).toBe("SignerNotMember");
  });
});

describe("an owner that wants signatures", () => {
  const strict = [root, platform, editOwner(team, { decisions: "Signed" })];
  const alice = person("alice@example.com");

  test("takes no attested approval, and says how to sign", async () => {
    const object = withDecisions(asked, stamped(asked, alice));
    const answer = await askGuard({ owners: strict, user: alice, object, old: asked });
    expect(answer).toMatchObject({ allowed: false, code: "SignatureRequired" });
    expect(answer.next).toContain("kubectl writ sign -f FILE --owner payments");
  });

  test("takes signed ones and attested rejections", async () => {
    expect(await both(genuine, { owners: strict })).toBe("admitted");
    const reject = stamped(asked, alice, { verdict: "Reject" });
    expect(await code({ owners: strict, user: alice, object: withDecisions(asked, reject), old: asked })).toBe(
      "admitted",
    );
  });
});
