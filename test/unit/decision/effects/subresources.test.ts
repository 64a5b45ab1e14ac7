import { describe, expect, test } from "vitest";
import type { Operation } from "../../../../src/decision/admission-request.ts";
import { effectsOf } from "../../../../src/decision/effects/effects.ts";
import { matchRule } from "../../../../src/api/rules.ts";
import { rule } from "../../../builders/capability.ts";
import { writeRequest } from "../../../builders/review.ts";
import { effectText, effectTexts, resourceOf } from "./effect-text.ts";

/** The subresources that are written in the built-in groups of Kubernetes 1.37, as the discovery lists them. */
const subresources: readonly [operation: Operation, resource: string, more?: string][] = [
  ["CONNECT", "/pods/exec"],
  ["CONNECT", "/pods/attach"],
  ["CONNECT", "/pods/portforward"],
  ["CONNECT", "/pods/proxy"],
  ["CONNECT", "/services/proxy"],
  ["CONNECT", "/nodes/proxy"],
  ["CREATE", "/pods/binding", "use nodes"],
  ["CREATE", "/pods/eviction", "delete pods web"],
  ["UPDATE", "/pods/ephemeralcontainers"],
  ["UPDATE", "/pods/resize"],
  ["UPDATE", "/pods/status"],
  ["UPDATE", "/pods/log"],
  ["UPDATE", "/nodes/status"],
  ["UPDATE", "/namespaces/status"],
  ["UPDATE", "/namespaces/finalize", "delete namespaces web"],
  ["UPDATE", "/persistentvolumes/status"],
  ["UPDATE", "/persistentvolumeclaims/status"],
  ["UPDATE", "/resourcequotas/status"],
  ["UPDATE", "/services/status"],
  ["CREATE", "/serviceaccounts/token", "mint serviceaccounts/token web"],
  ["UPDATE", "/replicationcontrollers/scale"],
  ["UPDATE", "/replicationcontrollers/status"],
  ["UPDATE", "apps/deployments/scale"],
  ["UPDATE", "apps/deployments/status"],
  ["UPDATE", "apps/replicasets/scale"],
  ["UPDATE", "apps/replicasets/status"],
  ["UPDATE", "apps/statefulsets/scale"],
  ["UPDATE", "apps/statefulsets/status"],
  ["UPDATE", "apps/daemonsets/status"],
  ["UPDATE", "autoscaling/horizontalpodautoscalers/status"],
  ["UPDATE", "batch/jobs/status"],
  ["UPDATE", "batch/cronjobs/status"],
  ["UPDATE", "policy/poddisruptionbudgets/status"],
  ["UPDATE", "networking.k8s.io/ingresses/status"],
  ["UPDATE", "networking.k8s.io/servicecidrs/status"],
  ["UPDATE", "certificates.k8s.io/certificatesigningrequests/approval"],
  ["UPDATE", "certificates.k8s.io/certificatesigningrequests/status"],
  ["UPDATE", "certificates.k8s.io/podcertificaterequests/status"],
  ["UPDATE", "admissionregistration.k8s.io/validatingadmissionpolicies/status"],
  ["UPDATE", "apiextensions.k8s.io/customresourcedefinitions/status"],
  ["UPDATE", "apiregistration.k8s.io/apiservices/status"],
  ["UPDATE", "flowcontrol.apiserver.k8s.io/flowschemas/status"],
  ["UPDATE", "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations/status"],
  ["UPDATE", "storage.k8s.io/volumeattachments/status"],
  ["UPDATE", "resource.k8s.io/resourceclaims/status"],
  ["UPDATE", "resource.k8s.io/resourceclaims/binding"],
  ["UPDATE", "example.com/widgets/scale"],
  ["UPDATE", "example.com/widgets/status"],
  ["UPDATE", "example.com/widgets/never-heard-of"],
];

const verbs = { CREATE: "create", UPDATE: "update", DELETE: "delete", CONNECT: "connect" } as const;

