import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { readLedger } from "../../../src/ledger/read-ledger.ts";
import type { AgentCapabilityRule } from "../../../src/api/types.gen.ts";
import type { ApiResponse } from "../../control-plane/control-plane.ts";
import { type Bench, eventually, outcome, startBench, warnings } from "./bench.ts";
import {
  applyWorld,
  approval,
  approvals,
  approveBoth,
  capabilities,
  capability,
  configMap,
  configMaps,
  decide,
  deployment,
  mergePatch,
  owner,
  owners,
  path,
  rule,
  touch,
} from "./objects.ts";

const spiffe = "spiffe://example.org/agents/settler";

const rules: readonly AgentCapabilityRule[] = [
  rule("named", { operations: ["CREATE", "UPDATE"], resourceNames: ["web", "a", "b"] }),
  rule("sweep", { operations: ["DELETE"], resourceNames: ["a", "b"] }),
  rule("fresh", { operations: ["CREATE"], resources: ["services"] }),
  rule("scale", { operations: ["UPDATE"], apiGroups: ["apps"], resources: ["deployments/scale"] }),
  rule("evict", { operations: ["CREATE"], resources: ["pods/eviction"] }),
  rule("remove", { operations: ["DELETE"], resources: ["pods"] }),
  rule("everything", { apiGroups: ["*"], resources: ["*"], namespaces: ["payments-dev"] }),
  { name: "spaces", operations: ["CREATE", "UPDATE"], apiGroups: [""], resources: ["namespaces"], scope: "Cluster" },
];

let bench: Bench;

beforeAll(async () => {
  // Elsewhere the API server shows a certificate; here an unguessable path has to do.
  bench = await startBench({ writ: { callers: "path" } });
  await applyWorld(bench, rules);
  await bench.must("bob", "POST", owners(), owner("cluster-things", { resources: [{ scope: "Cluster" }] }));
  await installWidgets();
  for (const name of ["a", "b", "c"]) await bench.must("admin", "POST", configMaps(), configMap(name));
  for (const namespace of ["payments-prod", "payments-dev"]) {
    await bench.must("admin", "POST", path("serviceaccounts", namespace), { metadata: { name: "default" } });
    await bench.must("admin", "POST", path("deployments", namespace), deployment("web", namespace));
    await bench.must("admin", "POST", path("pods", namespace), pod("web"));
  }
  for (const namespace of ["payments-prod", "payments-dev"]) {
    await bench.must("carol", "POST", approvals(undefined, namespace), approval("all", rulesIn(namespace), namespace));
    await approveBoth(bench, approvals("all", namespace));
  }
  await eventually(async () => expect(outcome(await touch(bench, "bot", configMaps("a")))).toBe("admitted"));
  await eventually(async () =>
    expect(
      outcome(await bench.call("bot", "POST", configMaps(undefined, "payments-dev"), configMap("x", "payments-dev"))),
    ).toBe("admitted"),
  );
});

afterAll(async () => {
  await bench.cluster.stop();
});

function rulesIn(namespace: string): { readonly rules: readonly string[] } {
  const names = rules.filter((entry) => entry.namespaces?.includes(namespace)).map((entry) => entry.name);
  return { rules: names };
}

function pod(name: string): object {
  return { metadata: { name }, spec: { automountServiceAccountToken: false, containers: [{ name, image: "x" }] } };
}

/** widgets.example.com, served in v1 and v1alpha1. */
async function installWidgets(): Promise<void> {
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  await bench.must("admin", "POST", path("customresourcedefinitions", undefined), {
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
      versions: [
        { name: "v1", served: true, storage: true, schema },
        { name: "v1alpha1", served: true, storage: false, schema },
      ],
    },
  });
  await eventually(async () =>
    expect((await bench.call("admin", "GET", path("widgets", "payments-dev"))).status).toBe(200),
  );
}

const widget = (version: string, name: string): object => ({
  apiVersion: `example.com/${version}`,
  kind: "Widget",
  metadata: { name },
});
const createWidget = (version: string, name: string): Promise<ApiResponse> =>
  bench.call("bot", "POST", `/apis/example.com/${version}/namespaces/payments-dev/widgets`, widget(version, name));

