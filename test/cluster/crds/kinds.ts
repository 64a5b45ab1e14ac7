/** Valid objects of the three kinds with every field that is accepted, and what the tests do with them. */
import { readFileSync } from "node:fs";
import type { AgentCapability, ElevationApproval, IdentityOwner } from "../../../src/api/types.gen.ts";
import type { ControlPlane } from "../../control-plane/control-plane.ts";

const crd = (plural: string) => ({ plural, file: new URL(`../../../crds/${plural}.yaml`, import.meta.url) });

export const crds = {
  IdentityOwner: crd("identityowners"),
  AgentCapability: crd("agentcapabilities"),
  ElevationApproval: crd("elevationapprovals"),
};
export const files = Object.values(crds);

const digest = `sha256:${"0".repeat(64)}`;

export const approve = {
  verdict: "Approve",
  by: "alice@example.com",
  ownerName: "payments",
  at: "2026-11-27T09:00:00.000Z",
  policyDigest: digest,
  reason: "ok",
  attestation: "v1.key.cGF5bG9hZA.c2lnbmF0dXJl",
} as const;

/** Smallest decision that revokes: nothing but who, for whom and when. */
export const reject = {
  verdict: "Reject",
  by: "bob@example.com",
  ownerName: "platform",
  at: "2026-11-27T09:05:00Z",
} as const;

export const owner: IdentityOwner = {
  apiVersion: "writ.dev/v1alpha1",
  kind: "IdentityOwner",
  metadata: { name: "payments" },
  spec: {
    displayName: "Payments service team",
    contacts: [{ kind: "email", value: "payments-oncall@example.com" }],
    members: [{ user: "alice@example.com", aliases: ["oidc:alice"] }, { group: "payments-leads" }],
    identities: [
      { serviceAccount: { namespace: "agents", name: "payments-bot" } },
      { user: "spiffe://example.org/agents/payments-bot" },
    ],
    resources: [
      {
        scope: "Namespaced",
        namespaces: ["payments-prod", "*"],
        apiGroups: ["*"],
        resources: ["*"],
        resourceNames: [],
      },
      { scope: "Cluster" },
    ],
    decisions: "Authenticated",
    reviewBy: "2027-03-31T00:00:00Z",
    suspended: false,
  },
};

export const capability: AgentCapability = {
  apiVersion: "writ.dev/v1alpha1",
  kind: "AgentCapability",
  metadata: { name: "payments-scaler" },
  spec: {
    description: "Scales payments deployments during incidents",
    policyOwnerName: "platform",
    agents: [{ serviceAccount: { namespace: "agents", name: "payments-bot" } }, { user: "spiffe://example.org/bot" }],
    rules: [
      {
        name: "scale",
        risk: "High",
        operations: ["CREATE", "UPDATE", "DELETE"],
        apiGroups: ["apps", "", "*"],
        apiVersions: ["v1"],
        resources: ["deployments", "deployments/scale", "*"],
        scope: "Namespaced",
        namespaces: ["payments-prod", "*"],
        resourceNames: ["web", "system:web"],
      },
      { name: "label", risk: "Low", operations: ["UPDATE"], apiGroups: [""], resources: ["nodes"], scope: "Cluster" },
    ],
    approval: [
      { risk: "Low", approvers: [{ from: "PolicyOwner", count: 1 }], maxDuration: "720h" },
      {
        risk: "High",
        approvers: [
          { from: "ResourceOwner", count: 10 },
          { from: "Owner", ownerName: "security" },
        ],
        maxDuration: "1h30m",
        pendingTTL: "24h",
        ticketPrefix: "INC-",
      },
    ],
    requests: "Manual",
    suspended: false,
    definedBy: {
      by: "bob@example.com",
      ownerName: "platform",
      at: "2026-11-01T00:00:00Z",
      policyDigest: digest,
      attestation: "v1.key.cGF5bG9hZA.c2lnbmF0dXJl",
    },
  },
};

