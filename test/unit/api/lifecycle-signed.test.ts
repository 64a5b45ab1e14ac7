import { describe, expect, test } from "vitest";
import type { ElevationApproval, ElevationApprovalDecision } from "../../../src/api/types.gen.ts";
import { approval, approveDecision, approvedBy, rejectDecision, withDecisions } from "../../builders/approval.ts";
import type { Vote } from "../../builders/approval.ts";
import { capability, defined } from "../../builders/capability.ts";
import { life, phase } from "../../builders/life.ts";
import type { Moment } from "../../builders/life.ts";
import { editOwner, users } from "../../builders/owner.ts";
import { signedDecision, signer } from "../../builders/signed.ts";
import type { SignedVote } from "../../builders/signed.ts";
import { sshKey } from "../../builders/ssh-key.ts";
import { after, created, hour, minute, second, timestamp } from "../../builders/time.ts";
import { payments, pending, platform, root, scaler } from "../../builders/world.ts";

const alice: SignedVote = { by: "alice@example.com", ownerName: "payments" };
const bob: Vote = { by: "bob@example.com", ownerName: "platform" };
const team = editOwner(payments, { members: [signer("alice@example.com"), signer("dave@example.com")] });
const owners = [root, platform, team];

/** The approval that bob has attested, with these decisions after his. */
function beside(...decisions: readonly ElevationApprovalDecision[]): ElevationApproval {
  return withDecisions(approvedBy(pending, scaler, bob), ...decisions);
}

function signedBy(...votes: readonly SignedVote[]): ElevationApproval {
  return beside(...votes.map((vote) => signedDecision(pending, scaler, vote)));
}

function phaseOf(elev: ElevationApproval, mods: Moment = {}): string {
  return phase({ approval: elev, owners, ...mods });
}

const signed = signedDecision(pending, scaler, alice);

describe("a signed approval counts", () => {
  test("beside an attested one", () => {
    expect(phaseOf(beside(signed))).toBe("Live InForce");
  });

  test("for an owner that wants signatures", () => {
    expect(phaseOf(beside(signed), { owners: [root, platform, editOwner(team, { decisions: "Signed" })] })).toBe(
      "Live InForce",
    );
  });

  test("under an alias, with the key of the entry that lists it", () => {
    const members = [signer("al@corp.example", "alice@example.com")];
    const vote = { ...alice, key: sshKey("al@corp.example") };
    expect(phaseOf(signedBy(vote), { owners: [root, platform, editOwner(team, { members })] })).toBe("Live InForce");
  });

  test("whoever applied it: requestedBy is no part of what is signed", () => {
    const elev = approval("inc-1234", { requestedBy: "system:serviceaccount:ci:deployer" });
    const both = withDecisions(approvedBy(elev, scaler, bob), signed);
    expect(phaseOf(both)).toBe("Live InForce");
  });

  test("with the key that signed named in the result", () => {
    const { approvals } = life({ approval: beside(signed), owners });
    expect(approvals.map(({ kind, by }) => `${kind} ${by}`)).toEqual([
      "attested bob@example.com",
      "signed alice@example.com",
    ]);
    expect(approvals[1]).toMatchObject({ fingerprint: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/) });
  });
});

