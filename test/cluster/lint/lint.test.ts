import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LintReport } from "../../../src/lint/report.ts";
import { allows, indexRbac } from "../../../src/lint/rbac.ts";
import type { AccessRequest, Identity, RbacIndex } from "../../../src/lint/rbac.ts";
import { samplesDirectory } from "../../control-plane/manifests.ts";
import { type ControlPlane, startControlPlane } from "../../control-plane/control-plane.ts";
import { type Writ, startWrit } from "../../control-plane/writ-cluster.ts";

const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));

let cluster: ControlPlane;
let writ: Writ;

beforeAll(async () => {
  cluster = await startControlPlane({ controllerManager: true });
  writ = await startWrit(cluster, { operator: false });
  await apply(join(samplesDirectory, "lint-rbac.yaml"));
});

afterAll(async () => {
  await cluster.stop();
});

test("a clean installation has nothing above info", async () => {
  const { code, report } = await lint(cluster.kubeconfig, "--fail-on", "low");
  expect(report.findings.filter(({ severity }) => severity !== "info").map(brief)).toEqual([]);
  expect(report.findings.map(({ id }) => id)).toEqual(["L202", "L203", "L302", "L304", "L305"]);
  expect(code).toBe(0);
});

describe("with bad bindings", () => {
  beforeAll(async () => {
    await applyText(badBindings);
    await must(["create", "serviceaccount", "-n", "agents", "payments-bot"]);
    await applyText(tokenSecret);
  });

  test("lint finds exactly those, by the way in which they are granted", async () => {
    const { code, report } = await lint(cluster.kubeconfig);
    expect(code).toBe(3);
    const found = report.findings.filter(({ severity }) => severity !== "info").map(brief);
    expect([...new Set(found)].sort()).toEqual(
      [
        "critical L001 RoleBinding/agents/editors",
        "high L011 RoleBinding/agents/editors",
        "high L012 RoleBinding/agents/editors",
        "critical L006 ClusterRoleBinding/kubelet-readers",
        "critical L010 ClusterRoleBinding/policy-writers",
        "high L208 Secret/agents/payments-bot-token",
      ].sort(),
    );
    const impersonation = report.findings.find(({ id }) => id === "L001");
    expect(impersonation?.grant?.role).toEqual({ kind: "ClusterRole", name: "edit" });
    expect(impersonation?.grant?.aggregatedFrom).toContain("system:aggregate-to-edit");
    expect(report.findings.find(({ id }) => id === "L006")?.agents).toEqual(["every service account of agents"]);
  });

  test("the threshold decides the exit code, and text says the same as JSON", async () => {
    expect((await lint(cluster.kubeconfig, "--fail-on", "none")).code).toBe(0);
    const { code, stdout } = await run(cluster.kubeconfig, ["--fail-on", "critical"]);
    expect(code).toBe(3);
    expect(stdout).toContain(
      "by:   Group system:serviceaccounts:agents in ClusterRoleBinding/kubelet-readers -> ClusterRole/kubelet-reader -> rules[0]",
    );
  });

  test("the sample's rights see the same, and say that they cannot look for token Secrets", async () => {
    const token = await cluster.token({ namespace: "writ-system", serviceAccount: "writ-lint" });
    const kubeconfig = cluster.writeKubeconfig("lint.kubeconfig", [{ name: "lint", credentials: { token } }]);
    const [least, admin] = [await lint(kubeconfig), await lint(cluster.kubeconfig)];
    const unread = least.report.findings.filter(({ id }) => id === "L901");
    expect(unread.map(({ severity, message }) => `${severity} ${message}`)).toEqual([
      expect.stringMatching(/^low could not read secrets in agents: 403 Forbidden/),
    ]);
    expect(least.report.findings.filter(({ id }) => id !== "L901")).toEqual(
      admin.report.findings.filter(({ id }) => id !== "L208"),
    );
  });

  test("who may read nothing is told so for each source, and an unknown caller gets no report", async () => {
    const token = await cluster.token({ namespace: "agents", serviceAccount: "payments-bot" });
    const poor = cluster.writeKubeconfig("poor.kubeconfig", [{ name: "poor", credentials: { token } }]);
    const { code, report } = await lint(poor);
    expect(code).toBe(3);
    const unread = report.findings.filter(({ id }) => id === "L901").map(({ message }) => message.split(":")[0]);
    expect(unread).toContain("could not read clusterroles.rbac.authorization.k8s.io");
    expect(unread).toContain("could not read validatingwebhookconfigurations.admissionregistration.k8s.io");
    expect(report.findings.some(({ id }) => id === "L101")).toBe(false);
    const nobody = cluster.writeKubeconfig("nobody.kubeconfig", [{ name: "nobody", credentials: { token: "x" } }]);
    const unknown = await run(nobody, []);
    expect(unknown).toMatchObject({ code: 1, stdout: "" });
    expect(unknown.stderr).toContain("Unauthorized");
  });

  test("the evaluator agrees with kubectl auth can-i", async () => {
    const index = await readIndex();
    const bot = account("payments-bot");
    const outsider: Identity = { username: "alice@example.com", groups: ["payments-leads", "system:authenticated"] };
    const questions: readonly (readonly [Identity, AccessRequest])[] = [
      [bot, ask("impersonate", "", "serviceaccounts", { namespace: "agents" })],
      [bot, ask("impersonate", "", "serviceaccounts", { namespace: "default" })],
      [bot, ask("impersonate", "", "users")],
      [bot, ask("get", "", "nodes", { subresource: "proxy" })],
      [bot, ask("create", "", "nodes", { subresource: "proxy" })],
      [bot, ask("get", "", "secrets", { namespace: "agents" })],
      [bot, ask("get", "", "secrets", { namespace: "writ-system" })],
      [bot, ask("create", "", "serviceaccounts", { namespace: "agents", subresource: "token" })],
      [bot, ask("create", "", "pods", { namespace: "agents", subresource: "exec" })],
      [bot, ask("update", "apps", "deployments", { namespace: "agents", subresource: "scale" })],
      [bot, ask("update", "apps", "deployments")],
      [bot, ask("delete", "admissionregistration.k8s.io", "validatingwebhookconfigurations", { name: "writ-gate" })],
      [bot, ask("delete", "admissionregistration.k8s.io", "validatingwebhookconfigurations", { name: "other" })],
      [bot, ask("create", "writ.dev", "elevationapprovals", { namespace: "agents" })],
      [bot, ask("claim", "writ.dev", "identityowners")],
      [account("default"), ask("get", "", "nodes", { subresource: "proxy" })],
      [account("default"), ask("get", "", "secrets", { namespace: "agents" })],
      [outsider, ask("patch", "writ.dev", "elevationapprovals", { namespace: "agents" })],
      [outsider, ask("get", "", "nodes", { subresource: "proxy" })],
      [outsider, ask("create", "authorization.k8s.io", "selfsubjectaccessreviews")],
      [outsider, { verb: "get", path: "/healthz" }],
      [outsider, { verb: "get", path: "/metrics" }],
    ];
    const answers = await Promise.all(questions.map(([who, request]) => canI(who, request)));
    const ours = questions.map(([who, request]) => allows(index, who, request));
    expect(ours.map((answer, at) => [questions[at], answer])).toEqual(
      answers.map((answer, at) => [questions[at], answer]),
    );
    expect(new Set(answers).size).toBe(2);
  });
});

