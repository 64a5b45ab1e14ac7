import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomUUID } from "node:crypto";
import { incompleteKey, readRegister, registerName } from "../../../../src/api/register/content.ts";
import { intentEntry } from "../../../../src/api/register/intent.ts";
import type { Intent } from "../../../../src/api/register/intent.ts";
import { pruningPatch } from "../../../../src/api/register/pruning.ts";
import { createRegisterWriter } from "../../../../src/admission/guard/register-writer.ts";
import { createKubeClient } from "../../../../src/kube/client.ts";
import type { KubeClient } from "../../../../src/kube/client.ts";
import { createMetrics } from "../../../../src/telemetry/metrics.ts";
import { type ControlPlane, type Credentials, startControlPlane } from "../../../control-plane/control-plane.ts";
import { installBase } from "../../../control-plane/writ-cluster.ts";

const path = `/api/v1/namespaces/writ-system/configmaps/${registerName}`;
let cluster: ControlPlane;
let webhook: Credentials;
let operator: Credentials;
let client: KubeClient;

beforeAll(async () => {
  cluster = await startControlPlane();
  await installBase(cluster, ["agents"]);
  webhook = { token: await cluster.token({ namespace: "writ-system", serviceAccount: "writ-webhook" }) };
  operator = { token: await cluster.token({ namespace: "writ-system", serviceAccount: "writ-operator" }) };
  const kubeconfig = cluster.writeKubeconfig(`${cluster.dir}/writer.kubeconfig`, [
    { name: "writ-webhook", credentials: webhook, namespace: "writ-system" },
  ]);
  client = await createKubeClient({ kubeconfig });
});

afterAll(async () => {
  await client.close();
  await cluster.stop();
});

async function register(): Promise<unknown> {
  return (await cluster.request(path)).json();
}

const intent = (index: number): Intent => ({
  plural: "elevationapprovals",
  namespace: "payments-prod",
  name: `inc-${index}`,
  uid: randomUUID(),
  change: { kind: "updated", generation: 1 },
  at: Date.now(),
  call: randomUUID(),
});

const writer = (): ReturnType<typeof createRegisterWriter> =>
  createRegisterWriter({
    client,
    systemNamespace: "writ-system",
    newId: () => randomUUID(),
    metrics: createMetrics(),
  });

describe("the identity of the webhook", () => {
  test("makes the register when it is missing, marked as incomplete, and writes into it", async () => {
    await cluster.request(path, { method: "DELETE" });
    const announce = writer();
    const [first, second] = [intent(1), intent(2)];
    await Promise.all([announce(first), writer()(second)]);
    const made = readRegister(await register());
    expect(made?.complete).toBe(false);
    expect(made?.intents.map(({ name }) => name).toSorted()).toEqual(["inc-1", "inc-2"]);
    expect((await register()) as object).toHaveProperty(["data", incompleteKey]);
  });

  test.each([
    ["another ConfigMap by apply", "PATCH", "/api/v1/namespaces/writ-system/configmaps/other"],
    ["any ConfigMap by POST", "POST", "/api/v1/namespaces/writ-system/configmaps"],
    ["the register away", "DELETE", path],
    ["a ConfigMap of that name elsewhere", "PATCH", `/api/v1/namespaces/default/configmaps/${registerName}`],
  ])("cannot write %s", async (_, method, target) => {
    const apply = method === "PATCH";
    const response = await cluster.request(`${target}${apply ? "?fieldManager=x" : ""}`, {
      method,
      credentials: webhook,
      ...(apply ? { headers: { "content-type": "application/apply-patch+yaml" } } : {}),
      ...(method === "DELETE"
        ? {}
        : { body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: target.split("/").at(-1) } } }),
    });
    expect(response.status).toBe(403);
  });
});

test("pruning takes out entries that are as they were seen, and nothing at all when one was written anew", async () => {
  const announce = writer();
  const [old, rewritten] = [intent(3), intent(4)];
  await announce(old);
  await announce(rewritten);
  const uid = readRegister(await register())?.uid ?? "";
  const prune = (...entries: readonly Intent[]): Promise<{ readonly status: number }> =>
    cluster.request(path, {
      method: "PATCH",
      credentials: operator,
      headers: { "content-type": "application/json-patch+json" },
      body: pruningPatch(
        uid,
        entries.map((entry) => Object.values(intentEntry(entry)) as [string, string]),
      ),
    });
  const names = async (): Promise<readonly string[]> =>
    (readRegister(await register())?.intents ?? []).map(({ name }) => name);
  await announce({ ...rewritten, call: randomUUID() });
  expect((await prune(old, rewritten)).status).toBe(422);
  expect(await names()).toEqual(expect.arrayContaining(["inc-3", "inc-4"]));
  expect((await prune(old)).status).toBe(200);
  expect(await names()).not.toContain("inc-3");
  expect(await names()).toContain("inc-4");
});

test("the identity of the operator may prune the register and make none", async () => {
  const prune = (body: object): Promise<{ readonly status: number }> =>
    cluster.request(path, {
      method: "PATCH",
      credentials: operator,
      headers: { "content-type": "application/json-patch+json" },
      body,
    });
  expect((await prune([{ op: "add", path: "/data", value: {} }])).status).toBe(200);
  const made = await cluster.request(`${path}?fieldManager=x`, {
    method: "PATCH",
    credentials: operator,
    headers: { "content-type": "application/apply-patch+yaml" },
    body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: registerName } },
  });
  expect(made.status).toBe(200);
  await cluster.request(path, { method: "DELETE" });
  const again = await cluster.request(`${path}?fieldManager=x`, {
    method: "PATCH",
    credentials: operator,
    headers: { "content-type": "application/apply-patch+yaml" },
    body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: registerName } },
  });
  expect(again.status).toBe(403);
});
