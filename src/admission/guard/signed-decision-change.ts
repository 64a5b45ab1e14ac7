import { isAgent, isSystemName } from "../../api/agents.ts";
import { verifySignedDecision } from "../../api/signed-decision.ts";
import type { ElevationApproval, ElevationApprovalDecision } from "../../api/types.gen.ts";
import type { DecisionSettings } from "../../decision/facts.ts";
import type { Snapshot } from "../../decision/snapshot.ts";
import { judgeSay } from "./judge-decision.ts";
import { refuse } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";
import { checkSignatureTime } from "./signature-time.ts";

export interface SignedDecisionToCheck {
  /** The approval as it will be. */
  readonly object: ElevationApproval;
  /** The approval as it was before, or without decisions where it is being created. */
  readonly before: ElevationApproval;
  readonly decision: ElevationApprovalDecision;
  readonly snapshot: Snapshot;
  readonly settings: DecisionSettings;
  readonly now: number;
}

/**
 * Whether a signed decision may stand. Who applies it does not matter: a key of the person whom it names has signed
 * exactly this, for an owner that lists them, and they may decide so. A rejection asks for no more than signature,
 * membership and an owner with a say: no time, digest or state refuses it.
 */
export function checkSignedDecision(input: SignedDecisionToCheck): Refusal | undefined {
  const { object, before, decision, snapshot, settings, now } = input;
  const { by, ownerName, verdict } = decision;
  const field = "spec.decisions";
  if (decision.attestation !== undefined) {
    return refuse("ForgedDecision", `the decision of ${by} carries a signature and an attestation`, undefined, field);
  }
  if (isSystemName(by) || isAgent({ username: by }, settings.agents)) {
    return refuse("NotAPerson", `${by} is no person, and people decide`);
  }
  const verified = verifySignedDecision(object, decision, snapshot.owners.get(ownerName), settings.trust);
  if (verified.kind === "invalid") {
    const { namespace = "", name } = object.metadata;
    const here = `here it has to be over ElevationApproval ${namespace}/${name} with requestID ${object.spec.requestID}, spec ${settings.trust.digests.request(object)} and everything that the decision says, in cluster ${settings.trust.clusterId}`;
    const message = `the ${verdict} of ${by} for "${ownerName}" does not count: ${verified.problem}`;
    const isOver = verified.code === "SignatureInvalid" ? `${message}; ${here}` : message;
    return refuse(verified.code, isOver, undefined, field);
  }
  const untimely = verdict === "Approve" ? checkSignatureTime(verified, by, now, `${field}[]`) : undefined;
  if (untimely) return untimely;
  const say = judgeSay({ approval: before, decision, by, snapshot, settings, now });
  return say.kind === "refusal" ? say : undefined;
}