test("a gate that drifts is found", async () => {
  const patch = JSON.stringify([{ op: "replace", path: "/webhooks/0/failurePolicy", value: "Ignore" }]);
  await must(["patch", "validatingwebhookconfiguration", "writ-gate", "--type", "json", "-p", patch]);
  await must(["delete", "mutatingwebhookconfiguration", "writ-stamps"]);
  const { report } = await lint(cluster.kubeconfig);
  const drift = report.findings.filter(({ id }) => id.startsWith("L1")).map(brief);
  expect(drift).toEqual([
    "critical L101 MutatingWebhookConfiguration/writ-stamps",
    "critical L102 ValidatingWebhookConfiguration/writ-gate",
  ]);
});

test("the guard policies as they are shipped are found sound, and then one that leaves agents out", async () => {
  await must(["apply", "--server-side", "-k", fileURLToPath(new URL("../../../manifests/guard", import.meta.url))]);
  const about = async (): Promise<readonly string[]> =>
    (await lint(cluster.kubeconfig)).report.findings.filter(({ id }) => /^L30[238]/.test(id)).map(brief);
  expect(await about()).toEqual([]);
  const patch = JSON.stringify([{ op: "replace", path: "/spec/matchConditions/0/expression", value: "false" }]);
  await must(["patch", "validatingadmissionpolicy", "writ-guard-agents", "--type", "json", "-p", patch]);
  expect(await about()).toEqual(["high L308 ValidatingAdmissionPolicy/writ-guard-agents"]);
});

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function lint(kubeconfig: string, ...words: string[]): Promise<{ code: number; report: LintReport }> {
  const { code, stdout, stderr } = await run(kubeconfig, ["--output", "json", ...words]);
  if (stdout === "") throw new Error(stderr);
  return { code, report: JSON.parse(stdout) as LintReport };
}