describe("a signature over anything else does not count", () => {
  const other = (spec: Partial<ElevationApproval["spec"]>): ElevationApproval => approval("inc-1234", spec);
  const elsewhere = approval("inc-1234", {}, { namespace: "payments-dev" });
  const policyDigest = signed.policyDigest ?? "";
  const rejected = signedDecision(pending, scaler, { ...alice, verdict: "Reject", policyDigest });
  const rows: readonly (readonly [string, ElevationApprovalDecision])[] = [
    ["of another verdict", { ...rejected, verdict: "Approve" }],
    ["of another person", { ...signed, by: "dave@example.com" }],
    ["for another owner", { ...signedDecision(pending, scaler, { ...alice, ownerName: "x" }), ownerName: "payments" }],
    ["with another time", { ...signed, at: timestamp(after(minute + second)) }],
    ["with the same time spelled otherwise", { ...signed, at: "2026-06-01T12:01:00Z" }],
    ["that holds longer", { ...signed, notAfter: timestamp(after(3 * hour)) }],
    ["that holds shorter", { ...signed, notAfter: timestamp(after(hour)) }],
    ["with a reason put to it", { ...signed, reason: "ok" }],
    ["with its reason altered", { ...signedDecision(pending, scaler, { ...alice, reason: "a" }), reason: "b" }],
    [
      "with the present policy's digest put into it",
      {
        ...signedDecision(pending, scaler, { ...alice, policyDigest: `sha256:${"0".repeat(64)}` }),
        policyDigest: signed.policyDigest ?? "",
      },
    ],
    ["of another name", signedDecision(approval("inc-9999", { requestID: "request-inc-1234" }), scaler, alice)],
    ["of another namespace", signedDecision(elsewhere, scaler, alice)],
    ["of another request", signedDecision(other({ requestID: "request-inc-0000" }), scaler, alice)],
    ["of another cluster", signedDecision(pending, scaler, { ...alice, clusterId: "other" })],
    ["of another duration", signedDecision(other({ duration: "29m" }), scaler, alice)],
    ["of another agent", signedDecision(other({ agent: { user: "spiffe://x" } }), scaler, alice)],
    ["of other targets", signedDecision(other({ targets: [{ apiGroup: "", resource: "pods" }] }), scaler, alice)],
    ["of another delegation", signedDecision(other({ onBehalfOf: ["user:erin"] }), scaler, alice)],
    [
      "by a key that the owner lists for another member",
      signedDecision(pending, scaler, { ...alice, key: sshKey("dave@example.com") }),
    ],
    ["by a key that nobody lists", signedDecision(pending, scaler, { ...alice, key: sshKey("mallory") })],
    [
      "that is no signature",
      { ...signed, signature: "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n" },
    ],
    [
      "in the SSHSIG namespace of files",
      { ...signed, signature: sshKey("alice@example.com").sign("file", Buffer.from("x")) },
    ],
  ];

  test.each(rows)("%s", (_, decision) => {
    const state = life({ approval: beside(decision), owners });
    expect(["Pending QuorumMissing", "Invalid SignatureNotVerified"]).toContain(`${state.phase} ${state.reason}`);
    expect(state.approvals.map(({ by }) => by)).toEqual(["bob@example.com"]);
  });

  test("nor beside an attestation, whichever of them is genuine", () => {
    const both = { ...approveDecision(pending, scaler, alice), ...signed };
    expect(phaseOf(beside(both))).toBe("Pending QuorumMissing");
  });

  test("nor without an end, or with one more than 30 days ahead", () => {
    const { notAfter: _, ...endless } = signed;
    expect(phaseOf(beside(endless))).toBe("Pending QuorumMissing");
    const days = (count: number): ElevationApproval =>
      signedBy({ ...alice, at: created, notAfter: after(count * 24 * hour) });
    expect(phaseOf(days(30))).toBe("Live InForce");
    expect(phaseOf(signedBy({ ...alice, at: created, notAfter: after(30 * 24 * hour + 1) }))).toBe(
      "Pending QuorumMissing",
    );
  });

  test("nor of who came by a group: a group signs nothing", () => {
    const members = [{ group: "payments-leads" }];
    expect(phaseOf(beside(signed), { owners: [root, platform, editOwner(team, { members })] })).toBe(
      "Invalid ApproverNotMember",
    );
  });
});

describe("who may not approve may not sign either", () => {
  test.each<[string, Partial<ElevationApproval["spec"]>]>([
    ["the requester", { requestedBy: "alice@example.com" }],
    ["on whose behalf the agent acts", { onBehalfOf: ["user:alice@example.com"] }],
  ])("%s", (_, spec) => {
    const elev = approval("inc-1234", spec);
    const both = withDecisions(approvedBy(elev, scaler, bob), signedDecision(elev, scaler, alice));
    expect(phaseOf(both)).toBe("Pending QuorumMissing");
  });

  test("nor who shares a key with them", () => {
    const elev = approval("inc-1234", { requestedBy: "carol@example.com" });
    const carol = { user: "carol@example.com", sshKeys: [`${sshKey("alice@example.com").line}-at-home`] };
    const other = editOwner(root, { members: [carol] });
    const both = withDecisions(approvedBy(elev, scaler, bob), signedDecision(elev, scaler, alice));
    expect(phaseOf(both, { owners: [other, platform, team] })).toBe("Pending QuorumMissing");
  });
});

