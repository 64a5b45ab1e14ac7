import type { JsonObject } from "../../../../src/decision/admission-request.ts";
import type { Approval, Draft, Rule } from "./draft.ts";
import { randomOf } from "./random.ts";
import type { Random } from "./random.ts";

type Request = Draft["request"];
type Target = NonNullable<Approval["spec"]["targets"]>[number];

/** What the objects of a request make necessary beside the rule that covers the request itself. */
export interface Needs {
  readonly rules: readonly Rule[];
  readonly targets: readonly Target[];
}

const nothing: Needs = { rules: [], targets: [] };
const owner = { apiVersion: "v1", kind: "ConfigMap", name: "parent" };

/** Gives a request objects, and the capability what these need. Other requests stay without objects. */
export function giveObjects(request: Request, rule: Rule, seed: number): Needs {
  const random = randomOf(seed, "objects");
  const { target, operation } = request;
  const what = `${target.group}/${target.resource}`;
  if (operation !== "CREATE" && operation !== "UPDATE") return nothing;
  if (target.subresource === "scale") return scale(request, rule, random);
  if (target.subresource !== "") return nothing;
  if (what === "/pods" || what === "apps/deployments" || what === "batch/jobs" || what === "example.com/widgets") {
    return workload(request, rule, random);
  }
  if (what === "/secrets" && random.chance(60)) return tokenSecret(request, rule, random);
  return operation === "UPDATE" && random.chance(60)
    ? edited(request, rule, { data: { a: "1" } }, ["data"], random)
    : nothing;
}

function scale(request: Request, rule: Rule, random: Random): Needs {
  const object = (replicas: number): JsonObject => ({ kind: "Scale", spec: { replicas }, status: { replicas: 1 } });
  setObjects(request, object(1), object(random.chance(80) ? 2 : 1));
  if (random.chance(50)) narrow(rule, random.pick([["spec.replicas"], ["spec"], ["metadata.labels"]]), random);
  return nothing;
}

function tokenSecret(request: Request, rule: Rule, random: Random): Needs {
  const annotations = { "kubernetes.io/service-account.name": random.pick(["deployer", "default"]) };
  const object = {
    metadata: { annotations },
    type: random.chance(70) ? "kubernetes.io/service-account-token" : "Opaque",
  };
  setObjects(request, object, object);
  if (object.type === "Opaque") return nothing;
  const token = "serviceaccounts/token";
  const names = random.chance(50) ? { names: [annotations["kubernetes.io/service-account.name"]] } : {};
  return extra(
    "mint",
    rule,
    [token],
    [random.pick(["CREATE", "UPDATE"] as const)],
    { apiGroup: "", resource: token, ...names },
    random,
  );
}

/** An object whose metadata, or some other part, changes. */
function edited(request: Request, rule: Rule, body: JsonObject, part: readonly string[], random: Random): Needs {
  const dying = random.chance(50) ? { deletionTimestamp: "2026-05-04T07:59:00Z" } : {};
  const before: JsonObject = {
    ...body,
    metadata: {
      resourceVersion: "1",
      finalizers: ["a"],
      ...dying,
      ownerReferences: [
        { ...owner, uid: "1" },
        { ...owner, uid: "2" },
      ],
    },
  };
  const metadata = before["metadata"] as JsonObject;
  const edit = random.pick(["body", "finalizer", "owners", "order", "nothing"] as const);
  const after: JsonObject = {
    ...before,
    ...(edit === "body" ? { data: { a: "2" } } : {}),
    metadata: {
      ...metadata,
      resourceVersion: "2",
      ...(edit === "finalizer" ? { finalizers: [] } : {}),
      ...(edit === "owners" ? { ownerReferences: [{ ...owner, uid: random.pick(["1", "ghost"]) }] } : {}),
      ...(edit === "order"
        ? {
            ownerReferences: [
              { ...owner, uid: "2" },
              { ...owner, uid: "1" },
            ],
          }
        : {}),
    },
  };
  setObjects(request, before, after);
  if (random.chance(50)) {
    narrow(rule, random.pick([[...part, "metadata.ownerReferences", "metadata.finalizers"], [part.join(".")]]), random);
  }
  const deletes = edit === "owners" || edit === "order" || (edit === "finalizer" && "deletionTimestamp" in dying);
  return deletes ? also("drop", rule, "DELETE", random) : nothing;
}