const decisionsOf = async (name: string): Promise<readonly string[]> => {
  const found: string[] = [];
  for await (const { entry } of readLedger(bench.writ.ledgerDir)) {
    const object = entry.spec["object"] as { readonly name?: string } | undefined;
    if (entry.kind === "decision" && object?.name === name) {
      found.push(`${String(entry.spec["verdict"])} ${String(entry.spec["code"])}`);
    }
  }
  return found;
};

describe("under a live approval", () => {
  test("a dry run gets the verdict of the real write and is not recorded", async () => {
    const dry = (name: string) => bench.call("bot", "POST", `${configMaps()}?dryRun=All`, configMap(name));
    expect([outcome(await dry("web")), outcome(await dry("dry-denied"))]).toEqual(["admitted", "NoRule"]);
    expect(outcome(await bench.call("bot", "POST", configMaps(), configMap("real-denied")))).toBe("NoRule");
    expect([await decisionsOf("web"), await decisionsOf("dry-denied"), await decisionsOf("real-denied")]).toEqual([
      [],
      [],
      ["deny NoRule"],
    ]);
  });

  test("deletecollection is judged object by object, by the name of each", async () => {
    const list = async () => {
      const { items } = (await bench.must("admin", "GET", configMaps())).json() as {
        readonly items: readonly { readonly metadata: { readonly name: string } }[];
      };
      return items.map(({ metadata }) => metadata.name).filter((name) => name.length === 1);
    };
    expect(outcome(await bench.call("bot", "DELETE", configMaps()))).toBe("NoRule");
    expect(await list()).toContain("c");
    const some = `${configMaps()}?fieldSelector=metadata.name%3Da`;
    expect(outcome(await bench.call("bot", "DELETE", some))).toBe("admitted");
    expect(await list()).not.toContain("a");
    expect(await decisionsOf("c")).toContain("deny NoRule");
    expect(await decisionsOf("a")).toContain("allow Approved");
  });

  test("generateName is covered by a rule without names and by none that has them", async () => {
    const generated = { metadata: { generateName: "web-" }, spec: { ports: [{ port: 80 }] } };
    const service = await bench.call("bot", "POST", path("services", "payments-prod"), generated);
    expect(outcome(service)).toBe("admitted");
    expect(outcome(await bench.call("bot", "POST", configMaps(), { metadata: { generateName: "web" } }))).toBe(
      "NoRule",
    );
  });

  test.each([
    ["exec", "POST", "pods", "web/exec?command=id&stdout=true"],
    ["exec by GET", "GET", "pods", "web/exec?command=id&stdout=true"],
    ["attach", "POST", "pods", "web/attach?stdout=true"],
    ["port-forward", "POST", "pods", "web/portforward"],
    ["pod proxy", "GET", "pods", "web/proxy"],
    ["pod proxy with a path", "POST", "pods", "web/proxy/secrets"],
    ["service proxy", "GET", "services", "web/proxy"],
  ] as const)("%s is refused, read or write", async (_, method, resource, name) => {
    expect(outcome(await bench.call("bot", method, path(resource, "payments-dev", name)))).toBe("ConnectNotGrantable");
  });

  test("a node's proxy, the kubelet's API, is refused", async () => {
    expect(outcome(await bench.call("bot", "GET", path("nodes", undefined, "n1/proxy/pods")))).toBe(
      "ConnectNotGrantable",
    );
  });

  test("a subresource is reached by its literal name alone", async () => {
    const replicas = { spec: { replicas: 2 } };
    const scale = (namespace: string) =>
      bench.call("bot", "PATCH", path("deployments", namespace, "web/scale"), replicas, mergePatch);
    const parent = (namespace: string) =>
      bench.call("bot", "PATCH", path("deployments", namespace, "web"), replicas, mergePatch);
    const status = (namespace: string) =>
      bench.call("bot", "PATCH", path("deployments", namespace, "web/status"), { status: { replicas: 9 } }, mergePatch);
    const inProd = [await scale("payments-prod"), await parent("payments-prod"), await status("payments-prod")];
    expect(inProd.map(outcome)).toEqual(["admitted", "NoRule", "NoRule"]);
    const inDev = [await scale("payments-dev"), await parent("payments-dev"), await status("payments-dev")];
    expect(inDev.map(outcome)).toEqual(["NoRule", "admitted", "NoRule"]);
  });

  test("an eviction needs both its own right and that to delete the pod", async () => {
    const evict = (namespace: string) =>
      bench.call("bot", "POST", path("pods", namespace, "web/eviction"), {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { name: "web", namespace },
      });
    expect(outcome(await evict("payments-dev"))).toBe("NoRule");
    expect(outcome(await evict("payments-prod"))).toBe("admitted");
    expect(outcome(await bench.call("bot", "DELETE", path("pods", "payments-dev", "web")))).toBe("admitted");
  });

  test.each([
    ["a Secret", path("secrets", "payments-dev"), { metadata: { name: "s" } }],
    [
      "a RoleBinding",
      path("rolebindings", "payments-dev"),
      {
        metadata: { name: "r" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
        subjects: [],
      },
    ],
    ["a token", path("serviceaccounts", "payments-dev", "default/token"), { spec: { audiences: [] } }],
    [
      "a CronJob",
      "/apis/batch/v1/namespaces/payments-dev/cronjobs",
      {
        metadata: { name: "c" },
        spec: {
          schedule: "@daily",
          jobTemplate: {
            spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "x" }] } } },
          },
        },
      },
    ],
    ["a custom object of v1", "/apis/example.com/v1/namespaces/payments-dev/widgets", widget("v1", "w")],
    [
      "a custom object of v1alpha1",
      "/apis/example.com/v1alpha1/namespaces/payments-dev/widgets",
      widget("v1alpha1", "w"),
    ],
  ])("wildcards do not reach %s", async (_, target, body) => {
    expect(outcome(await bench.call("bot", "POST", target, body))).toBe("NoRule");
  });

  test.each([
    ["a CustomResourceDefinition", "DELETE", path("customresourcedefinitions", undefined, "widgets.example.com")],
    ["a ClusterRole", "DELETE", path("clusterroles", undefined, "view")],
  ] as const)("%s is out of reach", async (_, method, target) => {
    expect(outcome(await bench.call("bot", method, target))).toBe("NoRule");
  });

  test.each(["writ-system", "writ-approvals"])("nothing in %s is ever granted", async (namespace) => {
    const write = await bench.call("bot", "POST", configMaps(undefined, namespace), configMap("x", namespace));
    expect(outcome(write)).toBe("NeverGrantable");
  });

  test("a custom object is covered by a rule that names its group, in the versions that it names", async () => {
    const settings = { apiGroups: ["example.com"], resources: ["widgets"], namespaces: ["payments-dev"] };
    const widgets = capability("widgets", { rules: [rule("v1", { ...settings, apiVersions: ["v1"] })] });
    await bench.must("bob", "POST", capabilities(), widgets);
    const target = approvals("widgets", "payments-dev");
    const request = approval("widgets", { capabilityName: "widgets" }, "payments-dev");
    await eventually(async () => {
      expect(outcome(await bench.call("carol", "POST", approvals(undefined, "payments-dev"), request))).toBe(
        "admitted",
      );
    });
    await approveBoth(bench, target);
    await eventually(async () => expect(outcome(await createWidget("v1", "w1"))).toBe("admitted"));
    expect(outcome(await createWidget("v1alpha1", "w2"))).toBe("NoRule");
  });

  test("a Namespace is a cluster-scoped object: approved in writ-approvals, and by nothing in the namespace itself", async () => {
    const create = (name: string) => bench.call("bot", "POST", "/api/v1/namespaces", { metadata: { name } });
    expect(outcome(await create("fresh"))).toBe("NoApproval");
    await bench.must("bob", "POST", approvals(undefined, "writ-approvals"), {
      ...approval("spaces", { rules: ["spaces"] }, "writ-approvals"),
    });
    await bench.must(
      "admin",
      "PATCH",
      owners("cluster-things"),
      { spec: { members: [{ user: "alice@example.com" }] } },
      mergePatch,
    );
    const target = approvals("spaces", "writ-approvals");
    expect(outcome(await decide(bench, "alice", target, "Approve", "payments"))).toBe("NotAnApprover");
    await bench.must(
      "alice",
      "PATCH",
      target,
      { spec: { decisions: [{ verdict: "Approve", ownerName: "cluster-things" }] } },
      mergePatch,
    );
    await bench.must(
      "dave",
      "PATCH",
      target,
      { spec: { decisions: [{ verdict: "Approve", ownerName: "platform" }] } },
      mergePatch,
    );
    await eventually(async () => expect(outcome(await create("fresh"))).toBe("admitted"));
    const label = { metadata: { labels: { a: "b" } } };
    for (const name of ["writ-system", "writ-approvals"]) {
      expect(outcome(await bench.call("bot", "PATCH", path("namespaces", undefined, name), label, mergePatch))).toBe(
        "NeverGrantable",
      );
    }
    expect(outcome(await bench.call("bot", "DELETE", path("namespaces", undefined, "fresh")))).toBe("NoRule");
  });
});

