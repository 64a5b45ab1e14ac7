import type { AdmissionRequest, JsonObject, Operation } from "../../../../src/decision/admission-request.ts";
import { resourceOf } from "./effect-text.ts";

/** One form of request and everything that it does: a row of docs/reference/effects.md. */
export interface RequestForm {
  readonly request: string;
  readonly effects: readonly string[];
  readonly review: Partial<AdmissionRequest>;
}

interface Objects {
  readonly old?: JsonObject;
  readonly new?: JsonObject;
  readonly name?: string;
  readonly cluster?: boolean;
}

function form(
  request: string,
  operation: Operation,
  resource: string,
  objects: Objects,
  effects: readonly string[],
): RequestForm {
  const name = objects.name ?? "web";
  return {
    request,
    effects,
    review: {
      operation,
      ...resourceOf(resource),
      name,
      namespace: objects.cluster ? "" : "payments-prod",
      object: operation === "DELETE" ? null : (objects.new ?? { metadata: { name } }),
      oldObject: operation === "CREATE" || operation === "CONNECT" ? null : (objects.old ?? { metadata: { name } }),
    },
  };
}

const bare = { containers: [{ name: "app", image: "web:1" }], automountServiceAccountToken: false };
const dying = { name: "web", deletionTimestamp: "2026-06-01T12:00:00Z" };
const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "u1" };
const pod = (spec: JsonObject): Objects => ({ new: { metadata: { name: "web" }, spec: { ...bare, ...spec } } });
const template = (spec: JsonObject): JsonObject => ({
  metadata: { name: "web" },
  spec: { replicas: 1, template: { spec: { ...bare, ...spec } } },
});
const legacyToken: JsonObject = {
  metadata: { name: "web", annotations: { "kubernetes.io/service-account.name": "deployer" } },
  type: "kubernetes.io/service-account-token",
};

/** Requests for an object `web` in a namespace; the order is that of the page. */
export const requestForms: readonly RequestForm[] = [
  form("create", "CREATE", "apps/deployments", {}, ["create apps/deployments web"]),
  form("update", "UPDATE", "apps/deployments", {}, ["update apps/deployments web"]),
  form("delete, or one object of a deletecollection", "DELETE", "apps/deployments", {}, [
    "delete apps/deployments web",
  ]),
  form("exec, attach, port-forward, proxy", "CONNECT", "/pods/exec", {}, ["connect pods/exec web"]),
  form("scale", "UPDATE", "apps/deployments/scale", {}, ["update apps/deployments/scale web"]),
  form("update of the status", "UPDATE", "apps/deployments/status", {}, ["update apps/deployments/status web"]),
  form("eviction", "CREATE", "/pods/eviction", {}, ["create pods/eviction web", "delete pods web"]),
  form(
    "removal of the last finalizer of an object that is being deleted",
    "UPDATE",
    "example.com/widgets",
    { old: { metadata: { ...dying, finalizers: ["a"] } }, new: { metadata: dying } },
    ["update example.com/widgets web", "delete example.com/widgets web"],
  ),
  form(
    "removal of the last finalizer of any other object",
    "UPDATE",
    "example.com/widgets",
    { old: { metadata: { name: "web", finalizers: ["a"] } } },
    ["update example.com/widgets web"],
  ),
  form(
    "owner references added, removed, reordered or changed",
    "UPDATE",
    "/configmaps",
    { new: { metadata: { name: "web", ownerReferences: [owner] } } },
    ["update configmaps web", "delete configmaps web"],
  ),
  form(
    "owner references of a new object",
    "CREATE",
    "/configmaps",
    { new: { metadata: { name: "web", ownerReferences: [owner] } } },
    ["create configmaps web"],
  ),
  form("finalize of a namespace", "UPDATE", "/namespaces/finalize", { cluster: true }, [
    "update namespaces/finalize web",
    "delete namespaces web",
  ]),
  form("role binding created or updated", "CREATE", "rbac.authorization.k8s.io/rolebindings", {}, [
    "create rbac.authorization.k8s.io/rolebindings web",
    "grant rbac.authorization.k8s.io/rolebindings web",
  ]),
  form(
    "cluster role binding created or updated",
    "UPDATE",
    "rbac.authorization.k8s.io/clusterrolebindings",
    { cluster: true },
    [
      "update rbac.authorization.k8s.io/clusterrolebindings web",
      "grant rbac.authorization.k8s.io/clusterrolebindings web",
    ],
  ),
  form("token of a service account", "CREATE", "/serviceaccounts/token", {}, [
    "create serviceaccounts/token web",
    "mint serviceaccounts/token web",
  ]),
  form("Secret of type service-account-token for the account deployer", "CREATE", "/secrets", { new: legacyToken }, [
    "create secrets web",
    "mint serviceaccounts/token deployer",
  ]),
  form("pod, or any object with a pod template", "CREATE", "/pods", pod({ automountServiceAccountToken: true }), [
    "create pods web",
    "use serviceaccounts default",
  ]),
  form("pod without a token", "CREATE", "/pods", pod({}), ["create pods web"]),
  form(
    "pod without a token except a projected one, or a projected certificate",
    "CREATE",
    "/pods",
    pod({ volumes: [{ name: "t", projected: { sources: [{ serviceAccountToken: { path: "t" } }] } }] }),
    ["create pods web", "use serviceaccounts default"],
  ),
  form(
    "pod of the account deployer",
    "CREATE",
    "/pods",
    pod({ automountServiceAccountToken: true, serviceAccountName: "deployer" }),
    ["create pods web", "use serviceaccounts deployer"],
  ),
  form(
    "pod that names the Secret db",
    "CREATE",
    "/pods",
    pod({ volumes: [{ name: "v", secret: { secretName: "db" } }] }),
    ["create pods web", "use secrets db"],
  ),
  form(
    "pod with hostPath, a host namespace, a privileged or host process container, an unmasked /proc",
    "CREATE",
    "/pods",
    pod({ hostPID: true }),
    ["create pods web", "use nodes"],
  ),
  form("pod that names the node n1 itself", "CREATE", "/pods", pod({ nodeName: "n1" }), [
    "create pods web",
    "use nodes n1",
  ]),
  form(
    "binding of a pod to the node n1",
    "CREATE",
    "/pods/binding",
    { new: { target: { kind: "Node", name: "n1" } } },
    ["create pods/binding web", "use nodes n1"],
  ),
  form(
    "update that changes anything in a pod spec",
    "UPDATE",
    "apps/deployments",
    {
      old: template({ serviceAccountName: "deployer", automountServiceAccountToken: true }),
      new: template({ serviceAccountName: "deployer", automountServiceAccountToken: true, priority: 1 }),
    },
    ["update apps/deployments web", "use serviceaccounts deployer"],
  ),
  form(
    "update that leaves every pod spec as it was",
    "UPDATE",
    "apps/deployments",
    {
      old: template({ serviceAccountName: "deployer", automountServiceAccountToken: true }),
      new: {
        ...template({ serviceAccountName: "deployer", automountServiceAccountToken: true }),
        metadata: { name: "web", labels: { tier: "front" } },
      },
    },
    ["update apps/deployments web"],
  ),
];
