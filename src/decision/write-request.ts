import type { AdmissionRequest, JsonObject, Operation } from "./admission-request.ts";
import { asObject, own, ownText } from "./json.ts";

/** Who asks, as far as admission can know it. */
export interface Requester {
  readonly userName: string;
  /** Uid of the service account; absent for impersonated and certificate users. */
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  /** `JTI=...` or `X509SHA256=...` (KEP-4193); absent for legacy tokens and impersonation. */
  readonly credentialId: string | undefined;
  readonly podName: string | undefined;
  readonly podUid: string | undefined;
  readonly nodeName: string | undefined;
  /** Actors behind an OIDC agent, the nearest first, from the extra `writ.dev/act-chain` (RFC 8693 section 4.1). */
  readonly delegation: readonly string[];
}

export interface WriteTarget {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** Empty if none. */
  readonly subresource: string;
  /** Absent for cluster-scoped objects; a Namespace object is one although its review names a namespace. */
  readonly namespace: string | undefined;
  /** Empty if the API server has not chosen it yet. */
  readonly name: string;
  readonly uid: string | undefined;
  readonly oldResourceVersion: string | undefined;
}

/** An AdmissionReview brought into one form; everything after it reads only this. */
export interface WriteRequest {
  readonly uid: string;
  readonly requester: Requester;
  readonly operation: Operation;
  readonly target: WriteTarget;
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
  readonly options: JsonObject | undefined;
  readonly dryRun: boolean;
}

/** Normalises a review's request. deletecollection sends no name: it stands in the old object then. */
export function normalise(request: AdmissionRequest): WriteRequest {
  const object = request.object ?? undefined;
  const oldObject = request.oldObject ?? undefined;
  const { group, version, resource } = request.resource;
  const isNamespace = group === "" && resource === "namespaces";
  const extra = (key: string): readonly string[] => {
    const values = request.userInfo.extra;
    return values !== undefined && Object.hasOwn(values, key) ? (values[key] ?? []) : [];
  };
  // Empty is as good as absent: an id that says nothing binds to nothing.
  const one = (key: string): string | undefined => extra(`authentication.kubernetes.io/${key}`)[0] || undefined;
  return {
    uid: request.uid,
    requester: {
      userName: request.userInfo.username,
      uid: request.userInfo.uid === "" ? undefined : request.userInfo.uid,
      groups: request.userInfo.groups ?? [],
      credentialId: one("credential-id"),
      podName: one("pod-name"),
      podUid: one("pod-uid"),
      nodeName: one("node-name"),
      delegation: extra("writ.dev/act-chain"),
    },
    operation: request.operation,
    target: {
      group,
      version,
      resource,
      subresource: request.subResource ?? "",
      namespace: isNamespace || !request.namespace ? undefined : request.namespace,
      name: request.name || metadataText(oldObject, "name") || metadataText(object, "name") || "",
      uid: metadataText(oldObject, "uid") ?? metadataText(object, "uid"),
      oldResourceVersion: metadataText(oldObject, "resourceVersion"),
    },
    object,
    oldObject,
    options: request.options ?? undefined,
    dryRun: request.dryRun ?? false,
  };
}

function metadataText(object: JsonObject | undefined, key: string): string | undefined {
  return ownText(asObject(own(object, "metadata")), key);
}
