import type { AgentCapability, ElevationApproval, IdentityOwner } from "../../src/api/types.gen.ts";
import { approval, approveDecision, type Vote, withDecisions } from "../builders/approval.ts";
import { capability, defined, rule } from "../builders/capability.ts";
import type { Installation } from "../builders/installation.ts";
import { owner, users } from "../builders/owner.ts";
import { timestamp } from "../builders/time.ts";

/** `spread`: over 100 agents and 100 namespaces. `one agent`: the worst, all of one agent in one namespace. */
export type Layout = "spread" | "one agent";

export interface PopulationSpec {
  readonly layout: Layout;
  /** Live approvals, each of one deployment. */
  readonly approvals: number;
  /** Rules that look at the objects, by \`fields\` and \`schema\`; absent: at names alone. */
  readonly exact?: true;
}

/** One agent and one namespace in which some approval lets it update the deployment `name`. */
export interface Place {
  readonly agent: number;
  readonly namespace: string;
  readonly name: string;
}

/** Agents, capabilities and namespaces: the same in each population, so that approvals alone make the difference. */
const agents = 100;
const teams = 20;

export interface Population {
  readonly owners: readonly IdentityOwner[];
  readonly capabilities: readonly AgentCapability[];
  /** Without decisions: these bind the uid, which a real API server chooses. */
  readonly requests: readonly ElevationApproval[];
}

/** Where the approval with this index lets write. */
export function placeOf({ layout }: PopulationSpec, index: number): Place {
  const name = `web-${index}`;
  if (layout === "one agent") return { agent: 0, namespace: namespaceName(0), name };
  return { agent: index % agents, namespace: namespaceName(Math.floor(index / agents) % agents), name };
}

export function agentName(agent: number): string {
  return `bot-${agent}`;
}

export function agentUid(agent: number): string {
  return `7d5e0000-0000-4000-8000-${String(agent).padStart(12, "0")}`;
}

function namespaceName(team: number): string {
  return `team-${team}`;
}

export const namespaceNames: readonly string[] = Array.from({ length: agents }, (_, index) => namespaceName(index));

/** Everything of a population but the people's decisions; `createdAt` in milliseconds since the epoch. */
export function populate(spec: PopulationSpec, createdAt: number, installation: Installation): Population {
  const creationTimestamp = timestamp(createdAt);
  return {
    owners: [
      owner("cluster", { members: [{ group: "platform-leads" }] }, { creationTimestamp }),
      owner("platform", { members: users("bob@example.com") }, { creationTimestamp }),
      ...Array.from({ length: teams }, (_, team) => teamOwner(team, creationTimestamp)),
    ],
    capabilities: Array.from({ length: agents }, (_, agent) =>
      defined(deployer(agent, creationTimestamp, spec.exact === true), "bob@example.com", installation),
    ),
    requests: Array.from({ length: spec.approvals }, (_, index) => request(spec, index, creationTimestamp)),
  };
}

/** The approval, approved by the owner of its namespace and by the policy owner at the instant of its creation. */
export function approve(
  request: ElevationApproval,
  capabilities: readonly AgentCapability[],
  installation: Installation,
): ElevationApproval {
  const policy = capabilities.find(({ metadata }) => metadata.name === request.spec.capabilityName);
  if (policy === undefined) throw new Error(`no capability ${request.spec.capabilityName}`);
  const team = teamOf(Number(request.metadata.namespace?.slice("team-".length)));
  const at = Date.parse(request.metadata.creationTimestamp ?? "");
  const votes: readonly Vote[] = [
    { by: `lead-${team}@example.com`, ownerName: `owner-${team}`, at },
    { by: "bob@example.com", ownerName: "platform", at },
  ];
  return withDecisions(request, ...votes.map((vote) => approveDecision(request, policy, vote, installation)));
}

/** The object with what a real one carries besides: field ownership and a status. For servers that are not real. */
export function dressed(approval: ElevationApproval): object {
  const time = approval.metadata.creationTimestamp;
  const fields = Object.fromEntries(Object.keys(approval.spec).map((key) => [`f:${key}`, {}]));
  const condition = { status: "True", reason: "InForce", lastTransitionTime: time, observedGeneration: 1 };
  return {
    ...approval,
    metadata: {
      ...approval.metadata,
      managedFields: ["kubectl-create", "kubectl-patch", "writ-operator"].map((manager) => ({
        manager,
        operation: "Update",
        apiVersion: "writ.dev/v1alpha1",
        time,
        fieldsType: "FieldsV1",
        fieldsV1: { "f:spec": { ".": {}, ...fields } },
      })),
    },
    status: {
      phase: "Live",
      approvedAt: time,
      expiresAt: time,
      conditions: ["Approved", "Live"].map((type) => ({ type, ...condition, message: `live until ${time}` })),
    },
  };
}

function teamOf(namespace: number): number {
  return namespace % teams;
}

function teamOwner(team: number, creationTimestamp: string): IdentityOwner {
  const own = Array.from({ length: agents }, (_, index) => index).filter((index) => teamOf(index) === team);
  return owner(
    `owner-${team}`,
    {
      members: users(`lead-${team}@example.com`),
      identities: own.map((agent) => ({ serviceAccount: serviceAccount(agent) })),
      resources: [{ scope: "Namespaced", namespaces: own.map(namespaceName) }],
    },
    { creationTimestamp },
  );
}

const exactConditions = {
  apiVersions: ["v1"],
  fields: ["spec.replicas"],
  schema: {
    type: "object",
    required: ["spec"],
    properties: { spec: { type: "object", properties: { replicas: { type: "integer", maximum: 20 } } } },
  },
} as const;

function deployer(agent: number, creationTimestamp: string, isExact: boolean): AgentCapability {
  return capability(
    `deployer-${agent}`,
    {
      agents: [{ serviceAccount: serviceAccount(agent) }],
      rules: [
        rule("scale", {
          resources: ["deployments", "deployments/scale"],
          namespaces: ["*"],
          ...(isExact ? exactConditions : {}),
        }),
        rule("services", { apiGroups: [""], resources: ["services"], namespaces: ["*"] }),
      ],
      approval: [{ risk: "High", approvers: [{ from: "ResourceOwner" }, { from: "PolicyOwner" }], maxDuration: "24h" }],
    },
    { creationTimestamp },
  );
}

function request(spec: PopulationSpec, index: number, creationTimestamp: string): ElevationApproval {
  const { agent, namespace, name } = placeOf(spec, index);
  return approval(
    `inc-${index}`,
    {
      capabilityName: `deployer-${agent}`,
      rules: ["scale"],
      agent: { serviceAccount: serviceAccount(agent), uid: agentUid(agent) },
      targets: [{ apiGroup: "apps", resource: "deployments", names: [name] }],
      reason: "Black Friday traffic: the shop needs more replicas than its autoscaler allows",
      ticket: `INC-${index}`,
      requestID: `9f86d081-884c-4d65-9a2f-${String(index).padStart(12, "0")}`,
      duration: "12h",
    },
    { namespace, creationTimestamp },
  );
}

function serviceAccount(agent: number): { readonly namespace: string; readonly name: string } {
  return { namespace: "agents", name: agentName(agent) };
}
