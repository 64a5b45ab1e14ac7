import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../../src/decision/admission-request.ts";
import { effectTexts, moreOfUpdate, podUses, resourceOf, usesOfCreated } from "./effect-text.ts";

const containers = [{ name: "app", image: "web:1" }];
/** A pod spec that uses nothing. */
const bare: JsonObject = { containers, automountServiceAccountToken: false };
const deployer: JsonObject = { containers, serviceAccountName: "deployer" };

describe("the service account of a pod", () => {
  test.each<[string, JsonObject, readonly string[]]>([
    ["absent means default", { containers }, ["use serviceaccounts default"]],
    ["empty means default", { containers, serviceAccountName: "" }, ["use serviceaccounts default"]],
    ["named default", { containers, serviceAccountName: "default" }, ["use serviceaccounts default"]],
    ["named", deployer, ["use serviceaccounts deployer"]],
    ["by the old name of the field", { containers, serviceAccount: "old" }, ["use serviceaccounts old"]],
    ["the new name of the field wins", { ...deployer, serviceAccount: "old" }, ["use serviceaccounts deployer"]],
    ["mounted in so many words", { ...deployer, automountServiceAccountToken: true }, ["use serviceaccounts deployer"]],
    ["not mounted", { ...deployer, automountServiceAccountToken: false }, []],
    ["a text is no false", { ...deployer, automountServiceAccountToken: "false" }, ["use serviceaccounts deployer"]],
    [
      "not mounted but projected",
      {
        ...deployer,
        automountServiceAccountToken: false,
        volumes: [{ name: "t", projected: { sources: [{ serviceAccountToken: { path: "t", audience: "vault" } }] } }],
      },
      ["use serviceaccounts deployer"],
    ],
    [
      "not mounted but certified (projected podCertificate)",
      {
        ...deployer,
        automountServiceAccountToken: false,
        volumes: [
          { name: "c", projected: { sources: [{ podCertificate: { signerName: "x/y", keyType: "ED25519" } }] } },
        ],
      },
      ["use serviceaccounts deployer"],
    ],
  ])("%s", (_, spec, expected) => {
    expect(podUses(spec)).toEqual(expected);
  });

  test("is one of the pod's namespace", () => {
    expect(usesOfCreated("/pods", { spec: deployer })).toEqual(["use serviceaccounts deployer"]);
  });
});

describe("the Secrets of a pod", () => {
  const volume = (source: JsonObject): JsonObject => ({ volumes: [{ name: "v", ...source }] });
  const env = (more: JsonObject): JsonObject => ({ name: "app", image: "x", ...more });
  const envFrom = env({ envFrom: [{ secretRef: { name: "s1" } }] });
  const valueFrom = env({ env: [{ name: "P", valueFrom: { secretKeyRef: { name: "s1", key: "p" } } }] });

  test.each<[string, JsonObject]>([
    ["volumes.secret", volume({ secret: { secretName: "s1" } })],
    [
      "volumes.projected",
      volume({ projected: { sources: [{ configMap: { name: "c" } }, { secret: { name: "s1" } }] } }),
    ],
    ["volumes.azureFile", volume({ azureFile: { secretName: "s1", shareName: "x" } })],
    ["volumes.cephfs", volume({ cephfs: { monitors: ["m"], secretRef: { name: "s1" } } })],
    ["volumes.rbd", volume({ rbd: { image: "i", secretRef: { name: "s1" } } })],
    ["volumes.iscsi", volume({ iscsi: { iqn: "q", secretRef: { name: "s1" } } })],
    ["volumes.flexVolume", volume({ flexVolume: { driver: "d", secretRef: { name: "s1" } } })],
    ["volumes.scaleIO", volume({ scaleIO: { gateway: "g", secretRef: { name: "s1" } } })],
    ["volumes.storageos", volume({ storageos: { secretRef: { name: "s1" } } })],
    ["imagePullSecrets", { imagePullSecrets: [{ name: "s1" }] }],
    ...["containers", "initContainers", "ephemeralContainers"].flatMap((list): [string, JsonObject][] => [
      [`${list} envFrom`, { [list]: [envFrom] }],
      [`${list} valueFrom`, { [list]: [valueFrom] }],
      [`the second of ${list}`, { [list]: [env({}), valueFrom] }],
    ]),
  ])("%s", (_, spec) => {
    expect(podUses({ ...bare, ...spec })).toEqual(["use secrets s1"]);
  });

  test("volumes.csi, whose driver may get a token of the account besides", () => {
    const csi = { driver: "d", nodePublishSecretRef: { name: "s1" } };
    expect(podUses({ ...bare, ...volume({ csi }) })).toEqual(["use serviceaccounts default", "use secrets s1"]);
  });

  test("are all of them, each once", () => {
    const many = volume({ secret: { secretName: "s2" } });
    expect(
      podUses({ ...bare, ...many, initContainers: [valueFrom, envFrom], imagePullSecrets: [{ name: "s0" }] }),
    ).toEqual(["use secrets s0", "use secrets s1", "use secrets s2"]);
  });

  test("are found in parts of the spec that are not known yet, lists within lists included", () => {
    expect(podUses({ ...bare, overlay: { deep: [{ secretKeyRef: { name: "s1" } }] } })).toEqual(["use secrets s1"]);
    expect(podUses({ ...bare, matrix: [[{ secretRef: { name: "s1" } }], [[{ hostPath: { path: "/" } }]]] })).toEqual([
      "use secrets s1",
      "use nodes",
    ]);
  });

  test("are no ConfigMaps, and no references without a name", () => {
    const harmless = [
      { name: "a", configMap: { name: "c" } },
      { name: "b", projected: { sources: [{ secret: {} }] } },
      { name: "c", secret: { secretName: "" } },
    ];
    expect(podUses({ ...bare, volumes: harmless, imagePullSecrets: [{}, { name: "" }] })).toEqual([]);
  });
});