describe("an agent by user name, of the group writ.dev:agents", () => {
  beforeAll(async () => {
    await bench.addPerson("settler", spiffe, ["writ.dev:agents", "system:masters"]);
  });

  test("is governed, and nothing is its own without an owner and a capability", async () => {
    expect(outcome(await bench.call("settler", "POST", configMaps(), configMap("settled")))).toBe("NoIdentityOwner");
    await bench.must("bob", "POST", owners(), owner("settlers", { identities: [{ user: spiffe }] }));
    await eventually(async () =>
      expect(outcome(await bench.call("settler", "POST", configMaps(), configMap("settled")))).toBe("NoCapability"),
    );
  });

  test("requests for itself and writes what is approved", async () => {
    await bench.must("bob", "POST", capabilities(), capability("settling", { agents: [{ user: spiffe }] }));
    await eventually(async () =>
      expect(outcome(await bench.call("settler", "POST", configMaps(), configMap("settled")))).toBe("NoApproval"),
    );
    const request = approval("settle", { capabilityName: "settling", agent: { user: spiffe } });
    expect(outcome(await bench.call("settler", "POST", approvals(), request))).toBe("admitted");
    await approveBoth(bench, approvals("settle"));
    await eventually(async () =>
      expect(outcome(await bench.call("settler", "POST", configMaps(), configMap("settled")))).toBe("admitted"),
    );
    expect(outcome(await touch(bench, "bot", configMaps("settled")))).toBe("NoRule");
  });
});

