/** A kind as the API server's paths name it. `group` is "" for the core group. */
export interface ResourceRef {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

export const configMaps: ResourceRef = { group: "", version: "v1", plural: "configmaps", namespaced: true };

/**
 * Any object, as parsed JSON. All of the metadata is optional here so that every kind's own type
 * fits; the reflector refuses objects without name, uid and resourceVersion.
 */
export interface KubeObject {
  readonly metadata: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
}

/** Path of all objects of a kind, in one namespace where one is given. */
export function collectionPath(resource: ResourceRef, namespace?: string): string {
  if (namespace !== undefined && !resource.namespaced) {
    throw new Error(`${resource.plural} are cluster-scoped: expected no namespace, got "${namespace}"`);
  }
  const root =
    resource.group === ""
      ? `/api/${segment(resource.version)}`
      : `/apis/${segment(resource.group)}/${segment(resource.version)}`;
  const inNamespace = namespace === undefined ? "" : `/namespaces/${segment(namespace)}`;
  return `${root}${inNamespace}/${segment(resource.plural)}`;
}

/** Path of one object; `namespace` is undefined for a cluster-scoped kind. */
export function objectPath(resource: ResourceRef, namespace: string | undefined, name: string): string {
  if (resource.namespaced && namespace === undefined) {
    throw new Error(`${resource.plural} are namespaced: expected a namespace for "${name}"`);
  }
  return `${collectionPath(resource, namespace)}/${segment(name)}`;
}

/** Key of an object in a store: `namespace/name`, or `name` when cluster-scoped. */
export function objectKey(object: KubeObject): string {
  return keyOf(object.metadata.namespace, object.metadata.name ?? "");
}

export function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === "" ? name : `${namespace}/${name}`;
}

/** The kind's name in logs and metrics, as kubectl prints it: `deployments.apps`. */
export function resourceName(resource: ResourceRef): string {
  return resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
}

/** Dots are left alone by encodeURIComponent, and a path of dots would be normalised into another. */
function segment(value: string): string {
  if (value === "" || value === "." || value === "..") {
    throw new Error(`expected a name for an API path, got "${value}"`);
  }
  return encodeURIComponent(value);
}