describe("the node of a pod", () => {
  const secured = (securityContext: JsonObject): JsonObject => ({
    containers: [{ name: "app", image: "x", securityContext }],
  });
  test.each<[string, JsonObject, readonly string[]]>([
    ["hostPath", { volumes: [{ name: "h", hostPath: { path: "/var/run" } }] }, ["use nodes"]],
    ["hostNetwork", { hostNetwork: true }, ["use nodes"]],
    ["hostPID", { hostPID: true }, ["use nodes"]],
    ["hostIPC", { hostIPC: true }, ["use nodes"]],
    ["privileged", secured({ privileged: true }), ["use nodes"]],
    [
      "an ephemeral privileged one",
      { ephemeralContainers: [{ securityContext: { privileged: true } }] },
      ["use nodes"],
    ],
    ["an initial privileged one", { initContainers: [{ securityContext: { privileged: true } }] }, ["use nodes"]],
    ["a capability as good as privileged", secured({ capabilities: { add: ["NET_RAW", "SYS_ADMIN"] } }), ["use nodes"]],
    ["the same with its prefix", secured({ capabilities: { add: ["CAP_SYS_MODULE"] } }), ["use nodes"]],
    ["a capability that is not", secured({ capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] } }), []],
    ["procMount", secured({ procMount: "Unmasked" }), ["use nodes"]],
    ["hostProcess of a container", secured({ windowsOptions: { hostProcess: true } }), ["use nodes"]],
    ["hostProcess of the pod", { securityContext: { windowsOptions: { hostProcess: true } } }, ["use nodes"]],
    ["nodeName", { nodeName: "n1" }, ["use nodes n1"]],
    ["nodeName and hostPath", { nodeName: "n1", volumes: [{ hostPath: { path: "/" } }] }, ["use nodes n1"]],
    ["none of them", { ...secured({ privileged: false, procMount: "Default" }), hostPID: false, nodeName: "" }, []],
  ])("%s", (_, spec, expected) => {
    expect(podUses({ ...bare, ...spec })).toEqual(expected);
  });

  test("has no namespace, whatever the pod's", () => {
    expect(podUses({ ...bare, hostPID: true })).toEqual(["use nodes"]);
  });

  test("is no choice where it stood already", () => {
    const pod = (nodeName: string, image: string): JsonObject => ({
      spec: { ...bare, nodeName, containers: [{ image }] },
    });
    expect(moreOfUpdate("/pods", pod("n1", "a"), pod("n1", "b"))).toEqual([]);
    expect(moreOfUpdate("/pods", pod("n1", "a"), pod("n2", "a"))).toEqual(["use nodes n2"]);
  });

  test.each(["/pods/binding", "/bindings"])("is chosen by %s", (resource) => {
    const object = { metadata: { name: "web" }, target: { kind: "Node", name: "n1" } };
    expect(effectTexts({ operation: "CREATE", ...resourceOf(resource), object, oldObject: null })).toEqual([
      `create ${resource.slice(1)} web`,
      "use nodes n1",
    ]);
    expect(usesOfCreated(resource, { target: "n1" })).toEqual(["use nodes"]);
  });
});