describe("shadow mode", () => {
  const restartWith = async (until: number | undefined): Promise<void> => {
    const { shadow: _before, ...configuration } = parse(readFileSync(bench.writ.configFile, "utf8")) as Record<
      string,
      unknown
    >;
    const shadow = until === undefined ? {} : { shadow: { until: new Date(until).toISOString() } };
    writeFileSync(bench.writ.configFile, stringify({ ...configuration, ...shadow }));
    await bench.writ.webhook.restart();
  };

  test("admits what would be denied with a warning, and records it as would-deny", async () => {
    await restartWith(Date.now() + 3_600_000);
    const response = await bench.call("bot", "POST", configMaps(), configMap("shadowed"));
    expect(outcome(response)).toBe("admitted");
    expect(warnings(response)).toContain("Writ shadow mode: this write would be denied. NoRule");
    expect(await decisionsOf("shadowed")).toEqual(["would-deny NoRule"]);
  });

  test("still denies the protected set and Writ itself, and says nothing where a write is approved", async () => {
    expect(
      outcome(await bench.call("bot", "POST", path("secrets", "payments-prod"), { metadata: { name: "s" } })),
    ).toBe("NoRule");
    const suspend = await bench.call("bot", "PATCH", owners("cluster"), { spec: { suspended: false } }, mergePatch);
    expect(outcome(suspend)).toMatch(/^(NeverGrantable|AgentsMayOnlyRequest)$/);
    const inSystem = await bench.call(
      "bot",
      "POST",
      configMaps(undefined, "writ-system"),
      configMap("x", "writ-system"),
    );
    expect(outcome(inSystem)).toBe("NeverGrantable");
    expect(warnings(await touch(bench, "bot", configMaps("b")))).toBe("");
  });

  test("lets no agent decide", async () => {
    await bench.must("carol", "POST", approvals(), approval("in-shadow"));
    const refused = outcome(await decide(bench, "bot", approvals("in-shadow"), "Approve", "payments"));
    expect(refused).toMatch(/^(NotAPerson|NeverGrantable|AgentsMayOnlyRequest|NotAMember)$/);
  });

  test("ends at its date by itself", async () => {
    await restartWith(Date.now() + 4_000);
    expect(outcome(await bench.call("bot", "POST", configMaps(), configMap("last")))).toBe("admitted");
    await eventually(async () =>
      expect(outcome(await bench.call("bot", "POST", `${configMaps()}?dryRun=All`, configMap("late")))).toBe("NoRule"),
    );
  });
});
