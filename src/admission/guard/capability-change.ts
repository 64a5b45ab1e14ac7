import { agentUserName, isInAgentSet } from "../../api/agents.ts";
import { definitionStatement, verifySignedDefinition } from "../../api/definition.ts";
import { policyDigest } from "../../api/digest.ts";
import { parseFieldPath } from "../../api/field-path.ts";
import type { OwnerDirectory } from "../../api/owners.ts";
import { isProtected } from "../../api/protected-set.ts";
import { ruleRisk } from "../../api/rules.ts";
import type { AgentCapability, AgentCapabilityRule } from "../../api/types.gen.ts";
import type { DecisionSettings } from "../../decision/facts.ts";
import { schemaProblem } from "../../decision/schema/check-schema.ts";
import { canonicalJson } from "../../ledger/canonical-json.ts";
import type { Snapshot } from "../../decision/snapshot.ts";
import type { Change } from "./change.ts";
import { refuse } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";
import { checkSignedDefinition } from "./signed-definition-change.ts";

/** Refusals that follow from the capability alone. */
export function checkCapabilityContent(capability: AgentCapability, settings: DecisionSettings): Refusal | undefined {
  const outside = capability.spec.agents.find((agent) => !isInAgentSet(agent, settings.agents));
  if (outside) {
    return refuse(
      "IdentityOutsideAgentSet",
      `${agentUserName(outside)} is no agent of this installation (agent namespaces: ${settings.agents.namespaces.join(", ")})`,
      undefined,
      "spec.agents",
    );
  }
  for (const rule of capability.spec.rules) {
    const refusal = checkRule(rule, settings);
    if (refusal) return refusal;
  }
  return undefined;
}

function checkRule(rule: AgentCapabilityRule, settings: DecisionSettings): Refusal | undefined {
  const own = [settings.systemNamespace, settings.clusterApprovalNamespace];
  const namespace = rule.namespaces?.find((name) => own.includes(name));
  if (namespace !== undefined) {
    return refuse(
      "OwnNamespaceInRule",
      `rule "${rule.name}" names Writ's namespace "${namespace}", which is never grantable`,
    );
  }
  for (const field of rule.fields ?? []) {
    const parsed = parseFieldPath(field);
    if (parsed.kind === "error") {
      return refuse(
        "FieldPathMalformed",
        `rule "${rule.name}" has the field path ${JSON.stringify(field)}, wrong at character ${parsed.position}: ${parsed.message}`,
        undefined,
        "spec.rules[].fields",
      );
    }
  }
  const schema = rule.schema === undefined ? undefined : schemaProblem(rule.schema);
  if (schema) {
    return refuse(
      "SchemaUnusable",
      `rule "${rule.name}" has a schema that is refused at ${schema.pointer || "its root"}: ${schema.message}`,
      undefined,
      "spec.rules[].schema",
    );
  }
  if (ruleRisk(rule) === "High") return undefined;
  for (const group of rule.apiGroups) {
    for (const resource of rule.resources) {
      if (group !== "*" && resource !== "*" && isProtected(group, resource, settings.protectedResources)) {
        const what = group === "" ? resource : `${resource}.${group}`;
        return refuse(
          "LowRiskProtected",
          `rule "${rule.name}" is Low and names ${what}, which is in the protected set`,
        );
      }
    }
  }
  return undefined;
}

/** Whether a member of the policy owner has defined the capability as it is, by what it says itself. */
export function isDefined(
  capability: AgentCapability,
  owners: OwnerDirectory,
  trust: DecisionSettings["trust"],
): boolean {
  const { definedBy, policyOwnerName } = capability.spec;
  const statement = definedBy && definitionStatement(definedBy, trust.clusterId);
  if (!statement || statement.policyDigest !== policyDigest(capability)) return false;
  if (definedBy?.signature !== undefined) {
    const owner = owners.get(policyOwnerName);
    return verifySignedDefinition(capability.metadata.name, definedBy, owner, trust).kind === "valid";
  }
  return definedBy?.attestation !== undefined && trust.verify(statement, definedBy.attestation) !== undefined;
}

/** Whether the change brings a definition that somebody has signed: whoever brings it need not be a member. */
export function bringsSignedDefinition({ object, old }: Change<AgentCapability>): boolean {
  const { definedBy } = object.spec;
  return definedBy?.signature !== undefined && !sameJson(definedBy, old?.spec.definedBy);
}

/**
 * Whether `definedBy` is as it was, absent, the caller's own, or signed. An attestation that was genuine once is not
 * brought back: re-creating a suspended capability with it would lift the suspension, which members alone may do.
 */
export function checkDefinition(
  change: Change<AgentCapability>,
  snapshot: Snapshot,
  settings: DecisionSettings,
  now: number,
): Refusal | undefined {
  const { object, old, user } = change;
  const definedBy = object.spec.definedBy;
  if (!definedBy || sameJson(definedBy, old?.spec.definedBy)) return undefined;
  if (definedBy.signature !== undefined) return checkSignedDefinition(change, definedBy, snapshot, settings, now);
  const statement = definitionStatement(definedBy, settings.trust.clusterId);
  const { attestation } = definedBy;
  const isOwn = statement?.by === user.username;
  if (isOwn && attestation !== undefined && settings.trust.verify(statement, attestation)) return undefined;
  return refuse(
    "ForgedDefinition",
    `definedBy of AgentCapability "${object.metadata.name}" carries no attestation of this installation, and you are no member of "${object.spec.policyOwnerName}" who could define it`,
  );
}

/** A capability is suspended and released by members of the policy owner that it had before. */
export function changesSuspension({ object, old }: Change<AgentCapability>): boolean {
  return old !== undefined && (object.spec.suspended === true) !== (old.spec.suspended === true);
}

/** Whether the capability gets another policy owner: that hands over who answers for it and who approves. */
export function changesPolicyOwner({ object, old }: Change<AgentCapability>): boolean {
  return old !== undefined && object.spec.policyOwnerName !== old.spec.policyOwnerName;
}

/** Whether a member who makes this change thereby defines the capability. Suspending it is no definition. */
export function definesCapability({ object, old }: Change<AgentCapability>): boolean {
  if (!old) return true;
  return policyDigest(object) !== policyDigest(old) || !sameJson(object.spec.definedBy, old.spec.definedBy);
}

export function sameJson(a: object | undefined, b: object | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalJson(a) === canonicalJson(b);
}