function run(kubeconfig: string, words: readonly string[]): Promise<Run> {
  const args = [main, "lint", "--config", writ.configFile, "--kubeconfig", kubeconfig, ...words];
  const child = spawn(process.execPath, args, { env: { PATH: process.env["PATH"] ?? "", HOME: cluster.dir } });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 137, ...output }));
  });
}

function brief({ severity, id, object = "" }: LintReport["findings"][number]): string {
  return `${severity} ${id} ${object}`;
}

function account(name: string): Identity {
  return {
    username: `system:serviceaccount:agents:${name}`,
    groups: ["system:serviceaccounts", "system:serviceaccounts:agents", "system:authenticated"],
  };
}

function ask(
  verb: string,
  group: string,
  resource: string,
  { subresource = "", namespace, name = "" }: { subresource?: string; namespace?: string; name?: string } = {},
): AccessRequest {
  return { verb, group, resource, subresource, name, ...(namespace === undefined ? {} : { namespace }) };
}

async function canI(who: Identity, request: AccessRequest): Promise<boolean> {
  const as = ["--as", who.username ?? "", ...who.groups.flatMap((group) => ["--as-group", group])];
  if ("path" in request)
    return (await cluster.kubectl(["auth", "can-i", request.verb, request.path, ...as])).code === 0;
  const { verb, group, resource, subresource, namespace, name } = request;
  const type = group === "" ? resource : `${resource}.${group}`;
  const { code, stdout } = await cluster.kubectl([
    "auth",
    "can-i",
    verb,
    name === "" ? type : `${type}/${name}`,
    ...(subresource === "" ? [] : ["--subresource", subresource]),
    ...(namespace === undefined ? ["--all-namespaces"] : ["--namespace", namespace]),
    ...as,
  ]);
  expect(stdout).toMatch(code === 0 ? /^yes/ : /^no/);
  return code === 0;
}

async function readIndex(): Promise<RbacIndex> {
  const list = async (plural: string): Promise<never[]> => {
    const response = await cluster.request(`/apis/rbac.authorization.k8s.io/v1/${plural}`);
    return (response.json() as { readonly items: never[] }).items;
  };
  return indexRbac({
    clusterRoles: await list("clusterroles"),
    roles: await list("roles"),
    clusterRoleBindings: await list("clusterrolebindings"),
    roleBindings: await list("rolebindings"),
  });
}

async function apply(file: string): Promise<void> {
  await must(["apply", "--server-side", "-f", file]);
}

async function applyText(text: string): Promise<void> {
  await must(["apply", "--server-side", "-f", "-"], text);
}

async function must(args: readonly string[], stdin?: string): Promise<void> {
  const { code, stderr } = await cluster.kubectl(args, stdin === undefined ? {} : { stdin });
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
}

/** The built-in `edit` for one agent, the kubelet for all of its namespace, and webhook configurations by name. */
const badBindings = `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: editors, namespace: agents }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit }
subjects: [{ kind: ServiceAccount, name: payments-bot, namespace: agents }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: kubelet-reader }
rules:
- { apiGroups: [""], resources: [nodes, nodes/proxy], verbs: [get] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: kubelet-readers }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: kubelet-reader }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:serviceaccounts:agents" }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: policy-writer }
rules:
- apiGroups: [admissionregistration.k8s.io]
  resources: [validatingwebhookconfigurations]
  resourceNames: [writ-gate]
  verbs: [delete]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: policy-writers }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: policy-writer }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: "system:serviceaccount:agents:payments-bot" }]
`;

const tokenSecret = `
apiVersion: v1
kind: Secret
metadata:
  name: payments-bot-token
  namespace: agents
  annotations: { kubernetes.io/service-account.name: payments-bot }
type: kubernetes.io/service-account-token
`;
