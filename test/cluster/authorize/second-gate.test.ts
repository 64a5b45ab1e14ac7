/**
 * The second gate on a real API server, in three states: not configured (what an agent can do then), configured while no
 * Writ is there, and served by Writ.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { judgeAccess } from "../../../src/admission/authorize/judge-access.ts";
import { accessTable } from "../../unit/admission/authorize/access-table.ts";
import { readLedger } from "../../../src/ledger/read-ledger.ts";
import {
  type ApiResponse,
  type ControlPlane,
  type Credentials,
  startControlPlane,
} from "../../control-plane/control-plane.ts";
import { freePort } from "../../control-plane/ports.ts";
import { type Writ, startWrit } from "../../control-plane/writ-cluster.ts";
import { secondGateFiles } from "./second-gate-files.ts";

const files = secondGateFiles();
let cluster: ControlPlane;
let writ: Writ;
let bot: Credentials;
let clerk: Credentials;

const rbac = "/apis/rbac.authorization.k8s.io/v1";
const admission = "/apis/admissionregistration.k8s.io/v1";

beforeAll(async () => {
  files.writeWithoutGate();
  cluster = await startControlPlane({
    remove: [files.dir],
    apiserverFlags: [
      `--authorization-config=${files.authorizationConfig}`,
      "--feature-gates=AllowUnsafeMalformedObjectDeletion=true",
    ],
  });
  const { certFile, keyFile } = cluster.webhookClient;
  // Nobody listens there yet.
  const url = `https://127.0.0.1:${await freePort()}/authorize`;
  files.writeKubeconfig({ url, caFile: cluster.caFile, certFile, keyFile });
  await must("/api/v1/namespaces", { metadata: { name: "agents" } });
  for (const name of ["bot", "clerk"]) {
    await must("/api/v1/namespaces/agents/serviceaccounts", { metadata: { name } });
  }
  bot = { token: await cluster.token({ namespace: "agents", serviceAccount: "bot" }) };
  clerk = { token: await cluster.token({ namespace: "agents", serviceAccount: "clerk" }) };
  const group = "rbac.authorization.k8s.io";
  await must(`${rbac}/clusterroles`, {
    metadata: { name: "clerk" },
    rules: [
      { apiGroups: [group], resources: ["clusterroles", "clusterrolebindings"], verbs: ["create", "escalate", "bind"] },
    ],
  });
  for (const [name, role] of [
    ["bot", "cluster-admin"],
    ["clerk", "clerk"],
  ] as const) {
    await must(`${rbac}/clusterrolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: group, kind: "ClusterRole", name: role },
      subjects: [{ kind: "ServiceAccount", namespace: "agents", name }],
    });
  }
  await must("/api/v1/nodes", { metadata: { name: "n1" } });
  const patched = await cluster.request("/api/v1/nodes/n1/status", {
    method: "PATCH",
    body: { status: { addresses: [{ type: "InternalIP", address: "127.0.0.1" }] } },
    headers: { "content-type": "application/merge-patch+json" },
  });
  if (patched.status !== 200) throw new Error(`node n1: ${patched.text}`);
});

afterAll(async () => {
  await cluster.stop();
});

async function must(path: string, body: object): Promise<ApiResponse> {
  const response = await cluster.request(path, { body });
  if (response.status !== 201) throw new Error(`POST ${path}: ${response.status} ${response.text}`);
  return response;
}

/** Where the authorizer cannot be reached, the API server answers some denials with 500 InternalError. */
const refused: readonly number[] = [403, 500];

let serial = 0;
const fresh = (prefix: string): string => `${prefix}-${(serial += 1)}`;

