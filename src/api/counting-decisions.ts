import type { AttestedDecision, SignedDecision, StandingDecision } from "./decisions.ts";
import { describeOwnerProblem, ownerProblem } from "./owners.ts";
import type { OwnerDirectory } from "./owners.ts";
import { isStillMember } from "./people.ts";
import { verifySignedDecision } from "./signed-decision.ts";
import { formatTimestamp } from "./timestamp.ts";
import type { Trust } from "./trust.ts";
import type { ElevationApproval } from "./types.gen.ts";

/** A signed decision that verifies with its owner as it is now. */
export interface VerifiedDecision extends SignedDecision {
  /** Of the key: `SHA256:` and unpadded base64. */
  readonly fingerprint: string;
}

/** An approval that counts now. */
export type CountingDecision = AttestedDecision | VerifiedDecision;

export type LostReason =
  "OwnerNotLive" | "ApproverNotMember" | "SignatureRequired" | "SignatureExpired" | "SignatureNotVerified";

/** Why an approval does not count now, with the rest of a sentence that begins with the person. */
export interface LostDecision {
  readonly kind: "lost";
  readonly reason: LostReason;
  readonly message: string;
}

/** A person's approval as it counts now, with its owner as that is now, or why it does not. */
export function countNow(
  approval: ElevationApproval,
  decision: StandingDecision,
  owners: OwnerDirectory,
  now: number,
  trust: Trust,
): CountingDecision | LostDecision {
  const { by, ownerName } = decision;
  const owner = owners.get(ownerName);
  const problem = ownerProblem(owner, now);
  if (!owner || problem) {
    return lost("OwnerNotLive", `approving owner: ${describeOwnerProblem(ownerName, problem ?? "OwnerNotFound")}`);
  }
  if (decision.kind === "attested") {
    if (!isStillMember(owner, by, decision.member)) {
      return lost("ApproverNotMember", `${by} is no longer a member of "${ownerName}"`);
    }
    return owner.spec.decisions === "Signed"
      ? lost("SignatureRequired", `"${ownerName}" counts signed decisions alone, and ${by} has not signed`)
      : decision;
  }
  const verdict = verifySignedDecision(approval, decision.entry, owner, trust);
  if (verdict.kind === "invalid") {
    if (verdict.code === "SignerNotMember") {
      return lost("ApproverNotMember", `${by} is no longer a member of "${ownerName}"`);
    }
    return lost("SignatureNotVerified", `the signature of ${by} does not verify any more: ${verdict.problem}`);
  }
  return now < decision.notAfter
    ? { ...decision, fingerprint: verdict.fingerprint }
    : lost("SignatureExpired", `the signature of ${by} counted until ${formatTimestamp(decision.notAfter)}`);
}

function lost(reason: LostReason, message: string): LostDecision {
  return { kind: "lost", reason, message };
}
