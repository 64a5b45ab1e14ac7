import { definitionStatement } from "../../src/api/definition.ts";
import { policyDigest } from "../../src/api/digest.ts";
import type { ObjectMeta } from "../../src/api/object-meta.ts";
import type {
  AgentCapability,
  AgentCapabilityDefinedBy,
  AgentCapabilityRule,
  AgentCapabilitySpec,
} from "../../src/api/types.gen.ts";
import { bot } from "./agents.ts";
import type { Installation } from "./installation.ts";
import { ours } from "./installation.ts";
import { meta } from "./meta.ts";
import { created, timestamp } from "./time.ts";

/** A High rule that lets deployments in payments-prod be updated, with the given parts in place of its own. */
export function rule(name: string, mods: Partial<AgentCapabilityRule> = {}): AgentCapabilityRule {
  return {
    name,
    operations: ["UPDATE"],
    apiGroups: ["apps"],
    resources: ["deployments"],
    scope: "Namespaced",
    namespaces: ["payments-prod"],
    ...mods,
  };
}

/** An AgentCapability of the policy owner `platform` for `bot`; not in force before `defined`. */
export function capability(
  name: string,
  spec: Partial<AgentCapabilitySpec> = {},
  metadata: Partial<ObjectMeta> = {},
): AgentCapability {
  return {
    apiVersion: "writ.dev/v1alpha1",
    kind: "AgentCapability",
    metadata: meta("AgentCapability", name, metadata),
    spec: {
      policyOwnerName: "platform",
      agents: [bot],
      rules: [rule("scale")],
      approval: [{ risk: "High", approvers: [{ from: "ResourceOwner" }, { from: "PolicyOwner" }] }],
      ...spec,
    },
  };
}

/** What Writ stamps when a member defines the capability as it is. */
export function definedBy(
  capability: AgentCapability,
  by: string,
  mods: { readonly ownerName?: string; readonly member?: string; readonly policyDigest?: string } = {},
  { signer, trust }: Installation = ours,
): AgentCapabilityDefinedBy {
  const entry = {
    by,
    ownerName: mods.ownerName ?? capability.spec.policyOwnerName,
    at: timestamp(created),
    policyDigest: mods.policyDigest ?? policyDigest(capability),
  };
  const statement = definitionStatement(entry, trust.clusterId);
  if (!statement) throw new Error("a definition needs by, ownerName, at and policyDigest");
  const attestation = signer.attest(statement, {
    credentialId: `JTI=${by}`,
    member: mods.member ?? `user:${by}`,
    userInfoDigest: "sha256:0",
  });
  return { ...entry, attestation };
}

/** The capability, defined by a member of its policy owner. */
export function defined(
  capability: AgentCapability,
  by = "bob@example.com",
  installation: Installation = ours,
): AgentCapability {
  return editCapability(capability, { definedBy: definedBy(capability, by, {}, installation) });
}

/** The same capability with other spec fields, as after an edit: its definition is not renewed. */
export function editCapability(before: AgentCapability, spec: Partial<AgentCapabilitySpec>): AgentCapability {
  return { ...before, spec: { ...before.spec, ...spec } };
}
