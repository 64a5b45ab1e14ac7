import type { OwnerDirectory } from "./owners.ts";
import { ownerProblem, describeOwnerProblem } from "./owners.ts";
import { definitionProblem } from "./definition.ts";
import type { DefinitionProblemCode } from "./definition.ts";
import type { Trust } from "./trust.ts";
import type { AgentCapability } from "./types.gen.ts";

export type CapabilityProblemCode =
  DefinitionProblemCode | "CapabilitySuspended" | "CapabilityBeingDeleted" | "PolicyOwnerNotLive";

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
  const definition = definitionProblem(capability, owners, now, trust);
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
