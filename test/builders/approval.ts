import { decisionStatement } from "../../src/api/decisions.ts";
import { policyDigest } from "../../src/api/digest.ts";
import type { ObjectMeta } from "../../src/api/object-meta.ts";
import type {
  AgentCapability,
  ElevationApproval,
  ElevationApprovalDecision,
  ElevationApprovalSpec,
} from "../../src/api/types.gen.ts";
import { bot, botUid } from "./agents.ts";
import type { Installation } from "./installation.ts";
import { ours } from "./installation.ts";
import { meta } from "./meta.ts";
import { after, minute, timestamp } from "./time.ts";

/** An ElevationApproval in payments-prod for `bot` under `payments-scaler`, requested by carol, without decisions. */
export function approval(
  name: string,
  spec: Partial<ElevationApprovalSpec> = {},
  metadata: Partial<ObjectMeta> = {},
): ElevationApproval {
  return {
    apiVersion: "writ.dev/v1alpha1",
    kind: "ElevationApproval",
    metadata: meta("ElevationApproval", name, { namespace: "payments-prod", ...metadata }),
    spec: {
      capabilityName: "payments-scaler",
      agent: { ...bot, uid: botUid },
      requestedBy: "carol@example.com",
      requestID: `request-${name}`,
      duration: "30m",
      ...spec,
    },
  };
}

/** Who decides for which owner; `at` in milliseconds since the epoch, one minute after creation if absent. */
export interface Vote {
  readonly by: string;
  readonly ownerName: string;
  readonly at?: number;
  /** The member entry that matched; `user:BY` if absent. */
  readonly member?: string;
  readonly reason?: string;
  readonly policyDigest?: string;
}

/** What Writ stamps when somebody approves under the capability as it is. */
export function approveDecision(
  approval: ElevationApproval,
  capability: AgentCapability,
  vote: Vote,
  installation: Installation = ours,
): ElevationApprovalDecision {
  return attested(approval, "Approve", { policyDigest: policyDigest(capability), ...vote }, installation);
}

/** What Writ stamps when somebody rejects: a capability is not needed. */
export function rejectDecision(
  approval: ElevationApproval,
  vote: Vote,
  installation: Installation = ours,
): ElevationApprovalDecision {
  return attested(approval, "Reject", vote, installation);
}

function attested(
  approval: ElevationApproval,
  verdict: "Approve" | "Reject",
  { by, ownerName, at = after(minute), member = `user:${by}`, reason, policyDigest }: Vote,
  { signer, trust }: Installation,
): ElevationApprovalDecision {
  const decision: ElevationApprovalDecision = {
    verdict,
    by,
    ownerName,
    at: timestamp(at),
    ...(policyDigest === undefined ? {} : { policyDigest }),
    ...(reason === undefined ? {} : { reason }),
  };
  const payload = { credentialId: `JTI=${by}`, member, userInfoDigest: "sha256:0" } as const;
  return { ...decision, attestation: signer.attest(decisionStatement(approval, decision, trust.clusterId), payload) };
}

/** The approval with these decisions after those that it has. */
export function withDecisions(
  approval: ElevationApproval,
  ...decisions: readonly ElevationApprovalDecision[]
): ElevationApproval {
  return {
    ...approval,
    spec: { ...approval.spec, decisions: [...(approval.spec.decisions ?? []), ...decisions] },
  };
}

/** The approval, approved under the capability by all of the voters. */
export function approvedBy(
  approval: ElevationApproval,
  capability: AgentCapability,
  ...votes: readonly Vote[]
): ElevationApproval {
  return withDecisions(approval, ...votes.map((vote) => approveDecision(approval, capability, vote)));
}
