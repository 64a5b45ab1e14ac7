import { vi } from "vitest";
import {
  type ApiResponse,
  type ControlPlane,
  type ControlPlaneOptions,
  type Credentials,
  startControlPlane,
} from "../../control-plane/control-plane.ts";
import { type Writ, type WritOptions, startWrit } from "../../control-plane/writ-cluster.ts";

/**
 * A control plane with Writ, and callers by name. `bot` is the agent agents/payments-bot; its RBAC is cluster-admin, and
 * everybody's RBAC covers Writ's kinds, so that nothing but Writ stands in their way. alice and erin are of
 * payments-leads, bob and dave of platform-leads, frank of robots-leads, grace of the first two, carol of no group;
 * oidc-alice is alice under another name. bob and dave hold the verb `claim`.
 */
export interface Bench {
  readonly cluster: ControlPlane;
  readonly writ: Writ;
  readonly call: Call;
  /** Fails when the API server refuses. */
  readonly must: Call;
  readonly addPerson: (name: string, user: string, groups?: readonly string[]) => Promise<void>;
  /** Creates a service account in `agents` with the RBAC of `bot`; also renews the token of one created anew. */
  readonly addAgent: (name: string) => Promise<void>;
  readonly credentials: (who: string) => Credentials;
}

export type Call = (
  who: string,
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<ApiResponse>;

export interface BenchOptions {
  readonly cluster?: ControlPlaneOptions;
  readonly writ?: WritOptions;
}

const namespaces = ["payments-prod", "payments-dev", "elsewhere"] as const;

export async function startBench(options: BenchOptions = {}): Promise<Bench> {
  const cluster = await startControlPlane(options.cluster);
  try {
    const writ = await startWrit(cluster, options.writ);
    const bench = benchOn(cluster, writ);
    await Promise.all([
      bench.addPerson("admin", "admin", ["system:masters"]),
      bench.addPerson("alice", "alice@example.com", ["payments-leads"]),
      bench.addPerson("erin", "erin@example.com", ["payments-leads"]),
      bench.addPerson("bob", "bob@example.com", ["platform-leads"]),
      bench.addPerson("dave", "dave@example.com", ["platform-leads"]),
      bench.addPerson("frank", "frank@example.com", ["robots-leads"]),
      bench.addPerson("carol", "carol@example.com"),
      bench.addPerson("oidc-alice", "oidc:alice"),
      bench.addPerson("grace", "grace@example.com", ["payments-leads", "platform-leads"]),
    ]);
    for (const name of namespaces) await bench.must("admin", "POST", "/api/v1/namespaces", { metadata: { name } });
    const rbac = "/apis/rbac.authorization.k8s.io/v1";
    await bench.must("admin", "POST", `${rbac}/clusterroles`, {
      metadata: { name: "may-try" },
      rules: [{ apiGroups: ["writ.dev"], resources: ["*"], verbs: ["get", "create", "update", "patch", "delete"] }],
    });
    await bench.must("admin", "POST", `${rbac}/clusterrolebindings`, {
      metadata: { name: "may-try" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "may-try" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:authenticated" }],
    });
    await bench.addAgent("payments-bot");
    return { ...bench, credentials: (who) => bench.credentials(who === "bot" ? "payments-bot" : who) };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

function benchOn(cluster: ControlPlane, writ: Writ): Bench {
  const callers = new Map<string, Credentials>();
  const credentials = (who: string): Credentials => {
    const found = callers.get(who === "bot" ? "payments-bot" : who);
    if (!found) throw new Error(`no caller "${who}"`);
    return found;
  };
  const call: Call = (who, method, path, body, headers = {}) =>
    cluster.request(path, { method, credentials: credentials(who), headers, ...(body === undefined ? {} : { body }) });
  const must: Call = async (who, method, path, ...rest) => {
    const response = await call(who, method, path, ...rest);
    if (response.status >= 300) throw new Error(`${who}: ${method} ${path}: ${response.status} ${response.text}`);
    return response;
  };
  return {
    cluster,
    writ,
    call,
    must,
    credentials,
    addPerson: async (name, user, groups = []) => {
      callers.set(name, await cluster.clientCertificate({ user, groups }));
    },
    addAgent: async (name) => {
      await must("admin", "POST", "/api/v1/namespaces/agents/serviceaccounts", { metadata: { name } });
      await call("admin", "POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
        metadata: { name: `agent-${name}` },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
        subjects: [{ kind: "ServiceAccount", namespace: "agents", name }],
      });
      callers.set(name, { token: await cluster.token({ namespace: "agents", serviceAccount: name }) });
    },
  };
}

/**
 * What became of a call, in a word: `admitted`, the reason code of Writ's denial, or status and reason of the API
 * server's own. @throws when a denial of Writ lacks the code among its causes or has another status than 403.
 */
export function outcome(response: ApiResponse): string {
  if (response.status < 300) return "admitted";
  const { message = "", reason = "", details } = response.json() as Status;
  const code = /^admission webhook "\w+\.writ\.dev" denied the request: (\w+): /.exec(message)?.[1];
  if (code === undefined) return `${response.status} ${reason}`;
  if (response.status !== 403 || details?.causes?.[0]?.reason !== code) {
    throw new Error(`the denial ${code} has status ${response.status} and details ${JSON.stringify(details)}`);
  }
  return code;
}

export interface Status {
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

/** Warnings of an answer, as one text. */
export function warnings(response: ApiResponse): string {
  return String(response.headers["warning"] ?? "");
}

/**
 * Polls until the condition holds. Only for what may lag: what people have just allowed reaches the webhook by a watch.
 * What they have revoked may not lag, and is never polled for.
 */
export async function eventually(condition: () => Promise<void> | void): Promise<void> {
  await vi.waitFor(condition, { timeout: 15_000, interval: 25 });
}
