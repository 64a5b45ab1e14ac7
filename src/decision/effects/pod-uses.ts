import type { JsonObject, JsonValue } from "../admission-request.ts";
import { isList, isObject, own, ownText } from "../json.ts";

/** What the pods of one pod spec reach beyond themselves. */
export interface PodUses {
  /** Present when a credential of the account is mounted. */
  readonly serviceAccount: string | undefined;
  readonly secrets: ReadonlySet<string>;
  /** Host namespaces, hostPath, privileged containers and their like: the node as such. */
  readonly reachesNode: boolean;
  /** The node that the spec itself chooses, past the scheduler. */
  readonly nodeName: string | undefined;
}

interface References {
  readonly secrets: Set<string>;
  projectsCredential: boolean;
  reachesNode: boolean;
}

/** What the pods of a spec use (core/v1 PodSpec). An absent service account is the namespace's `default`. */
export function usesOf(spec: JsonObject): PodUses {
  const { secrets, projectsCredential, reachesNode } = walkReferences(spec);
  const account = ownText(spec, "serviceAccountName") ?? ownText(spec, "serviceAccount") ?? "default";
  const automounts = own(spec, "automountServiceAccountToken") !== false;
  const usesHost = ["hostNetwork", "hostPID", "hostIPC"].some((key) => own(spec, key) === true);
  return {
    serviceAccount: automounts || projectsCredential ? account : undefined,
    secrets,
    reachesNode: reachesNode || usesHost,
    nodeName: ownText(spec, "nodeName"),
  };
}

/** Walks the whole spec, known fields or not: a forgotten branch is a bypass (CVE-2023-2728, CVE-2024-3177). */
function walkReferences(spec: JsonObject): References {
  const references: References = { secrets: new Set(), projectsCredential: false, reachesNode: false };
  const pending: JsonValue[] = [spec];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (isList(next)) {
      for (const item of next) if (typeof item === "object") pending.push(item);
    } else if (isObject(next)) {
      for (const [key, value] of Object.entries(next)) {
        note(key, value, references);
        if (typeof value === "object") pending.push(value);
      }
    }
  }
  return references;
}

/** Every reference to a Secret in core/v1 is a `secretName`, or an object with a name under one of these keys. */
const secretReference = /^(?:secret|secretRef|secretKeyRef|imagePullSecrets|.+SecretRef)$/;

/** Projected volumes that hold a credential of the account: its token, or a certificate in its name (KEP-4317). */
const accountCredentials: ReadonlySet<string> = new Set(["csi", "serviceAccountToken", "podCertificate"]);

function note(key: string, value: JsonValue, into: References): void {
  if (key === "secretName" && typeof value === "string" && value !== "") into.secrets.add(value);
  if (secretReference.test(key)) {
    for (const item of isList(value) ? value : [value]) {
      const name = isObject(item) ? ownText(item, "name") : undefined;
      if (name !== undefined) into.secrets.add(name);
    }
  }
  if (accountCredentials.has(key) && isObject(value)) into.projectsCredential = true;
  if (key === "hostPath" && isObject(value)) into.reachesNode = true;
  if ((key === "privileged" || key === "hostProcess") && value === true) into.reachesNode = true;
  if (key === "procMount" && value === "Unmasked") into.reachesNode = true;
  if (key === "capabilities" && isObject(value) && addsPower(own(value, "add"))) into.reachesNode = true;
}

/** Linux capabilities that are as good as privileged (capabilities(7)); containers name them without CAP_. */
const powers: ReadonlySet<JsonValue> = new Set(["ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "BPF"]);

function addsPower(added: JsonValue | undefined): boolean {
  return isList(added) && added.some((name) => powers.has(typeof name === "string" ? name.replace(/^CAP_/, "") : name));
}