describe("a subresource", () => {
  test.each<[Operation, string, string?]>(subresources)(
    "%s %s is an effect of its own",
    (operation, resource, more) => {
      const own = `${verbs[operation]} ${resource.replace(/^\//, "")} web`;
      expect(effectTexts({ operation, ...resourceOf(resource), name: "web" })).toEqual(
        more === undefined ? [own] : [own, more],
      );
    },
  );

  test.each<[Operation, string, string?]>(subresources)(
    "%s %s is covered by its name alone, and CONNECT by nothing",
    (operation, resource) => {
      const { subResource = "", ...named } = resourceOf(resource);
      const [effect] = effectsOf(writeRequest({ operation, ...resourceOf(resource) }));
      const scope = effect.namespace === undefined ? "Cluster" : "Namespaced";
      const covered = (resources: readonly string[], apiGroups = [named.resource.group]): boolean =>
        matchRule(
          rule("r", { operations: ["CREATE", "UPDATE", "DELETE", "USE"], resources, apiGroups, scope }),
          effect,
          [],
        ).covers;
      const literal = `${named.resource.resource}/${subResource}`;
      expect(covered([literal])).toBe(operation !== "CONNECT");
      for (const resources of [
        ["*"],
        [named.resource.resource],
        ["*/*"],
        [`*/${subResource}`],
        [`${named.resource.resource}/*`],
      ]) {
        expect(covered(resources), resources.join()).toBe(false);
        expect(covered(resources, ["*"]), resources.join()).toBe(false);
      }
    },
  );

  test("of another group is not what it is in its own", () => {
    for (const [operation, resource] of [
      ["CREATE", "example.com/pods/eviction"],
      ["CREATE", "example.com/pods/binding"],
      ["CREATE", "example.com/bindings"],
      ["CREATE", "example.com/serviceaccounts/token"],
      ["CREATE", "example.com/rolebindings"],
    ] as const) {
      expect(effectTexts({ operation, ...resourceOf(resource) })).toHaveLength(1);
    }
  });
});

test("the review's own effect comes first and carries the object's identity", () => {
  const [effect] = effectsOf(writeRequest());
  expect(effect).toEqual({
    verb: "update",
    group: "apps",
    version: "v1",
    resource: "deployments",
    subresource: "",
    namespace: "payments-prod",
    name: "web",
    uid: "web-uid",
  });
});

test("a deletion that follows from a request is of the same object, not of its subresource", () => {
  const request = writeRequest({ operation: "CREATE", ...resourceOf("/pods/eviction"), oldObject: null });
  expect(effectsOf(request)[1]).toMatchObject({
    verb: "delete",
    subresource: "",
    namespace: "payments-prod",
    name: "web",
  });
});

test("a grant follows from both kinds of binding, by creation and by update, and from no role", () => {
  const rbac = (operation: Operation, resource: string): readonly string[] =>
    effectsOf(writeRequest({ operation, ...resourceOf(`rbac.authorization.k8s.io/${resource}`) }))
      .slice(1)
      .map(effectText);
  for (const resource of ["rolebindings", "clusterrolebindings"]) {
    const grant = [`grant rbac.authorization.k8s.io/${resource} web`];
    expect([rbac("CREATE", resource), rbac("UPDATE", resource), rbac("DELETE", resource)]).toEqual([grant, grant, []]);
  }
  for (const resource of ["roles", "clusterroles"]) expect(rbac("CREATE", resource)).toEqual([]);
});

test("a Secret mints a token when it is, or becomes, one of the legacy type, whichever account it names", () => {
  const secret = (operation: Operation, type: string, annotations: Record<string, string> = {}): readonly string[] =>
    effectTexts({
      operation,
      ...resourceOf("/secrets"),
      object: { metadata: { name: "web", annotations }, type },
    }).slice(1);
  const legacy = "kubernetes.io/service-account-token";
  const named = { "kubernetes.io/service-account.name": "deployer" };
  expect(secret("CREATE", legacy, named)).toEqual(["mint serviceaccounts/token deployer"]);
  expect(secret("UPDATE", legacy, named)).toEqual(["mint serviceaccounts/token deployer"]);
  expect(secret("CREATE", legacy)).toEqual(["mint serviceaccounts/token"]);
  expect(secret("CREATE", "Opaque", named)).toEqual([]);
  expect(secret("DELETE", legacy, named)).toEqual([]);
});