/** What an agent tries, with the code that refuses it; `works` is the HTTP status where nothing refuses it. */
const attacks: readonly {
  readonly name: string;
  readonly code: string;
  readonly works: number;
  readonly run: () => Promise<ApiResponse>;
}[] = [
  {
    name: "act as an administrator",
    code: "ImpersonationDenied",
    works: 201,
    run: () =>
      cluster.request("/api/v1/namespaces/default/configmaps", {
        credentials: bot,
        body: { metadata: { name: fresh("masked") } },
        headers: { "impersonate-user": "anyone", "impersonate-group": "system:masters" },
      }),
  },
  {
    name: "bind a role whose rights it lacks",
    code: "EscalationDenied",
    works: 201,
    run: () =>
      cluster.request(`${rbac}/clusterrolebindings`, {
        credentials: clerk,
        body: {
          metadata: { name: fresh("bound") },
          roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
          subjects: [{ kind: "ServiceAccount", namespace: "default", name: "default" }],
        },
      }),
  },
  {
    name: "write a role with rights it lacks",
    code: "EscalationDenied",
    works: 201,
    run: () =>
      cluster.request(`${rbac}/clusterroles`, {
        credentials: clerk,
        body: { metadata: { name: fresh("wide") }, rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] },
      }),
  },
  {
    name: "read from a kubelet through nodes/proxy",
    code: "ProxyDenied",
    // "address not allowed": past all authorisation, the API server would dial the kubelet, were it not on loopback.
    works: 400,
    run: () => cluster.request("/api/v1/nodes/n1/proxy/runningpods/", { credentials: bot }),
  },
  {
    name: "delete with the unsafe option",
    code: "UnsafeDeleteDenied",
    // The right is enough; the object is not corrupt.
    works: 409,
    run: async () => {
      const name = fresh("victim");
      await must("/api/v1/namespaces/default/configmaps", { metadata: { name } });
      return cluster.request(`/api/v1/namespaces/default/configmaps/${name}`, {
        method: "DELETE",
        credentials: bot,
        body: { ignoreStoreReadErrorWithClusterBreakingPotential: true },
      });
    },
  },
  {
    name: "write an admission policy, of which webhooks are told nothing",
    code: "AdmissionConfigurationDenied",
    works: 201,
    run: () =>
      cluster.request(`${admission}/validatingadmissionpolicies`, {
        credentials: bot,
        body: {
          metadata: { name: fresh("policy") },
          spec: {
            matchConstraints: {
              resourceRules: [{ apiGroups: ["x"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["x"] }],
            },
            validations: [{ expression: "true" }],
          },
        },
      }),
  },
  {
    name: "write to a path that is no resource",
    code: "NonResourceWriteDenied",
    works: 200,
    run: () => cluster.request("/livez", { credentials: bot, method: "POST" }),
  },
];

/** Reads and writes of those whom the second gate must not touch, and an agent's ordinary ones. */
async function bystanders(): Promise<Record<string, number>> {
  const configMaps = "/api/v1/namespaces/default/configmaps";
  const masked = { "impersonate-user": "bob@example.com", "impersonate-group": "system:masters" };
  const controller = await cluster.clientCertificate({ user: "system:kube-controller-manager" });
  const statuses: readonly (readonly [string, Promise<ApiResponse>])[] = [
    ["the admin writes", cluster.request(configMaps, { body: { metadata: { name: fresh("by-admin") } } })],
    ["the admin impersonates", cluster.request(configMaps, { headers: masked })],
    ["kube-controller-manager lists", cluster.request("/api/v1/nodes", { credentials: controller })],
    ["anonymous asks for health", cluster.request("/livez", { credentials: "none" })],
    ["the agent reads", cluster.request(configMaps, { credentials: bot })],
    [
      "the agent reads webhook configurations",
      cluster.request(`${admission}/validatingwebhookconfigurations`, { credentials: bot }),
    ],
  ];
  return Object.fromEntries(await Promise.all(statuses.map(async ([who, response]) => [who, (await response).status])));
}

const undisturbed = {
  "the admin writes": 201,
  "the admin impersonates": 200,
  "kube-controller-manager lists": 200,
  "anonymous asks for health": 200,
  "the agent reads": 200,
  "the agent reads webhook configurations": 200,
};

describe("without the second gate (control)", () => {
  test.each(attacks)("an agent can $name", async ({ run, works }) => {
    const { status, text } = await run();
    expect([status, text]).toEqual([works, text]);
  });
});

describe("configured on an API server that starts before Writ", () => {
  beforeAll(async () => {
    files.writeWithGate();
    await cluster.components.kubeApiserver.restart();
  });

  test("nobody is disturbed, and agents read", async () => {
    expect(await bystanders()).toEqual(undisturbed);
  });

  test.each(attacks)("an agent cannot $name", async ({ run }) => {
    expect(refused).toContain((await run()).status);
  });
});

