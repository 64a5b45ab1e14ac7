import type {
  AgentCapabilityRule,
  AgentCapabilitySpec,
  ElevationApprovalSpec,
  IdentityOwnerSpec,
} from "../../../src/api/types.gen.ts";
import type { Bench } from "./bench.ts";
import { type ApiResponse } from "../../control-plane/control-plane.ts";

const roots = {
  configmaps: "/api/v1",
  secrets: "/api/v1",
  pods: "/api/v1",
  services: "/api/v1",
  serviceaccounts: "/api/v1",
  namespaces: "/api/v1",
  nodes: "/api/v1",
  deployments: "/apis/apps/v1",
  replicasets: "/apis/apps/v1",
  leases: "/apis/coordination.k8s.io/v1",
  clusterroles: "/apis/rbac.authorization.k8s.io/v1",
  rolebindings: "/apis/rbac.authorization.k8s.io/v1",
  clusterrolebindings: "/apis/rbac.authorization.k8s.io/v1",
  customresourcedefinitions: "/apis/apiextensions.k8s.io/v1",
  widgets: "/apis/example.com/v1",
  identityowners: "/apis/writ.dev/v1alpha1",
  agentcapabilities: "/apis/writ.dev/v1alpha1",
  elevationapprovals: "/apis/writ.dev/v1alpha1",
} as const;

/** The API server's path of a collection or, with a name (and `name/subresource`), of one object. */
export function path(resource: keyof typeof roots, namespace: string | undefined, name?: string): string {
  const place = namespace === undefined ? "" : `/namespaces/${namespace}`;
  return `${roots[resource]}${place}/${resource}${name === undefined ? "" : `/${name}`}`;
}

export const owners = (name?: string): string => path("identityowners", undefined, name);
export const capabilities = (name?: string): string => path("agentcapabilities", undefined, name);
export const approvals = (name?: string, namespace = "payments-prod"): string =>
  path("elevationapprovals", namespace, name);
export const configMaps = (name?: string, namespace = "payments-prod"): string => path("configmaps", namespace, name);

export const bot = { serviceAccount: { namespace: "agents", name: "payments-bot" } } as const;
export const botUser = "system:serviceaccount:agents:payments-bot";

export function owner(name: string, spec: Partial<IdentityOwnerSpec> = {}): object {
  return { ...head("IdentityOwner", name), spec: { members: [{ group: `${name}-leads` }], ...spec } };
}

/** A High rule for creating, updating and deleting ConfigMaps of payments-prod, with the given parts in place of its own. */
export function rule(name: string, mods: Partial<AgentCapabilityRule> = {}): AgentCapabilityRule {
  return {
    name,
    operations: ["CREATE", "UPDATE", "DELETE"],
    apiGroups: [""],
    resources: ["configmaps"],
    scope: "Namespaced",
    namespaces: ["payments-prod"],
    ...mods,
  };
}

/** A capability of platform for `bot`; High asks one of the resource's owner and one of platform, Low one of platform. */
export function capability(name: string, spec: Partial<AgentCapabilitySpec> = {}): object {
  return {
    ...head("AgentCapability", name),
    spec: {
      policyOwnerName: "platform",
      agents: [bot],
      rules: [rule("configure")],
      approval: [
        { risk: "High", approvers: [{ from: "ResourceOwner" }, { from: "PolicyOwner" }] },
        { risk: "Low", approvers: [{ from: "PolicyOwner" }], maxDuration: "720h" },
      ],
      ...spec,
    },
  };
}

/** What a request says beyond its defaults; `undefined` takes a default away. */
export type Request = {
  readonly [K in Exclude<keyof ElevationApprovalSpec, "decisions">]?: ElevationApprovalSpec[K] | undefined;
} & { readonly decisions?: readonly object[] };

/** A request of half an hour for `bot` under the capability `configurator`. */
export function approval(name: string, spec: Request = {}, namespace = "payments-prod"): object {
  return {
    ...head("ElevationApproval", name, namespace),
    spec: { capabilityName: "configurator", agent: bot, duration: "30m", ...spec },
  };
}

export function configMap(name: string, namespace = "payments-prod"): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data: { key: "0" } };
}

export function deployment(name: string, namespace = "payments-prod"): object {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { automountServiceAccountToken: false, containers: [{ name: "web", image: "example.com/web" }] },
      },
    },
  };
}

function head(kind: string, name: string, namespace?: string): object {
  return {
    apiVersion: "writ.dev/v1alpha1",
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  };
}

/**
 * Three owners (robots answers for `bot`, payments for what is in payments-prod and payments-dev, platform for policies)
 * and the capability `configurator`, which bob defines.
 */
export async function applyWorld(
  bench: Bench,
  rules: readonly AgentCapabilityRule[] = [rule("configure")],
): Promise<void> {
  await bench.must("bob", "POST", owners(), owner("platform"));
  await bench.must("bob", "POST", owners(), owner("robots", { identities: [bot] }));
  await bench.must(
    "bob",
    "POST",
    owners(),
    owner("payments", {
      members: [{ user: "alice@example.com", aliases: ["oidc:alice"] }, { group: "payments-leads" }],
      contacts: [{ kind: "email", value: "payments-oncall@example.com" }],
      resources: [{ scope: "Namespaced", namespaces: ["payments-prod", "payments-dev"] }],
    }),
  );
  await bench.must("bob", "POST", capabilities(), capability("configurator", { rules }));
}

export const mergePatch = { "content-type": "application/merge-patch+json" } as const;
export const jsonPatch = { "content-type": "application/json-patch+json" } as const;

/** Patches the spec of an object as JSON Merge Patch (RFC 7396). */
export function patchSpec(bench: Bench, who: string, objectPath: string, spec: object): Promise<ApiResponse> {
  return bench.call(who, "PATCH", objectPath, { spec }, mergePatch);
}

export function decide(
  bench: Bench,
  who: string,
  approvalPath: string,
  verdict: "Approve" | "Reject",
  ownerName: string,
): Promise<ApiResponse> {
  return patchSpec(bench, who, approvalPath, { decisions: [{ verdict, ownerName }] });
}

/** Alice of payments and bob of platform approve. */
export async function approveBoth(bench: Bench, approvalPath: string): Promise<void> {
  for (const [who, ownerName] of [
    ["alice", "payments"],
    ["bob", "platform"],
  ] as const) {
    const response = await decide(bench, who, approvalPath, "Approve", ownerName);
    if (response.status !== 200) throw new Error(`${who} cannot approve ${approvalPath}: ${response.text}`);
  }
}

let writes = 0;

/** A merge patch that changes a ConfigMap at each call. */
export function touch(bench: Bench, who: string, objectPath: string, query = ""): Promise<ApiResponse> {
  const data = { key: String((writes += 1)) };
  return bench.call(who, "PATCH", `${objectPath}${query}`, { data }, mergePatch);
}
