import { requestDigest } from "./digest.ts";
import type { Digest } from "./digest.ts";
import type { SignedDecisionStatement } from "./signed-statement.ts";
import type { Trust } from "./trust.ts";
import type { ElevationApproval, ElevationApprovalDecision, IdentityOwner } from "./types.gen.ts";
import { verifySigned } from "./verify-signed.ts";
import type { SignedVerdict } from "./verify-signed.ts";

/** The statement that the signature of a decision on an approval is over. */
export function signedDecisionStatement(
  approval: ElevationApproval,
  decision: ElevationApprovalDecision,
  clusterId: string,
  digest: Digest = requestDigest(approval),
): SignedDecisionStatement {
  return {
    type: "writ.dev/signed-decision/v1",
    clusterId,
    namespace: approval.metadata.namespace ?? "",
    name: approval.metadata.name,
    requestID: approval.spec.requestID,
    specDigest: digest,
    policyDigest: decision.policyDigest ?? "",
    verdict: decision.verdict,
    by: decision.by,
    ownerName: decision.ownerName,
    at: decision.at,
    notAfter: decision.notAfter ?? "",
    reason: decision.reason ?? "",
  };
}

/** Whether a signed decision is what a key of the owner, as it is now, has signed. `owner` is the one that it names. */
export function verifySignedDecision(
  approval: ElevationApproval,
  decision: ElevationApprovalDecision,
  owner: IdentityOwner | undefined,
  trust: Trust,
): SignedVerdict {
  const statement = signedDecisionStatement(approval, decision, trust.clusterId, trust.digests.request(approval));
  return verifySigned(statement, decision.signature ?? "", owner, trust);
}
