import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bench, type Status, eventually, outcome, startBench } from "./bench.ts";
import {
  applyWorld,
  approval,
  approvals,
  approveBoth,
  botUser,
  capabilities,
  capability,
  configMap,
  configMaps,
  decide,
  deployment,
  mergePatch,
  owners,
  patchSpec,
  path,
  rule,
  touch,
} from "./objects.ts";

let bench: Bench;

beforeAll(async () => {
  bench = await startBench({ cluster: { controllerManager: true } });
  const everything = rule("everything", { apiGroups: ["", "apps"], resources: ["configmaps", "deployments/scale"] });
  await applyWorld(bench, [everything]);
  const bind = (name: string, role: string, subject: string) =>
    bench.must("admin", "POST", path("clusterrolebindings", undefined), {
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: subject }],
    });
  await bind("alice-edits", "edit", "payments-leads");
  // The Node authorizer's part is played by RBAC: the identity is a kubelet's all the same.
  await bind("kubelets", "system:node", "system:nodes");
  await bench.addPerson("kubelet", "system:node:n1", ["system:nodes"]);
  for (const name of ["by-bot", "by-alice", "by-admin"]) {
    await bench.must("admin", "POST", configMaps(), configMap(name));
  }
  await bench.must("alice", "POST", path("deployments", "payments-prod"), deployment("web"));
  await bench.must("carol", "POST", approvals(), approval("live"));
  await approveBoth(bench, approvals("live"));
  await eventually(async () => expect(outcome(await touch(bench, "bot", configMaps("by-bot")))).toBe("admitted"));
  await bench.writ.webhook.kill("SIGKILL");
});

afterAll(async () => {
  await bench.cluster.stop();
});

const scale = (who: string, replicas: number) =>
  bench.call(who, "PATCH", path("deployments", "payments-prod", "web/scale"), { spec: { replicas } }, mergePatch);
const exec = path("pods", "payments-prod", "any/exec?command=id&stdout=true");

