import { isAgent, isSystemName } from "../../api/agents.ts";
import { verifySignedDefinition } from "../../api/definition.ts";
import { policyDigest } from "../../api/digest.ts";
import { parseTimestamp } from "../../api/timestamp.ts";
import type { AgentCapability, AgentCapabilityDefinedBy } from "../../api/types.gen.ts";
import type { DecisionSettings } from "../../decision/facts.ts";
import type { Snapshot } from "../../decision/snapshot.ts";
import type { Change } from "./change.ts";
import { refuse } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";
import { checkSignatureTime } from "./signature-time.ts";

/**
 * Whether a signed definition puts the capability in force, whoever applies it. One that is older than the definition
 * which stands is refused: whoever may update capabilities could bring a policy back that its members have replaced.
 */
export function checkSignedDefinition(
  { object, old }: Change<AgentCapability>,
  definedBy: AgentCapabilityDefinedBy,
  snapshot: Snapshot,
  settings: DecisionSettings,
  now: number,
): Refusal | undefined {
  const { name } = object.metadata;
  const { policyOwnerName } = object.spec;
  const { by = "", ownerName } = definedBy;
  const field = "spec.definedBy";
  if (ownerName !== policyOwnerName) {
    const message = `definedBy is signed for owner "${ownerName ?? ""}", and the policy owner is "${policyOwnerName}"`;
    return refuse("SignatureInvalid", message, undefined, field);
  }
  if (isSystemName(by) || isAgent({ username: by }, settings.agents)) {
    return refuse("NotAPerson", `${by} is no person, and people define policies`, undefined, field);
  }
  const owner = snapshot.owners.get(policyOwnerName);
  const verified = verifySignedDefinition(name, definedBy, owner, settings.trust);
  if (verified.kind === "invalid") {
    const message = `the definition of ${by} for "${policyOwnerName}" does not count: ${verified.problem}`;
    return refuse(verified.code, message, undefined, field);
  }
  const digest = policyDigest(object);
  if (definedBy.policyDigest !== digest) {
    const message = `${by} has signed ${definedBy.policyDigest ?? ""}, and AgentCapability "${name}" has the digest ${digest}`;
    return refuse("DigestMismatch", message, "sign the file as it is: kubectl writ sign -f FILE --owner NAME", field);
  }
  const untimely = checkSignatureTime(verified, by, now, field);
  if (untimely) return untimely;
  const standing = parseTimestamp(old?.spec.definedBy?.at);
  if (standing !== undefined && verified.at <= standing) {
    const message = `${by} signed it at ${definedBy.at ?? ""}, before the definition that stands, of ${old?.spec.definedBy?.at ?? ""}`;
    return refuse("DefinitionOutdated", message, undefined, `${field}.at`);
  }
  return undefined;
}