describe("the sample's conditions", () => {
  const agents = { namespaces: ["agents"], group: "writ.dev:agents" };
  const asked = async (spec: object): Promise<boolean> => {
    const { status } = (
      await cluster.request("/apis/authorization.k8s.io/v1/subjectaccessreviews", { body: { spec } })
    ).json() as { readonly status: { readonly denied?: boolean } };
    return status.denied === true;
  };

  test("send Writ exactly what it denies", async () => {
    const table = accessTable.filter(([, spec]) => Object.keys(spec).length > 0);
    for (const who of [
      { user: "system:serviceaccount:agents:bot" },
      { user: "spiffe://example.org/planner", groups: ["writ.dev:agents"] },
      { user: "system:serviceaccount:kube-system:namespace-controller" },
      { user: "alice@example.com", groups: ["system:masters"] },
      { user: "system:serviceaccount:agents-b:bot", groups: [] },
    ]) {
      const rows = await Promise.all(table.map(async ([name, spec]) => [name, await asked({ ...spec, ...who })]));
      expect(rows).toEqual(table.map(([name, spec]) => [name, judgeAccess({ ...spec, ...who }, agents) !== undefined]));
    }
  });
});

describe("served by Writ", () => {
  beforeAll(async () => {
    writ = await startWrit(cluster, { operator: false });
    const { certFile, keyFile } = cluster.webhookClient;
    files.writeKubeconfig({ url: `${writ.webhookBaseUrl}/authorize`, caFile: writ.webhookCaFile, certFile, keyFile });
    await cluster.components.kubeApiserver.restart();
  });

  test("nobody is disturbed, and agents read", async () => {
    expect(await bystanders()).toEqual(undisturbed);
  });

  test.each(attacks)("an agent cannot $name, is told $code, and the attempt is recorded", async ({ run, code }) => {
    const before = (await recorded()).length;
    const { status, text } = await run();
    expect(status).toBe(403);
    const entry = (await recorded()).slice(before).find((spec) => spec["by"] === "authorize");
    expect(entry).toMatchObject({ verdict: "deny", code, caller: { kind: "client-certificate" } });
    // Of bind and escalate the API server tells the rights that are missing, not who denied what would make up for them.
    if (code !== "EscalationDenied") expect(text).toContain(code);
  });

  test("the API server's audit log holds reason and place of the record", async () => {
    await attacks[0]?.run();
    const events = readFileSync(cluster.auditLog, "utf8").split("\n");
    const event = events.findLast((line) => line.includes("ImpersonationDenied"));
    expect(event).toMatch(/\[record w0;\d+;[0-9a-f]{64}\]/);
  });

  test("kubectl tells whoever asks what the second gate would say to an agent", async () => {
    const agent = "--as=system:serviceaccount:agents:bot";
    const { stdout } = await cluster.kubectl(["auth", "can-i", "impersonate", "users", agent]);
    expect(stdout).toMatch(/^no - ImpersonationDenied: /);
    expect((await cluster.kubectl(["auth", "can-i", "delete", "pods", agent])).stdout).toBe("yes\n");
  });

  test("an agent with the break-glass group among its masks is denied the mask", async () => {
    const response = await cluster.request(`${admission}/validatingwebhookconfigurations/writ-gate`, {
      method: "DELETE",
      credentials: bot,
      headers: { "impersonate-user": "anyone", "impersonate-group": "writ.dev:break-glass" },
    });
    expect([response.status, response.text]).toEqual([403, expect.stringContaining("ImpersonationDenied")]);
  });

  test("with Writ killed agents are denied the same and nobody else is disturbed", async () => {
    await writ.webhook.kill("SIGKILL");
    expect(await bystanders()).toEqual(undisturbed);
    for (const { run } of attacks) expect(refused).toContain((await run()).status);
    await writ.webhook.restart();
  });
});

/** `spec` of each entry of the record. */
async function recorded(): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const specs = [];
  for await (const { entry } of readLedger(writ.ledgerDir)) specs.push(entry.spec);
  return specs;
}
