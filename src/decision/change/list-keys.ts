/**
 * Merge keys of the lists of built-in kinds, by the list's field name and whatever its parent: the patchMergeKey and
 * x-kubernetes-list-map-keys of the published OpenAPI. A list whose elements do not all carry all keys of a line, with
 * different values, is not taken by that line; a list that no line takes is compared as a whole. Taking a list by keys
 * where its owner does not mean it so is safe: a changed order is a change of the list as a whole.
 */
const listKeys: Readonly<Record<string, readonly (readonly string[])[]>> = {
  containers: [["name"]],
  initContainers: [["name"]],
  ephemeralContainers: [["name"]],
  volumes: [["name"]],
  env: [["name"]],
  volumeMounts: [["mountPath"]],
  volumeDevices: [["devicePath"]],
  imagePullSecrets: [["name"]],
  hostAliases: [["ip"]],
  topologySpreadConstraints: [["topologyKey", "whenUnsatisfiable"]],
  resourceClaims: [["name"]],
  ports: [["containerPort", "protocol"], ["port", "protocol"], ["port"]],
  conditions: [["type"]],
  ownerReferences: [["uid"]],
  secrets: [["name"]],
};

/** Keys by which to compare two versions of a list, or undefined: as a whole. */
export function listKeysOf(
  field: string,
  before: readonly unknown[],
  after: readonly unknown[],
): readonly string[] | undefined {
  const candidates = Object.hasOwn(listKeys, field) ? listKeys[field] : undefined;
  return candidates?.find((keys) => isKeyedBy(before, keys) && isKeyedBy(after, keys));
}

function isKeyedBy(list: readonly unknown[], keys: readonly string[]): boolean {
  const seen = new Set<string>();
  for (const item of list) {
    const key = elementKey(item, keys);
    if (key === undefined || seen.has(key)) return false;
    seen.add(key);
  }
  return true;
}

/** The values of an element's keys as one text, or undefined when it lacks one. */
export function elementKey(item: unknown, keys: readonly string[]): string | undefined {
  if (typeof item !== "object" || item === null || Array.isArray(item)) return undefined;
  const values = keys.map((key) => (Object.hasOwn(item, key) ? (item as Record<string, unknown>)[key] : undefined));
  if (!values.every((value) => typeof value === "string" || typeof value === "number")) return undefined;
  return values.length === 1 ? String(values[0]) : JSON.stringify(values.map(String));
}