describe("with the webhook killed", () => {
  test.each([
    ["create", () => bench.call("bot", "POST", configMaps(), configMap("new"))],
    ["update", () => touch(bench, "bot", configMaps("by-bot"))],
    ["delete", () => bench.call("bot", "DELETE", configMaps("by-bot"))],
    ["deletecollection", () => bench.call("bot", "DELETE", configMaps())],
    ["scale", () => scale("bot", 3)],
    ["exec", () => bench.call("bot", "POST", exec)],
    ["request an approval", () => bench.call("bot", "POST", approvals(), approval("by-bot"))],
  ])("an agent whose approval is live cannot %s", async (_, write) => {
    const response = await write();
    expect(outcome(response)).toBe("500 InternalError");
    expect((response.json() as Status).message).toMatch(
      /^Internal error occurred: failed calling webhook "\w+\.writ\.dev"/,
    );
  });

  test("an agent's dry run is refused too", async () => {
    expect(outcome(await touch(bench, "bot", configMaps("by-bot"), "?dryRun=All"))).toBe("500 InternalError");
  });

  test("an agent reads as before", async () => {
    expect(outcome(await bench.call("bot", "GET", configMaps()))).toBe("admitted");
  });

  test("who impersonates an agent is refused", async () => {
    const headers = { ...mergePatch, "impersonate-user": botUser, "impersonate-group": "system:masters" };
    const response = await bench.call("admin", "PATCH", configMaps("by-admin"), { data: { key: "x" } }, headers);
    expect(outcome(response)).toBe("500 InternalError");
  });

  test.each(["alice", "admin"])("%s creates, updates, scales and deletes as before", async (who) => {
    const name = `by-${who}`;
    expect(outcome(await touch(bench, who, configMaps(name)))).toBe("admitted");
    expect(outcome(await bench.call(who, "DELETE", configMaps(name)))).toBe("admitted");
    expect(outcome(await bench.call(who, "POST", configMaps(), configMap(name)))).toBe("admitted");
    expect(outcome(await scale(who, who === "alice" ? 2 : 3))).toBe("admitted");
  });

  test("kube-controller-manager gives a new Deployment its ReplicaSet and Pods", async () => {
    await bench.must("alice", "POST", path("deployments", "payments-prod"), deployment("fresh"));
    const count = async (resource: "replicasets" | "pods"): Promise<number> => {
      const query = `${path(resource, "payments-prod")}?labelSelector=app%3Dfresh`;
      const { items } = (await bench.must("admin", "GET", query)).json() as { readonly items: readonly object[] };
      return items.length;
    };
    await eventually(async () => expect([await count("replicasets"), await count("pods")]).toEqual([1, 1]));
  });

  test("a kubelet registers its node and renews its lease", async () => {
    const lease = { metadata: { name: "n1" }, spec: { holderIdentity: "n1", leaseDurationSeconds: 40 } };
    const leases = path("leases", "kube-node-lease");
    const steps = [
      await bench.call("kubelet", "POST", path("nodes", undefined), { metadata: { name: "n1" } }),
      await bench.call("kubelet", "POST", leases, lease),
      await bench.call(
        "kubelet",
        "PATCH",
        `${leases}/n1`,
        { spec: { renewTime: "2026-06-01T12:00:00.000000Z" } },
        mergePatch,
      ),
    ];
    expect(steps.map(outcome)).toEqual(["admitted", "admitted", "admitted"]);
  });

  test.each([
    ["suspend an owner", () => patchSpec(bench, "bob", owners("cluster"), { suspended: true })],
    ["define a capability", () => bench.call("bob", "POST", capabilities(), capability("new"))],
    ["request an approval", () => bench.call("carol", "POST", approvals(), approval("new"))],
    ["reject an approval", () => decide(bench, "alice", approvals("live"), "Reject", "payments")],
  ])("people cannot %s: a decision that Writ did not attest must not stand in etcd", async (_, write) => {
    expect(outcome(await write())).toBe("500 InternalError");
  });

  test("people delete an approval, and the webhook that comes back knows", async () => {
    expect(outcome(await bench.call("alice", "DELETE", approvals("live")))).toBe("admitted");
    await bench.writ.webhook.restart();
    expect(outcome(await touch(bench, "bot", configMaps("by-bot")))).toBe("NoApproval");
    await bench.must("carol", "POST", approvals(), approval("again"));
    await approveBoth(bench, approvals("again"));
    await eventually(async () => expect(outcome(await touch(bench, "bot", configMaps("by-bot")))).toBe("admitted"));
  });
});

describe("with the webhook frozen in mid-air", () => {
  test("an agent is refused when the API server has waited long enough, and a person does not wait", async () => {
    await bench.writ.webhook.kill("SIGSTOP");
    const refused = touch(bench, "bot", configMaps("by-bot"));
    expect(outcome(await touch(bench, "alice", configMaps("by-alice")))).toBe("admitted");
    const response = await refused;
    expect(outcome(response)).toBe("500 InternalError");
    expect((response.json() as Status).message).toContain("context deadline exceeded");
    await bench.writ.webhook.kill("SIGCONT");
    await eventually(async () => expect(outcome(await touch(bench, "bot", configMaps("by-bot")))).toBe("admitted"));
  });
});

describe("with the API server restarted", () => {
  test("the webhook finds back to it, and what was approved still counts", async () => {
    await bench.cluster.components.kubeApiserver.restart();
    await eventually(async () => expect(outcome(await touch(bench, "bot", configMaps("by-bot")))).toBe("admitted"));
    expect(outcome(await decide(bench, "alice", approvals("again"), "Reject", "payments"))).toBe("admitted");
    expect(outcome(await touch(bench, "bot", configMaps("by-bot")))).toBe("ApprovalRejected");
  });
});