describe("names that share a key are one person", () => {
  const shared = [sshKey("alice@example.com").line];
  const members = [signer("alice@example.com"), { user: "dave@example.com", sshKeys: shared }];
  const two = defined(
    capability("payments-scaler", { approval: [{ risk: "High", approvers: [{ from: "ResourceOwner", count: 2 }] }] }),
  );
  const key = sshKey("alice@example.com");
  const both = withDecisions(
    pending,
    signedDecision(pending, two, alice),
    signedDecision(pending, two, { ...alice, by: "dave@example.com", key }),
  );

  test("in one owner", () => {
    const mine = [root, platform, editOwner(team, { members })];
    expect(phaseOf(both, { owners: mine, capability: two })).toBe("Pending QuorumMissing");
  });

  test("and what they fail to meet in time does not end for good, since owners change", () => {
    const mine = [root, platform, editOwner(team, { members })];
    expect(phaseOf(both, { owners: mine, capability: two, now: after(24 * hour) })).toBe(
      "Invalid ApproversNotDistinct",
    );
  });
});

describe("an owner that wants signatures", () => {
  const strict = [root, platform, editOwner(team, { decisions: "Signed" })];

  test("counts no attested approval", () => {
    const attested = approvedBy(pending, scaler, bob, alice);
    expect(phaseOf(attested, { owners: strict })).toBe("Invalid SignatureRequired");
    expect(life({ approval: attested, owners: strict }).message).toBe(
      '"payments" counts signed decisions alone, and alice@example.com has not signed; still needs the approval of 1 of "payments" (ResourceOwner)',
    );
  });

  test("counts every rejection, attested or signed", () => {
    const by = { ...alice, verdict: "Reject" as const };
    expect(phaseOf(beside(rejectDecision(pending, alice)), { owners: strict })).toBe("Denied Rejected");
    expect(phaseOf(beside(signedDecision(pending, scaler, by)), { owners: strict })).toBe("Denied Rejected");
  });
});

describe("a signed rejection stands for ever", () => {
  const reject = signedDecision(pending, scaler, { ...alice, verdict: "Reject", at: after(3 * minute) });
  const revoked = beside(signed, reject);

  test.each<[string, Moment]>([
    ["with its key removed", { owners: [root, platform, editOwner(team, { members: users("alice@example.com") })] }],
    ["with its signer gone", { owners: [root, platform, editOwner(team, { members: users("dave@example.com") })] }],
    ["with its owner gone", { owners: [root, platform] }],
    ["after its notAfter", { now: after(100 * 24 * hour) }],
    ["without a capability", { capability: "none" }],
  ])("%s", (_, mods) => {
    expect(phaseOf(revoked, mods)).toMatch(/^(Revoked|Denied) Rejected$/);
  });

  test("whatever times it bears", () => {
    const { notAfter: _, ...endless } = reject;
    expect(phaseOf(beside(endless))).toBe("Denied Rejected");
    expect(phaseOf(beside({ ...reject, at: "never" }))).toBe("Denied Rejected");
  });
});

