/** What an agent could have pods do for it, and what it could do inside pods. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, outcome } from "../writ/bench.ts";
import { deployment, mergePatch, path, rule } from "../writ/objects.ts";
import { type Arena, attackAndControl, exists, startArena } from "./arena.ts";

let arena: Arena;

const inDev = { namespaces: ["payments-dev"] };

beforeAll(async () => {
  arena = await startArena({ cluster: { controllerManager: true } });
  for (const namespace of ["payments-prod", "payments-dev"]) {
    await eventually(async () => {
      await arena.must("admin", "GET", path("serviceaccounts", namespace, "default"));
    });
    await arena.must("admin", "POST", path("serviceaccounts", namespace), { metadata: { name: "deployer" } });
    await arena.must("admin", "POST", path("deployments", namespace), { ...deployment("web", namespace) });
  }
  await arena.must("admin", "POST", path("pods", "payments-prod"), { metadata: { name: "idle" }, spec: podSpec() });
  await arena.must("admin", "POST", path("nodes", undefined), { metadata: { name: "n1" } });
  await arena.grant("narrow", "payments-dev", {
    rules: [
      rule("labels", {
        ...inDev,
        operations: ["UPDATE"],
        apiGroups: ["apps"],
        apiVersions: ["v1"],
        resources: ["deployments"],
        fields: ["metadata.labels"],
      }),
      rule("pods", { ...inDev, resources: ["pods"] }),
      rule("use-own", {
        ...inDev,
        operations: ["USE"],
        resources: ["serviceaccounts", "secrets"],
        resourceNames: ["runner", "settings"],
      }),
    ],
  });
  await arena.grant("subresources", "payments-prod", {
    rules: [
      ...wideInProd(),
      rule("ephemeral", { operations: ["UPDATE"], resources: ["pods/ephemeralcontainers"] }),
      rule("binding", { operations: ["CREATE"], resources: ["pods/binding", "bindings"] }),
    ],
  });
  await eventually(async () => {
    const label = { metadata: { labels: { team: "payments" } } };
    expect(
      outcome(await arena.call("bot", "PATCH", path("deployments", "payments-dev", "web"), label, mergePatch)),
    ).toBe("admitted");
  });
});

afterAll(async () => {
  await arena.cluster.stop();
});

function wideInProd() {
  return [rule("wide", { apiGroups: ["*"], resources: ["*"] })];
}

/** A pod that uses nothing. */
function podSpec(more: object = {}): object {
  return { automountServiceAccountToken: false, containers: [{ name: "web", image: "example.com/web" }], ...more };
}

let serial = 0;
const fresh = (): string => `p-${(serial += 1)}`;

const createPod = (spec: object, namespace = "payments-prod") =>
  attackAndControl((who) => arena.call(who, "POST", path("pods", namespace), { metadata: { name: fresh() }, spec }));

const container = (more: object): object => ({ name: "web", image: "example.com/web", ...more });
const volume = (source: object): object => podSpec({ volumes: [{ name: "v", ...source }] });

