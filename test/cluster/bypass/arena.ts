import type { AgentCapabilityRule, AgentCapabilitySpec } from "../../../src/api/types.gen.ts";
import { type ApiResponse } from "../../control-plane/control-plane.ts";
import {
  type Bench,
  type BenchOptions,
  type Status,
  eventually,
  outcome,
  startBench,
  warnings,
} from "../writ/bench.ts";
import {
  approval,
  approvals,
  bot,
  capabilities,
  capability,
  configMaps,
  decide,
  owner,
  owners,
  path,
  rule,
} from "../writ/objects.ts";

/**
 * Where an agent tries to get round Writ. `bot` may do all by RBAC but impersonate, bind and escalate; `twin` is a person
 * with the same rights and shows what each attack would do without Writ. Two agents' approvals are live: `wide` lets `bot`
 * write everything that wildcards reach, in payments-prod and of the cluster, but no pod may use anything.
 */
export interface Arena extends Bench {
  /** A capability for `bot` and its approval by the policy owner in a namespace; returns when the approval is given. */
  readonly grant: (name: string, namespace: string, grant: Grant) => Promise<void>;
}

export interface Grant {
  readonly rules: readonly AgentCapabilityRule[];
  readonly credential?: AgentCapabilitySpec["credential"];
  /** Of the approval. */
  readonly spec?: Parameters<typeof approval>[1];
}

export const clusterNamespace = "writ-approvals";

/** All that wildcards reach: everything but the protected set, of which each kind is to be named. */
const wideRules = (operations: AgentCapabilityRule["operations"]): readonly AgentCapabilityRule[] => [
  rule("wide", { operations, apiGroups: ["*"], resources: ["*"] }),
  {
    name: "wide-cluster",
    operations: ["CREATE", "UPDATE", "DELETE"],
    apiGroups: ["*"],
    resources: ["*"],
    scope: "Cluster",
  },
];

/** cluster-admin less `impersonate`, `bind` and `escalate`. */
const agentRole = {
  metadata: { name: "all-but-masks" },
  rules: [
    {
      apiGroups: ["*"],
      resources: ["*"],
      verbs: ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "approve", "sign"],
    },
    { nonResourceURLs: ["*"], verbs: ["get", "post", "put", "delete"] },
  ],
};

export interface ArenaOptions extends BenchOptions {
  /** Of the approval `wide` in payments-prod. Default: all. */
  readonly operations?: AgentCapabilityRule["operations"];
}

export async function startArena(options: ArenaOptions = {}): Promise<Arena> {
  const bench = await startBench(options);
  try {
    await bench.must("admin", "POST", path("clusterroles", undefined), agentRole);
    await bench.addPerson("twin", "twin@example.com");
    await bindRole(bench, "twin", { apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "twin@example.com" });
    await lessenAgent(bench, "payments-bot");
    await bench.must("bob", "POST", owners(), owner("platform"));
    await bench.must("bob", "POST", owners(), owner("robots", { identities: [bot] }));
    const arena = { ...bench, grant: grantOn(bench) };
    await arena.grant("wide", "payments-prod", {
      rules: wideRules(options.operations ?? ["CREATE", "UPDATE", "DELETE"]),
      spec: { rules: ["wide"] },
    });
    await approve(arena, "wide", clusterNamespace, { rules: ["wide-cluster"] });
    await eventually(async () => {
      const probe = { metadata: { name: "probe" } };
      const inNamespace = await bench.call("bot", "POST", `${configMaps()}?dryRun=All`, probe);
      const inCluster = await bench.call("bot", "POST", "/apis/scheduling.k8s.io/v1/priorityclasses?dryRun=All", {
        ...probe,
        value: 1,
      });
      must(inNamespace);
      must(inCluster);
    });
    return arena;
  } catch (error) {
    await bench.cluster.stop();
    throw error;
  }
}

/** Takes `cluster-admin` from an agent of the bench and gives it all but the rights that are masks. */
export async function lessenAgent(bench: Bench, name: string): Promise<void> {
  await bench.must("admin", "DELETE", path("clusterrolebindings", undefined, `agent-${name}`));
  await bindRole(bench, name, { kind: "ServiceAccount", namespace: "agents", name });
}

async function bindRole(bench: Bench, name: string, subject: object): Promise<void> {
  await bench.must("admin", "POST", path("clusterrolebindings", undefined), {
    metadata: { name: `all-but-masks-${name}` },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "all-but-masks" },
    subjects: [subject],
  });
}

function grantOn(bench: Bench): Arena["grant"] {
  return async (name, namespace, { rules, credential, spec = {} }) => {
    const approvers = [{ risk: "High", approvers: [{ from: "PolicyOwner" }] }] as const;
    await bench.must(
      "bob",
      "POST",
      capabilities(),
      capability(name, {
        rules: [...rules],
        approval: structuredClone(approvers) as unknown as AgentCapabilitySpec["approval"],
        ...(credential === undefined ? {} : { credential }),
      }),
    );
    await approve(bench, name, namespace, spec);
  };
}

/** Requests for `bot` under the capability `name`, in an approval of that name, and lets the policy owner approve. */
export async function approve(
  bench: Bench,
  name: string,
  namespace: string,
  spec: Parameters<typeof approval>[1] = {},
  approvalName = name,
): Promise<void> {
  await eventually(async () => {
    must(
      await bench.call(
        "admin",
        "POST",
        approvals(undefined, namespace),
        approval(approvalName, { capabilityName: name, ...spec }, namespace),
      ),
    );
  });
  await eventually(async () => {
    must(await decide(bench, "bob", approvals(approvalName, namespace), "Approve", "platform"));
  });
}

function must(response: ApiResponse): void {
  if (response.status >= 300) throw new Error(`${response.status} ${response.text} ${warnings(response)}`);
}

/** What became of an attack by the agent, and of the same by its twin, who is no agent. */
export async function attackAndControl(
  attack: (who: "bot" | "twin") => Promise<ApiResponse>,
): Promise<readonly [agent: string, control: string]> {
  const byAgent = refusal(await attack("bot"));
  return [byAgent, outcome(await attack("twin"))];
}

/** The outcome; of `NoRule` also which effect no rule covers, as in `NoRule: use secrets`. */
export function refusal(response: ApiResponse): string {
  const code = outcome(response);
  if (code !== "NoRule") return code;
  const { message = "" } = response.json() as Status;
  return `NoRule: ${/: no rule lets \S+ (\w+ \S+)/.exec(message)?.[1] ?? message}`;
}

/** Whether an object is there, by the admin's eyes. */
export async function exists(bench: Bench, objectPath: string): Promise<boolean> {
  const { status } = await bench.call("admin", "GET", objectPath);
  if (status !== 200 && status !== 404) throw new Error(`GET ${objectPath}: ${status}`);
  return status === 200;
}
