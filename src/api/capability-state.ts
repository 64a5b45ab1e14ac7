import type { OwnerDirectory } from "./owners.ts";
import { ownerProblem, describeOwnerProblem } from "./owners.ts";
import { isStillMember } from "./people.ts";
import type { DefinitionStatement } from "./attestation.ts";
import type { Trust } from "./trust.ts";
import type { AgentCapability, AgentCapabilityDefinedBy } from "./types.gen.ts";

export type CapabilityProblemCode =
  | "CapabilityNotDefined"
  | "CapabilityChanged"
  | "DefinitionNotAttested"
  | "DefinerNotMember"
  | "CapabilitySuspended"
  | "CapabilityBeingDeleted"
  | "PolicyOwnerNotLive";

export interface CapabilityProblem {
  readonly code: CapabilityProblemCode;
  readonly message: string;
}

/** Why a capability is not in force now, or undefined when it is. */
export function capabilityProblem(
  capability: AgentCapability,
  owners: OwnerDirectory,
  now: number,
  trust: Trust,
): CapabilityProblem | undefined {
  const name = capability.metadata.name;
  const owner = capability.spec.policyOwnerName;
  if (capability.metadata.deletionTimestamp !== undefined) {
    return { code: "CapabilityBeingDeleted", message: `AgentCapability "${name}" is being deleted` };
  }
  const definition = definitionProblem(capability, owners, trust);
  if (definition) return definition;
  const problem = ownerProblem(owners.get(owner), now);
  if (problem) {
    return { code: "PolicyOwnerNotLive", message: `policy owner: ${describeOwnerProblem(owner, problem)}` };
  }
  if (capability.spec.suspended === true) {
    return {
      code: "CapabilitySuspended",
      message: `AgentCapability "${name}" is suspended; a member of "${owner}" releases it with spec.suspended=false`,
    };
  }
  return undefined;
}

/** The statement that `definedBy` of a capability attests. */
export function definitionStatement(
  definedBy: AgentCapabilityDefinedBy,
  clusterId: string,
): DefinitionStatement | undefined {
  const { by, ownerName, at, policyDigest } = definedBy;
  if (by === undefined || ownerName === undefined || at === undefined || policyDigest === undefined) return undefined;
  return { type: "writ.dev/definition/v1", clusterId, by, ownerName, at, policyDigest };
}

function definitionProblem(
  capability: AgentCapability,
  owners: OwnerDirectory,
  trust: Trust,
): CapabilityProblem | undefined {
  const name = capability.metadata.name;
  const owner = capability.spec.policyOwnerName;
  const digest = trust.digests.policy(capability);
  const cure = `a member of "${owner}" defines it: kubectl patch cap ${name} --type merge -p '{"spec":{"definedBy":{"policyDigest":"${digest}","attestation":null}}}'`;
  const definedBy = capability.spec.definedBy;
  const statement = definedBy && definitionStatement(definedBy, trust.clusterId);
  if (!definedBy || !statement || statement.ownerName !== owner) {
    return {
      code: "CapabilityNotDefined",
      message: `no member of policy owner "${owner}" has defined AgentCapability "${name}"; ${cure}`,
    };
  }
  if (statement.policyDigest !== digest) {
    return {
      code: "CapabilityChanged",
      message: `AgentCapability "${name}" was changed after ${statement.by} had defined it; ${cure}`,
    };
  }
  const payload = definedBy.attestation === undefined ? undefined : trust.verify(statement, definedBy.attestation);
  if (!payload) {
    return {
      code: "DefinitionNotAttested",
      message: `definedBy of AgentCapability "${name}" carries no attestation of this installation; ${cure}`,
    };
  }
  const policyOwner = owners.get(owner);
  if (policyOwner && !isStillMember(policyOwner, statement.by, payload.member)) {
    return {
      code: "DefinerNotMember",
      message: `${statement.by}, who defined AgentCapability "${name}", is no longer a member of "${owner}"; ${cure}`,
    };
  }
  return undefined;
}