describe("under an approval of everything that wildcards reach", () => {
  test("a pod that uses nothing is admitted", async () => {
    expect(await createPod(podSpec())).toEqual(["admitted", "admitted"]);
  });

  describe("B09 a subresource is not its object", () => {
    test.each([
      ["update deployments/status", path("deployments", "payments-prod", "web/status"), { status: { replicas: 9 } }],
      ["update pods/status", path("pods", "payments-prod", "idle/status"), { status: { phase: "Succeeded" } }],
      [
        "update pods/ephemeralcontainers",
        path("pods", "payments-prod", "idle/ephemeralcontainers"),
        { spec: { ephemeralContainers: [{ name: "spy", image: "example.com/spy" }] } },
        "admitted",
      ],
      ["update nodes/status", path("nodes", undefined, "n1/status"), { status: { capacity: { cpu: "99" } } }],
    ])("%s", async (effect, target, body, code = `NoRule: ${effect}`) => {
      const patch = { ...mergePatch, "content-type": "application/strategic-merge-patch+json" };
      const sent = await attackAndControl((who) => arena.call(who, "PATCH", target, body, patch));
      expect(sent).toEqual([code, "admitted"]);
    });
  });

  describe("B12 scaling by the subresource passes no rule for the parent", () => {
    const scale = (namespace: string) =>
      attackAndControl((who) =>
        arena.call(
          who,
          "PATCH",
          path("deployments", namespace, "web/scale"),
          { spec: { replicas: who === "bot" ? 5 : 6 } },
          mergePatch,
        ),
      );

    test("neither one for all of the parent nor one for its labels", async () => {
      expect(await scale("payments-prod")).toEqual(["NoRule: update deployments/scale", "admitted"]);
      expect(await scale("payments-dev")).toEqual(["NoRule: update deployments/scale", "admitted"]);
    });
  });

  describe("B14 what is done inside pods is seen by nobody, so that nothing grants it", () => {
    test.each([
      ["exec", "pods", "idle/exec?command=id&stdout=true"],
      ["attach", "pods", "idle/attach?stdout=true"],
      ["port-forward", "pods", "idle/portforward"],
      ["a pod's proxy", "pods", "idle/proxy/"],
      ["a service's proxy", "services", "web/proxy/"],
      ["a node's proxy", "nodes", "n1/proxy/runningpods/"],
    ] as const)("%s", async (_, resource, name) => {
      const target = path(resource, resource === "nodes" ? undefined : "payments-prod", name);
      for (const method of ["GET", "POST"] as const) {
        const [agent, control] = await attackAndControl((who) => arena.call(who, method, target));
        expect(agent).toBe("ConnectNotGrantable");
        // Without Writ the API server goes on to look for the address, of which this cluster has none.
        expect(control).toMatch(/^(400 BadRequest|404 NotFound|500 |500 InternalError|503 ServiceUnavailable)$/);
      }
    });
  });

  describe("B16 a pod that reaches its node uses nodes", () => {
    test.each([
      ["a path of the host", volume({ hostPath: { path: "/run/containerd" } })],
      ["the host's processes", podSpec({ hostPID: true })],
      ["the host's network", podSpec({ hostNetwork: true })],
      ["a privileged container", podSpec({ containers: [container({ securityContext: { privileged: true } })] })],
      [
        "a privileged init container",
        podSpec({ initContainers: [{ ...container({ securityContext: { privileged: true } }), name: "init" }] }),
      ],
      ["a chosen node", podSpec({ nodeName: "n1" })],
    ])("%s", async (_, spec) => {
      expect(await createPod(spec)).toEqual(["NoRule: use nodes", "admitted"]);
    });

    test("a binding", async () => {
      const bind = (who: string, name: string) =>
        arena.call(who, "POST", path("pods", "payments-prod", `${name}/binding`), {
          apiVersion: "v1",
          kind: "Binding",
          metadata: { name },
          target: { kind: "Node", name: "n1" },
        });
      await arena.must("admin", "POST", path("pods", "payments-prod"), { metadata: { name: "free" }, spec: podSpec() });
      expect(await attackAndControl((who) => bind(who, "free"))).toEqual(["NoRule: use nodes", "admitted"]);
    });
  });

  describe("B25 a pod that runs as another account uses that account", () => {
    const template = (spec: object): object => ({ metadata: { labels: { app: "x" } }, spec });
    const selector = { matchLabels: { app: "x" } };
    const asDeployer = podSpec({ automountServiceAccountToken: true, serviceAccountName: "deployer" });
    const never = { ...asDeployer, restartPolicy: "Never" };

    test.each([
      ["Pod", "/api/v1", "pods", asDeployer],
      ["ReplicationController", "/api/v1", "replicationcontrollers", { template: template(asDeployer) }],
      ["Deployment", "/apis/apps/v1", "deployments", { selector, template: template(asDeployer) }],
      ["ReplicaSet", "/apis/apps/v1", "replicasets", { selector, template: template(asDeployer) }],
      ["DaemonSet", "/apis/apps/v1", "daemonsets", { selector, template: template(asDeployer) }],
      ["StatefulSet", "/apis/apps/v1", "statefulsets", { selector, template: template(asDeployer) }],
      ["Job", "/apis/batch/v1", "jobs", { suspend: true, template: template(never) }],
    ])("%s", async (_, root, resource, spec) => {
      const create = (who: string) =>
        arena.call(who, "POST", `${root}/namespaces/payments-prod/${resource}`, { metadata: { name: fresh() }, spec });
      expect(await attackAndControl(create)).toEqual(["NoRule: use serviceaccounts", "admitted"]);
    });

    test("a PodTemplate", async () => {
      const create = (who: string) =>
        arena.call(who, "POST", "/api/v1/namespaces/payments-prod/podtemplates", {
          metadata: { name: fresh() },
          template: template(asDeployer),
        });
      expect(await attackAndControl(create)).toEqual(["NoRule: use serviceaccounts", "admitted"]);
    });

    test("an account that nobody names is the namespace's default", async () => {
      expect(await createPod(podSpec({ automountServiceAccountToken: true }))).toEqual([
        "NoRule: use serviceaccounts",
        "admitted",
      ]);
    });

    test("a running Deployment that is given another account", async () => {
      const spec = { template: { spec: { automountServiceAccountToken: true, serviceAccountName: "deployer" } } };
      const [agent, control] = await attackAndControl((who) =>
        arena.call(who, "PATCH", path("deployments", "payments-prod", "web"), { spec }, mergePatch),
      );
      expect([agent, control]).toEqual(["NoRule: use serviceaccounts", "admitted"]);
    });

    test("another image where the account is mounted already", async () => {
      // The control above has mounted it.
      const body = [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: "example.com/evil" }];
      const patch = { "content-type": "application/json-patch+json" };
      const [agent, control] = await attackAndControl((who) =>
        arena.call(who, "PATCH", path("deployments", "payments-prod", "web"), body, patch),
      );
      expect([agent, control]).toEqual(["NoRule: use serviceaccounts", "admitted"]);
    });

    test("the account that a rule names is admitted, and no other", async () => {
      const as = (serviceAccountName: string) =>
        arena.call("bot", "POST", path("pods", "payments-dev"), {
          metadata: { name: fresh() },
          spec: podSpec({ automountServiceAccountToken: true, serviceAccountName }),
        });
      await arena.must("admin", "POST", path("serviceaccounts", "payments-dev"), { metadata: { name: "runner" } });
      expect([outcome(await as("runner")), outcome(await as("deployer"))]).toEqual(["admitted", "NoRule"]);
    });
  });

  describe("B26 a pod that names a Secret uses it", () => {
    test("a projected token is the account's", async () => {
      const token = { serviceAccountToken: { path: "t", audience: "x" } };
      expect(await createPod(volume({ projected: { sources: [token] } }))).toEqual([
        "NoRule: use serviceaccounts",
        "admitted",
      ]);
    });

    test("a CSI driver's volume names a Secret, and may be given a token of the account", async () => {
      const csi = { driver: "secrets.example.com", nodePublishSecretRef: { name: "db" } };
      const [agent, control] = await createPod(volume({ csi }));
      expect([agent, control]).toEqual([expect.stringMatching(/^NoRule: use (secrets|serviceaccounts)$/), "admitted"]);
    });

    test("a projected certificate is the account's", async () => {
      const podCertificate = { signerName: "example.com/pods", keyType: "ED25519", credentialBundlePath: "c.pem" };
      expect(await createPod(volume({ projected: { sources: [{ podCertificate }] } }))).toEqual([
        "NoRule: use serviceaccounts",
        "admitted",
      ]);
    });

    const key = { name: "K", valueFrom: { secretKeyRef: { name: "db", key: "password" } } };
    test.each([
      ["in a variable", podSpec({ containers: [container({ env: [key] })] })],
      ["in all variables", podSpec({ containers: [container({ envFrom: [{ secretRef: { name: "db" } }] })] })],
      ["of an init container", podSpec({ initContainers: [{ ...container({ env: [key] }), name: "init" }] })],
      ["as a volume", volume({ secret: { secretName: "db" } })],
      ["as a projected volume", volume({ projected: { sources: [{ secret: { name: "db" } }] } })],
      ["to pull images", podSpec({ imagePullSecrets: [{ name: "db" }] })],
    ])("%s", async (_, spec) => {
      expect(await createPod(spec)).toEqual(["NoRule: use secrets", "admitted"]);
    });

    test("in an ephemeral container", async () => {
      const spec = { ephemeralContainers: [{ name: "thief", image: "example.com/x", env: [key] }] };
      const patch = { "content-type": "application/strategic-merge-patch+json" };
      const [agent, control] = await attackAndControl((who) =>
        arena.call(who, "PATCH", path("pods", "payments-prod", "idle/ephemeralcontainers"), { spec }, patch),
      );
      expect([agent, control]).toEqual(["NoRule: use secrets", "admitted"]);
    });

    test("the Secret that a rule names is admitted, and no other", async () => {
      const naming = (name: string) =>
        arena.call("bot", "POST", path("pods", "payments-dev"), {
          metadata: { name: fresh() },
          spec: podSpec({ containers: [container({ envFrom: [{ secretRef: { name } }] })] }),
        });
      expect([outcome(await naming("settings")), outcome(await naming("db"))]).toEqual(["admitted", "NoRule"]);
    });
  });

  describe("B20 controllers make pods for whoever writes a Deployment", () => {
    test("the agent is refused at the Deployment, and no pod appears; its twin's gets pods", async () => {
      const named = (name: string): object => {
        const spec = podSpec({ automountServiceAccountToken: true, serviceAccountName: "deployer" });
        const labels = { app: name };
        const template = { metadata: { labels }, spec };
        return { metadata: { name }, spec: { replicas: 1, selector: { matchLabels: labels }, template } };
      };
      const create = (who: string) => arena.call(who, "POST", path("deployments", "payments-prod"), named(`by-${who}`));
      expect(await attackAndControl(create)).toEqual(["NoRule: use serviceaccounts", "admitted"]);
      const podsOf = async (app: string): Promise<readonly object[]> => {
        const query = `${path("pods", "payments-prod")}?labelSelector=app%3D${app}`;
        return ((await arena.must("admin", "GET", query)).json() as { readonly items: readonly object[] }).items;
      };
      await eventually(async () => expect(await podsOf("by-twin")).toHaveLength(1));
      expect(await podsOf("by-bot")).toEqual([]);
      expect(await exists(arena, path("deployments", "payments-prod", "by-bot"))).toBe(false);
    });
  });

  describe("B21 work that waits outlives the approval", () => {
    const jobSpec = {
      template: { spec: { restartPolicy: "Never", automountServiceAccountToken: false, containers: [container({})] } },
    };

    test("a CronJob is reached by no wildcard", async () => {
      const create = (who: string) =>
        arena.call(who, "POST", "/apis/batch/v1/namespaces/payments-prod/cronjobs", {
          metadata: { name: fresh() },
          spec: { schedule: "0 3 * * *", jobTemplate: { spec: jobSpec } },
        });
      expect(await attackAndControl(create)).toEqual(["NoRule: create cronjobs", "admitted"]);
    });

    test("nor is the schedule of one that is there", async () => {
      const cronJob = "/apis/batch/v1/namespaces/payments-prod/cronjobs/nightly";
      await arena.must("admin", "POST", "/apis/batch/v1/namespaces/payments-prod/cronjobs", {
        metadata: { name: "nightly" },
        spec: { schedule: "0 3 * * *", suspend: true, jobTemplate: { spec: jobSpec } },
      });
      const [agent, control] = await attackAndControl((who) =>
        arena.call(who, "PATCH", cronJob, { spec: { suspend: false } }, mergePatch),
      );
      expect([agent, control]).toEqual(["NoRule: update cronjobs", "admitted"]);
    });
  });
});