function workload(request: Request, rule: Rule, random: Random): Needs {
  const before = podSpec(random);
  const isUpdate = request.operation === "UPDATE";
  const edits = isUpdate ? random.shuffled(Object.keys(podEdits)).slice(0, random.pick([0, 1, 1, 1, 2])) : [];
  const after = edits.reduce((spec, edit) => podEdits[edit]?.change(spec) ?? spec, before);
  const replicas = isUpdate && random.chance(40) ? 2 : 1;
  setObjects(request, placed(request, before, 1), placed(request, after, replicas));

  if (isUpdate && random.chance(60)) {
    const exact = edits.flatMap((edit) => podEdits[edit]?.fields ?? []).map((field) => `${placeOf(request)}.${field}`);
    const fields = [
      ...exact,
      ...(replicas === 2 ? ["spec.replicas"] : []),
      ...(random.chance(30) ? ["metadata.labels"] : []),
    ];
    const chosen = random.chance(20) ? fields.slice(1) : fields;
    // A list of unknown kind is whole.
    const isWhole = request.target.resource === "widgets" && exact.length > 0;
    narrow(
      rule,
      isWhole ? ["spec.parts", "spec.replicas"] : random.chance(15) || chosen.length === 0 ? ["spec"] : chosen,
      random,
    );
  }
  return !isUpdate || edits.length > 0 ? usesOf(after, before, isUpdate, rule, random) : nothing;
}

/** Changes of a pod spec, and the fields that they change. */
const podEdits: Readonly<
  Record<string, { readonly change: (spec: JsonObject) => JsonObject; readonly fields: readonly string[] }>
> = {
  image: {
    change: (spec) =>
      withContainers(spec, (list) => list.map((one) => (one["name"] === "web" ? { ...one, image: "web:2" } : one))),
    fields: ["containers[name=web].image"],
  },
  sidecar: {
    change: (spec) => withContainers(spec, (list) => [{ name: "new", image: "new:1" }, ...list]),
    fields: ["containers[name=new]"],
  },
  order: { change: (spec) => withContainers(spec, (list) => list.toReversed()), fields: ["containers"] },
  fewer: {
    change: (spec) => withContainers(spec, (list) => list.filter((one) => one["name"] !== "log")),
    fields: ["containers[name=log]"],
  },
  account: { change: (spec) => ({ ...spec, serviceAccountName: "admin" }), fields: ["serviceAccountName"] },
  secret: { change: (spec) => ({ ...spec, imagePullSecrets: [{ name: "pull" }] }), fields: ["imagePullSecrets"] },
  node: { change: (spec) => ({ ...spec, hostPID: true }), fields: ["hostPID"] },
};

function withContainers(spec: JsonObject, change: (list: readonly JsonObject[]) => readonly JsonObject[]): JsonObject {
  return { ...spec, containers: change(spec["containers"] as readonly JsonObject[]) };
}

function podSpec(random: Random): JsonObject {
  const secretUses: readonly JsonObject[] = [
    { volumes: [{ name: "v", secret: { secretName: "db" } }] },
    { volumes: [{ name: "v", projected: { sources: [{ secret: { name: "db" } }] } }] },
    { volumes: [{ name: "v", csi: { driver: "d", nodePublishSecretRef: { name: "db" } } }] },
    { imagePullSecrets: [{ name: "db" }] },
    { initContainers: [{ name: "init", envFrom: [{ secretRef: { name: "db" } }] }] },
    { initContainers: [{ name: "init", env: [{ name: "P", valueFrom: { secretKeyRef: { name: "db", key: "p" } } }] }] },
  ];
  const nodeUses: readonly JsonObject[] = [
    { hostNetwork: true },
    { volumes: [{ name: "h", hostPath: { path: "/" } }] },
    { initContainers: [{ name: "init", securityContext: { privileged: true } }] },
    { nodeName: "n1" },
  ];
  return {
    containers: [
      { name: "web", image: "web:1" },
      { name: "log", image: "log:1" },
    ],
    ...random.pick<JsonObject>([{}, { serviceAccountName: "deployer" }, { serviceAccountName: "default" }]),
    ...random.pick<JsonObject>([{}, { automountServiceAccountToken: false }, { automountServiceAccountToken: false }]),
    ...(random.chance(35) ? random.pick(secretUses) : {}),
    ...(random.chance(20) ? random.pick(nodeUses) : {}),
  };
}