describe("times", () => {
  test("what was signed before the approval was created counts from its creation", () => {
    const early = signedBy({ ...alice, at: created - 10 * hour });
    const elev = withDecisions(pending, ...(early.spec.decisions ?? []));
    expect(life({ approval: elev, owners })).toMatchObject({
      approvedAt: after(minute),
      expiresAt: after(31 * minute),
    });
    const only = withDecisions(pending, signedDecision(pending, scaler, { ...alice, at: created - 10 * hour }));
    const cap = defined(
      capability("payments-scaler", { approval: [{ risk: "High", approvers: [{ from: "ResourceOwner" }] }] }),
    );
    const alone = withDecisions(pending, signedDecision(pending, cap, { ...alice, at: created - 10 * hour }));
    expect(only.spec.decisions).toHaveLength(1);
    expect(life({ approval: alone, owners, capability: cap })).toMatchObject({
      approvedAt: created,
      expiresAt: after(30 * minute),
    });
  });

  test("what is signed for later counts from then", () => {
    expect(phaseOf(signedBy({ ...alice, at: after(3 * minute) }))).toBe("Approved NotYetValid");
  });

  test("it ends when the signatures that met the quorum do, for good", () => {
    const elev = signedBy({ ...alice, notAfter: after(10 * minute) });
    expect(life({ approval: elev, owners })).toMatchObject({
      phase: "Live",
      expiresAt: after(10 * minute),
      nextChangeAt: after(10 * minute),
    });
    expect(phaseOf(elev, { now: after(10 * minute) - 1 })).toBe("Live InForce");
    expect(phaseOf(elev, { now: after(10 * minute) })).toBe("Expired SignatureExpired");
  });

  test("not when one of them ends whom the quorum does not need", () => {
    const spare = { by: "dave@example.com", ownerName: "payments", at: after(minute), notAfter: after(20 * minute) };
    const elev = withDecisions(
      pending,
      signedDecision(pending, scaler, { ...alice, notAfter: after(10 * minute) }),
      signedDecision(pending, scaler, spare),
      approveDecision(pending, scaler, { ...bob, at: after(2 * minute) }),
    );
    expect(life({ approval: elev, owners })).toMatchObject({ phase: "Live", expiresAt: after(20 * minute) });
  });

  test("a signature that had ended before the others signed is no part of the quorum", () => {
    const elev = withDecisions(
      pending,
      signedDecision(pending, scaler, { ...alice, notAfter: after(5 * minute) }),
      approveDecision(pending, scaler, { ...bob, at: after(6 * minute) }),
    );
    expect(phaseOf(elev, { now: after(7 * minute) })).toBe("Pending QuorumMissing");
    expect(phaseOf(elev, { now: after(24 * hour) })).toBe("Expired PendingTimeElapsed");
  });

  test("while it is pending, the end of a signature is looked at again", () => {
    const elev = withDecisions(pending, signedDecision(pending, scaler, { ...alice, notAfter: after(5 * minute) }));
    expect(life({ approval: elev, owners }).nextChangeAt).toBe(after(5 * minute));
    const missing = (now: number): readonly string[] =>
      life({ approval: elev, owners, now }).missing.map(({ line }) => line.ownerName);
    expect(missing(after(2 * minute))).toEqual(["platform"]);
    expect(missing(after(5 * minute))).toEqual(["payments", "platform"]);
  });
});

describe("a key is removed", () => {
  const keyless = [root, platform, editOwner(team, { members: users("alice@example.com", "dave@example.com") })];

  test("and what it had approved counts no longer, yet not for good", () => {
    expect(phaseOf(beside(signed), { owners: keyless })).toBe("Invalid SignatureNotVerified");
    expect(life({ approval: beside(signed), owners: keyless }).message).toContain(
      "lists no sshKeys for alice@example.com",
    );
    expect(phaseOf(beside(signed))).toBe("Live InForce");
  });

  test("which moves no time: what has ended is over with the key and without it", () => {
    for (const now of [after(31 * minute), after(48 * hour)]) {
      expect(phaseOf(beside(signed), { now })).toBe("Expired DurationElapsed");
      expect(phaseOf(beside(signed), { owners: keyless, now })).toBe("Expired DurationElapsed");
    }
  });

  test("and another member's approval takes its place within the same times", () => {
    const elev = withDecisions(
      beside(signed),
      approveDecision(pending, scaler, { by: "dave@example.com", ownerName: "payments", at: after(5 * minute) }),
    );
    expect(life({ approval: elev, owners: keyless, now: after(6 * minute) })).toMatchObject({
      phase: "Live",
      expiresAt: after(31 * minute),
    });
  });
});
