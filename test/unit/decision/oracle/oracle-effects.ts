import type { WriteRequest } from "../../../../src/decision/write-request.ts";

/** Something that a write does to one object, and the operations of a rule that may cover it. */
export interface Thing {
  readonly operations: readonly string[];
  readonly group: string;
  readonly version: string;
  /** With the subresource. */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string;
}

type Json = unknown;

/** Everything that a write does, its own first: a naive reading of the contract's rulings on effects. */
export function thingsDone({ operation, target, object, oldObject }: WriteRequest): [Thing, ...Thing[]] {
  const { group, version, namespace, name } = target;
  const resource = target.subresource === "" ? target.resource : `${target.resource}/${target.subresource}`;
  const things: [Thing, ...Thing[]] = [{ operations: [operation], group, version, resource, namespace, name }];
  const core = (operations: string[], what: string, whose: string): void => {
    things.push({ operations, group: "", version: "v1", resource: what, namespace, name: whose });
  };
  const usesNode = (node: string): void => {
    things.push({ operations: ["USE"], group: "", version: "v1", resource: "nodes", namespace: undefined, name: node });
  };
  const deletes = (): void => {
    things.push({ operations: ["DELETE"], group, version, resource: target.resource, namespace, name });
  };
  const writes = operation === "CREATE" || operation === "UPDATE";
  if (group === "" && resource === "pods/eviction" && operation === "CREATE") deletes();
  if (group === "rbac.authorization.k8s.io" && ["rolebindings", "clusterrolebindings"].includes(resource) && writes) {
    things.push({ operations: ["CREATE", "UPDATE"], group, version, resource, namespace, name });
  }
  if (resource === "serviceaccounts/token" && group === "" && writes) core(["CREATE", "UPDATE"], resource, name);
  if (
    resource === "secrets" &&
    group === "" &&
    writes &&
    get(object, "type") === "kubernetes.io/service-account-token"
  ) {
    const account = get(get(get(object, "metadata"), "annotations"), "kubernetes.io/service-account.name");
    core(["CREATE", "UPDATE"], "serviceaccounts/token", typeof account === "string" ? account : "");
  }
  if (operation === "UPDATE") {
    const before = get(oldObject, "metadata");
    const after = get(object, "metadata");
    const had = get(before, "finalizers");
    const has = get(after, "finalizers");
    const isLast = Array.isArray(had) && had.length > 0 && (!Array.isArray(has) || has.length === 0);
    if (isLast && get(before, "deletionTimestamp") !== undefined) deletes();
    if (!same(get(before, "ownerReferences"), get(after, "ownerReferences"))) deletes();
    if (target.subresource === "finalize") deletes();
  }
  if (writes && group === "" && resource === "pods/binding") {
    usesNode(textOf(get(get(object, "target"), "name")));
  }
  if (writes) {
    for (const [place, spec] of podSpecs("", object)) {
      const old = operation === "UPDATE" ? podSpecs("", oldObject).find(([where]) => where === place)?.[1] : undefined;
      if (old !== undefined && same(old, spec)) continue;
      const named = textOf(get(spec, "serviceAccountName")) || textOf(get(spec, "serviceAccount")) || "default";
      const projected = walked(spec).some(([key]) => ["serviceAccountToken", "podCertificate", "csi"].includes(key));
      if (get(spec, "automountServiceAccountToken") !== false || projected) core(["USE"], "serviceaccounts", named);
      for (const secret of secretsOf(spec)) core(["USE"], "secrets", secret);
      const node = textOf(get(spec, "nodeName"));
      const picks = node !== "" && node !== textOf(get(old, "nodeName"));
      if (picks || reachesNode(spec)) usesNode(picks ? node : "");
    }
  }
  return things;
}

/** Every object with a list of containers, and where it stands. */
function podSpecs(place: string, value: Json): [string, Json][] {
  if (value === null || typeof value !== "object") return [];
  const found: [string, Json][] = [];
  const lists = ["containers", "initContainers", "ephemeralContainers"];
  if (!Array.isArray(value) && lists.some((list) => Array.isArray(get(value, list)))) found.push([place, value]);
  for (const [key, inner] of Object.entries(value)) found.push(...podSpecs(`${place} > ${key}`, inner));
  return found;
}

/** Every member at any depth. */
function walked(value: Json): [string, Json][] {
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, inner]) => [[key, inner] as [string, Json], ...walked(inner)]);
}

function secretsOf(spec: Json): Set<string> {
  const names = new Set<string>();
  for (const [key, value] of walked(spec)) {
    if (key === "secretName") names.add(textOf(value));
    if (["secret", "secretRef", "secretKeyRef"].includes(key) || key.endsWith("SecretRef")) {
      names.add(textOf(get(value, "name")));
    }
    if (key === "imagePullSecrets" && Array.isArray(value))
      for (const one of value) names.add(textOf(get(one, "name")));
  }
  names.delete("");
  return names;
}

function reachesNode(spec: Json): boolean {
  return (
    ["hostNetwork", "hostPID", "hostIPC"].some((key) => get(spec, key) === true) ||
    walked(spec).some(
      ([key, value]) =>
        (key === "hostPath" && typeof value === "object") ||
        (["privileged", "hostProcess"].includes(key) && value === true) ||
        (key === "procMount" && value === "Unmasked"),
    )
  );
}

function get(value: Json, key: string): Json {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}

function textOf(value: Json): string {
  return typeof value === "string" ? value : "";
}

/** Equality of JSON; members in any order. */
export function same(a: Json, b: Json): boolean {
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => same(get2(a, key), get2(b, key)));
}

function get2(value: object, key: string): Json {
  return Object.entries(value).find(([name]) => name === key)?.[1];
}