function placeOf({ target }: Request): string {
  if (target.resource === "pods") return "spec";
  return target.resource === "widgets" ? "spec.parts" : "spec.template.spec";
}

function placed({ target }: Request, spec: JsonObject, replicas: number): JsonObject {
  const metadata = { name: target.name, generation: replicas };
  if (target.resource === "pods") return { metadata, spec: { ...spec, replicas } };
  if (target.resource === "widgets") return { metadata, spec: { replicas, parts: [{ pod: spec }, { quiet: true }] } };
  return { metadata, spec: { replicas, template: { spec } } };
}

/** Rules and targets for what the pods use, as whoever wrote the policy would have known it. */
function usesOf(spec: JsonObject, before: JsonObject, isUpdate: boolean, rule: Rule, random: Random): Needs {
  const text = JSON.stringify(spec);
  const secrets = ["db", "pull"].filter((name) => text.includes(`"${name}"`));
  const hasToken = spec["automountServiceAccountToken"] !== false;
  const picksNode = "nodeName" in spec && !(isUpdate && "nodeName" in before);
  const reachesNode = ["hostNetwork", "hostPID", "hostPath", "privileged"].some(
    (key) => key in spec || text.includes(`"${key}"`),
  );
  const account = typeof spec["serviceAccountName"] === "string" ? spec["serviceAccountName"] : "default";
  const needs: Needs[] = [];
  if (hasToken)
    needs.push(
      extra(
        "account",
        rule,
        ["serviceaccounts"],
        ["USE"],
        { apiGroup: "", resource: "serviceaccounts", names: [account] },
        random,
      ),
    );
  if (secrets.length > 0)
    needs.push(
      extra("secrets", rule, ["secrets"], ["USE"], { apiGroup: "", resource: "secrets", names: secrets }, random),
    );
  if (picksNode || reachesNode) {
    const { namespaces: _namespaces, ...node } = extraRule("node", rule, ["nodes"], ["USE"]);
    needs.push({
      rules: [{ ...node, scope: "Cluster" }],
      targets: [{ apiGroup: "", resource: "nodes", ...(picksNode && random.chance(50) ? { names: ["n1"] } : {}) }],
    });
  }
  return { rules: needs.flatMap(({ rules }) => rules), targets: needs.flatMap(({ targets }) => targets) };
}

function extraRule(name: string, rule: Rule, resources: string[], operations: Rule["operations"]): Rule {
  return {
    name,
    risk: "High",
    operations,
    apiGroups: [""],
    resources,
    scope: "Namespaced",
    namespaces: [...(rule.namespaces ?? ["*"])],
  };
}

/** A rule of its own, or a part of the covering rule where that has no fields. */
function extra(
  name: string,
  rule: Rule,
  resources: string[],
  operations: Rule["operations"],
  target: Target,
  random: Random,
): Needs {
  const isPart =
    rule.fields === undefined && rule.resourceNames === undefined && rule.risk !== "Low" && random.chance(20);
  if (!isPart) return { rules: [extraRule(name, rule, resources, operations)], targets: [target] };
  rule.operations = [...new Set([...rule.operations, ...operations])];
  rule.apiGroups = [...new Set([...rule.apiGroups, ""])];
  rule.resources = [...new Set([...rule.resources, ...resources])];
  return { rules: [], targets: [target] };
}

/** Another operation on the same object. */
function also(name: string, rule: Rule, operation: "DELETE", random: Random): Needs {
  if (rule.operations.includes(operation) && rule.fields === undefined) return nothing;
  if (rule.fields === undefined && random.chance(50)) {
    rule.operations.push(operation);
    return nothing;
  }
  const { fields: _fields, ...rest } = structuredClone(rule);
  return { rules: [{ ...rest, name, operations: [operation] }], targets: [] };
}

function narrow(rule: Rule, fields: string[], random: Random): void {
  Object.assign(rule, { fields, operations: ["UPDATE"], apiVersions: random.pick([["v1"], ["v1", "v2"]]) });
}

function setObjects(request: Request, before: JsonObject, after: JsonObject): void {
  request.object = structuredClone(after) as Request["object"];
  request.oldObject = request.operation === "UPDATE" ? (structuredClone(before) as Request["oldObject"]) : undefined;
}
