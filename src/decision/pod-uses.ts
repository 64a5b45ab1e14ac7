import type { JsonObject, JsonValue } from "./admission-request.ts";

/** What the pods of one pod spec reach beyond themselves. */
export interface PodUses {
  /** Present when a token of the account is mounted. */
  readonly serviceAccount: string | undefined;
  readonly secrets: ReadonlySet<string>;
  /** The pods reach the node: host namespaces, hostPath, host ports, privileged containers, or a node of their choice. */
  readonly node: boolean;
}

const containerLists = ["containers", "initContainers", "ephemeralContainers"] as const;

/**
 * Every pod spec in an object, wherever it stands: a kind that embeds a pod template is governed like a Deployment. A
 * pod spec is told by a list of containers; what merely looks like one is judged as one.
 */
export function podSpecsOf(object: JsonObject | undefined): readonly JsonObject[] {
  const found: JsonObject[] = [];
  const pending: JsonValue[] = object === undefined ? [] : [object];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (Array.isArray(value)) pending.push(...(value as readonly JsonValue[]));
    else if (isObject(value)) {
      if (containerLists.some((list) => Array.isArray(own(value, list)))) found.push(value);
      pending.push(...Object.values(value));
    }
  }
  return found;
}

/** What the pods of a spec use. */
export function usesOf(spec: JsonObject): PodUses {
  const walk = walkReferences(spec);
  const account = text(own(spec, "serviceAccountName")) ?? text(own(spec, "serviceAccount")) ?? "default";
  const automounts = own(spec, "automountServiceAccountToken") !== false;
  return {
    serviceAccount: automounts || walk.projectsToken ? account : undefined,
    secrets: walk.secrets,
    node: reachesNode(spec) || walk.reachesNode,
  };
}

interface References {
  readonly secrets: Set<string>;
  projectsToken: boolean;
  reachesNode: boolean;
}

/**
 * Walks the whole spec, since a forgotten branch is a bypass (CVE-2023-2728, CVE-2024-3177): every reference to a Secret
 * in core/v1 is named `secretName`, or is an object with a name under a key that begins or ends with "secret" or ends
 * with "SecretRef", or stands in `imagePullSecrets`.
 */
function walkReferences(spec: JsonObject): References {
  const references: References = { secrets: new Set(), projectsToken: false, reachesNode: false };
  const pending: JsonObject[] = [spec];
  for (let object = pending.pop(); object !== undefined; object = pending.pop()) {
    for (const [key, value] of Object.entries(object)) {
      note(key, value, references);
      for (const item of Array.isArray(value) ? (value as readonly JsonValue[]) : [value]) {
        if (isObject(item)) pending.push(item);
      }
    }
  }
  return references;
}

const secretReference = /^(?:secret|secretRef|secretKeyRef|.*SecretRef|imagePullSecrets)$/;

function note(key: string, value: JsonValue, into: References): void {
  if (key === "secretName") add(into.secrets, value);
  if (secretReference.test(key)) {
    for (const item of Array.isArray(value) ? (value as readonly JsonValue[]) : [value]) {
      if (isObject(item)) add(into.secrets, own(item, "name") ?? own(item, "secretName"));
    }
  }
  if (key === "serviceAccountToken" && isObject(value)) into.projectsToken = true;
  if (key === "hostPath" && isObject(value)) into.reachesNode = true;
  if (key === "privileged" && value === true) into.reachesNode = true;
  if (key === "procMount" && value === "Unmasked") into.reachesNode = true;
  if (key === "hostProcess" && value === true) into.reachesNode = true;
}

function add(secrets: Set<string>, name: JsonValue | undefined): void {
  if (typeof name === "string" && name !== "") secrets.add(name);
}

function reachesNode(spec: JsonObject): boolean {
  const host = ["hostNetwork", "hostPID", "hostIPC"].some((key) => own(spec, key) === true);
  return host || text(own(spec, "nodeName")) !== undefined;
}

function text(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
