import type { AgentCapability, ElevationApproval, IdentityOwner } from "../../../src/api/types.gen.ts";
import { approval, approveDecision, withDecisions } from "../../builders/approval.ts";
import { capability, defined, rule } from "../../builders/capability.ts";
import type { Installation } from "../../builders/installation.ts";
import { owner, users } from "../../builders/owner.ts";
import type { GovernedCell } from "./plan.ts";

/** ConfigMaps of each agent for each cell: one for each write that may be under way. */
export const configMapsEach = 32;

/** Most uses that an approval may have; more than a run takes. */
const manyUses = 1_000_000;

/** One agent that is measured, and all that is its own. */
export interface Member {
  readonly index: number;
  /** Service account in the namespace `agents`. */
  readonly name: string;
  readonly namespace: string;
  readonly owners: readonly IdentityOwner[];
  readonly capability: AgentCapability;
}

export function castMember(index: number, installation: Installation): Member {
  const name = `writer-${index}`;
  const namespace = `writer-${index}`;
  const serviceAccount = { namespace: "agents", name };
  return {
    index,
    name,
    namespace,
    owners: [
      owner(`${name}-robots`, { members: users(lead(name, "robots")), identities: [{ serviceAccount }] }),
      owner(`${name}-policies`, { members: users(lead(name, "policies")) }),
      owner(`${name}-resources`, {
        members: users(lead(name, "resources")),
        resources: [{ scope: "Namespaced", namespaces: [namespace] }],
      }),
    ],
    capability: defined(
      capability(name, {
        policyOwnerName: `${name}-policies`,
        agents: [{ serviceAccount }],
        rules: [rule("configure", { apiGroups: [""], resources: ["configmaps"], namespaces: [namespace] })],
        approval: [
          { risk: "High", approvers: [{ from: "ResourceOwner" }, { from: "PolicyOwner" }], maxDuration: "24h" },
        ],
      }),
      lead(name, "policies"),
      installation,
    ),
  };
}

/** Each cell has ConfigMaps of its own, so that none is covered by the approval of another. */
export function configMapName(subject: GovernedCell, index: number): string {
  return `${subject}-${index}`;
}

/** The approval, not decided yet, of all that the cell writes; `uid` of the agent. */
export function requestOf(member: Member, subject: "allow" | "counted", uid: string): ElevationApproval {
  const names = Array.from({ length: configMapsEach }, (_, index) => configMapName(subject, index));
  return approval(
    subject,
    {
      capabilityName: member.capability.metadata.name,
      agent: { serviceAccount: { namespace: "agents", name: member.name }, uid },
      targets: [{ apiGroup: "", resource: "configmaps", names }],
      requestID: `bench-${member.name}-${subject}`,
      duration: "12h",
      ...(subject === "counted" ? { maxUses: manyUses } : {}),
    },
    { namespace: member.namespace },
  );
}

/** The approval as created, approved by the owner of the namespace and the policy owner at its creation. */
export function approveRequest(
  created: ElevationApproval,
  { name, capability }: Member,
  installation: Installation,
): ElevationApproval {
  const at = Date.parse(created.metadata.creationTimestamp ?? "");
  const decisions = (["resources", "policies"] as const).map((kind) =>
    approveDecision(created, capability, { by: lead(name, kind), ownerName: `${name}-${kind}`, at }, installation),
  );
  return withDecisions(created, ...decisions);
}

function lead(name: string, kind: "robots" | "policies" | "resources"): string {
  return `${name}-${kind}@example.com`;
}