export const approval: ElevationApproval = {
  apiVersion: "writ.dev/v1alpha1",
  kind: "ElevationApproval",
  metadata: { namespace: "default", name: "inc-1234" },
  spec: {
    capabilityName: "payments-scaler",
    rules: ["scale"],
    agent: {
      serviceAccount: { namespace: "agents", name: "payments-bot" },
      uid: "7d5e1c1e-3f1a-4a56-9f0a-2f4ce1f5b1aa",
    },
    targets: [{ apiGroup: "apps", resource: "deployments/scale", names: ["web"] }],
    reason: "Black Friday traffic",
    ticket: "INC-1234",
    onBehalfOf: ["user:carol@example.com", "agent:planner"],
    requestedBy: "carol@example.com",
    requestID: "9f86d081884c7d659a2feaa0c55ad015",
    notBefore: "2026-11-27T00:00:00Z",
    duration: "30m",
    decisions: [approve, reject],
  },
};

export type WritObject = IdentityOwner | AgentCapability | ElevationApproval;

/** An answer of the API server: the object, or the Status that refuses it. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  /** `field: message` of every cause of a refusal. */
  readonly causes: readonly string[];
}

export async function installCrds(controlPlane: ControlPlane): Promise<void> {
  const stdin = files.map(({ file }) => readFileSync(file, "utf8")).join("\n---\n");
  const applied = await controlPlane.kubectl(["apply", "-f", "-"], { stdin });
  if (applied.code !== 0) throw new Error(applied.stderr);
  const names = files.map(({ plural }) => `crd/${plural}.writ.dev`);
  const waited = await controlPlane.kubectl(["wait", "--for=condition=Established", "--timeout=30s", ...names]);
  if (waited.code !== 0) throw new Error(waited.stderr);
}

export function pathOf(object: WritObject, name = ""): string {
  const namespace = object.metadata.namespace === undefined ? "" : `/namespaces/${object.metadata.namespace}`;
  return `/apis/writ.dev/v1alpha1${namespace}/${crds[object.kind].plural}${name === "" ? "" : `/${name}`}`;
}

/** Creates the object; with `dryRun` only asks whether it would be. Unknown fields are an error. */
export async function create(controlPlane: ControlPlane, object: WritObject, dryRun = false): Promise<Answer> {
  const query = `?fieldValidation=Strict${dryRun ? "&dryRun=All" : ""}`;
  return answer(await controlPlane.request(pathOf(object) + query, { body: object }));
}

/** Sends a JSON merge patch (RFC 7386): null removes a field. `subresource` may be `/status`. */
export async function patch(
  controlPlane: ControlPlane,
  object: WritObject,
  change: object,
  subresource = "",
): Promise<Answer> {
  const headers = { "content-type": "application/merge-patch+json" };
  const path = pathOf(object, object.metadata.name) + subresource;
  return answer(await controlPlane.request(path, { method: "PATCH", body: JSON.stringify(change), headers }));
}

/** The object with the values at these paths, such as `spec.rules.0.risk`; undefined removes. */
export function withValues(object: WritObject, values: Readonly<Record<string, unknown>>): WritObject {
  const copy = structuredClone(object);
  for (const [path, value] of Object.entries(values)) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    const holder = keys.reduce<Record<string, unknown>>(
      (at, key) => at[key] as Record<string, unknown>,
      copy as unknown as Record<string, unknown>,
    );
    if (value === undefined) delete holder[last];
    else holder[last] = value;
  }
  return copy;
}

function answer(response: { readonly status: number; json(): unknown }): Answer {
  const body = response.json() as Record<string, unknown>;
  const details = body["details"] as { causes?: readonly { field?: string; message: string }[] } | undefined;
  const causes = (details?.causes ?? []).map((cause) => `${cause.field ?? ""}: ${cause.message}`);
  return { status: response.status, body, causes };
}
