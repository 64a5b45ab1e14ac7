import { describe, expect, test } from "vitest";
import { proveReservations } from "../../../../src/admission/request-ids/prove-reservations.ts";
import type { RequestedApproval } from "../../../../src/admission/request-ids/request-id-registry.ts";
import type { AgentCapability, ElevationApproval } from "../../../../src/api/types.gen.ts";
import { decide } from "../../../../src/decision/decide.ts";
import type { Verdict } from "../../../../src/decision/verdict.ts";
import { normalise } from "../../../../src/decision/write-request.ts";
import { approvedBy, withDecisions } from "../../../builders/approval.ts";
import { ours } from "../../../builders/installation.ts";
import { editOwner } from "../../../builders/owner.ts";
import { review } from "../../../builders/review.ts";
import { signedCapability, signedDecision, signer } from "../../../builders/signed.ts";
import { after, minute } from "../../../builders/time.ts";
import { approved, payments, pending, platform, root, scaler, snapshot } from "../../../builders/world.ts";

const owners = [
  root,
  editOwner(platform, { members: [signer("bob@example.com")] }),
  editOwner(payments, { members: [signer("alice@example.com")] }),
];

function verdictOn(approval: ElevationApproval, capability: AgentCapability = scaler): Verdict {
  const present = snapshot({ owners, approvals: [approval], capabilities: [capability] });
  const verdict = decide({
    request: normalise(review({})),
    snapshot: present,
    settings: ours.settings,
    now: after(2 * minute),
  });
  expect(verdict).toMatchObject({ kind: "allow", code: "Approved" });
  return verdict;
}

const bySignature = withDecisions(
  approvedBy(pending, scaler, { by: "bob@example.com", ownerName: "platform" }),
  signedDecision(pending, scaler, { by: "alice@example.com", ownerName: "payments" }),
);

interface Outcome {
  readonly verdict: Verdict;
  readonly asked: readonly RequestedApproval[];
}

async function prove(verdict: Verdict, holds: () => Promise<boolean>): Promise<Outcome> {
  const asked: RequestedApproval[] = [];
  const registry = { holds: (approval: RequestedApproval) => (asked.push(approval), holds()) };
  return { verdict: await proveReservations(verdict, registry, () => undefined), asked };
}

const yes = (): Promise<boolean> => Promise.resolve(true);
const no = (): Promise<boolean> => Promise.resolve(false);

describe("an allow", () => {
  test("that rests on attestations alone asks for no reservation", async () => {
    const verdict = verdictOn(approved);
    expect(await prove(verdict, no)).toEqual({ verdict, asked: [] });
  });

  test("that rests on a signature stands while the requestID is this approval's", async () => {
    const verdict = verdictOn(bySignature);
    const { uid } = bySignature.metadata;
    const { requestID } = bySignature.spec;
    expect(await prove(verdict, yes)).toEqual({
      verdict,
      asked: [{ namespace: "payments-prod", name: "inc-1234", uid, requestID }],
    });
  });

  test("that rests on a signature is a denial when the requestID is not this approval's", async () => {
    const { verdict } = await prove(verdictOn(bySignature), no);
    expect(verdict).toMatchObject({ kind: "deny", code: "Replayed" });
  });

  test("under a signed definition is a denial when the definition is not this capability's", async () => {
    const signed = signedCapability(scaler);
    const { verdict, asked } = await prove(verdictOn(approved, signed), no);
    expect(verdict).toMatchObject({ kind: "deny", code: "Replayed" });
    expect(asked).toMatchObject([{ namespace: "AgentCapability", name: "payments-scaler" }]);
  });

  test("is a denial when the reservations cannot be read", async () => {
    const { verdict } = await prove(verdictOn(bySignature), () => Promise.reject(new Error("unreachable")));
    expect(verdict).toMatchObject({ kind: "deny", code: "LiveReadFailed" });
  });
});