describe("pod specs", () => {
  const inTemplate = (spec: JsonObject): JsonObject => ({ spec: { template: { spec } } });
  /** Where a pod spec stands in each kind that has one. */
  const kinds: readonly (readonly [string, (spec: JsonObject) => JsonObject])[] = [
    ["/pods", (spec) => ({ spec })],
    ["/podtemplates", (spec) => ({ template: { spec } })],
    ["/replicationcontrollers", inTemplate],
    ["apps/deployments", inTemplate],
    ["apps/statefulsets", inTemplate],
    ["apps/daemonsets", inTemplate],
    ["apps/replicasets", inTemplate],
    ["apps/controllerrevisions", (spec) => ({ data: { spec: { template: { spec } } } })],
    ["batch/jobs", inTemplate],
    ["batch/cronjobs", (spec) => ({ spec: { jobTemplate: { spec: { template: { spec } } } } })],
    ["example.com/widgets", (spec) => ({ spec: { podTemplate: { spec } } })],
    ["example.com/widgets", (spec) => ({ spec: { pools: [{ name: "a" }, { name: "b", template: { spec } }] } })],
    ["example.com/widgets", (spec) => ({ spec: { steps: [[], [{ template: spec }]] } })],
    ["example.com/widgets", (spec) => ({ anything: { "a/b": { "~": { spec } } } })],
  ];
  const spec = { ...deployer, volumes: [{ name: "s", secret: { secretName: "s1" } }], hostPID: true };
  const uses = ["use serviceaccounts deployer", "use secrets s1", "use nodes"];

  test.each(kinds)("in %s are found by %s", (resource, place) => {
    expect(usesOfCreated(resource, place(spec))).toEqual(uses);
  });

  test.each(kinds)("in %s that change use all that they name: %s", (resource, place) => {
    const changed = { ...spec, containers: [{ name: "app", image: "web:2" }] };
    expect(moreOfUpdate(resource, place(spec), place(changed))).toEqual(uses);
  });

  test.each(kinds)("in %s that stay as they were use nothing: %s", (resource, place) => {
    const labelled = { ...place(spec), metadata: { name: "web", labels: { a: "b" } } };
    expect(moreOfUpdate(resource, place(spec), labelled)).toEqual([]);
  });

  test("that use less than before still use the rest", () => {
    expect(moreOfUpdate("/pods", { spec }, { spec: { ...spec, hostPID: false } })).toEqual(uses.slice(0, 2));
  });

  test("that go use nothing, that come use all", () => {
    const one = { spec: { pools: [{ template: { spec: deployer } }] } };
    const two = { spec: { pools: [{ template: { spec: deployer } }, { template: { spec } }] } };
    expect(moreOfUpdate("example.com/widgets", one, two)).toEqual(uses);
    expect(moreOfUpdate("example.com/widgets", two, one)).toEqual([]);
  });

  test("that are several are all judged, what they share once", () => {
    const other = { ...deployer, imagePullSecrets: [{ name: "s2" }] };
    expect([...usesOfCreated("example.com/widgets", { a: { spec }, b: { spec: other } })].sort()).toEqual(
      [...uses, "use secrets s2"].sort(),
    );
  });

  test.each(["containers", "initContainers", "ephemeralContainers"])("are told by a list of %s", (list) => {
    expect(usesOfCreated("example.com/widgets", { x: { [list]: [], serviceAccountName: "deployer" } })).toEqual([
      "use serviceaccounts deployer",
    ]);
    expect(usesOfCreated("example.com/widgets", { x: { [list]: {}, serviceAccountName: "deployer" } })).toEqual([]);
  });

  test("with an ephemeral container that comes by its subresource use all that the pod names", () => {
    const added = { ...spec, ephemeralContainers: [{ name: "debug", image: "sh" }] };
    expect(moreOfUpdate("/pods/ephemeralcontainers", { spec }, { spec: added })).toEqual(uses);
  });

  test("are not brought about by deletions and connections", () => {
    expect(
      effectTexts({ operation: "DELETE", ...resourceOf("/pods"), object: null, oldObject: { spec } }),
    ).toHaveLength(1);
    expect(effectTexts({ operation: "CONNECT", ...resourceOf("/pods/exec"), object: { spec } })).toHaveLength(1);
  });
});
