import type { AdmissionRequest, JsonObject, JsonValue } from "../../../../src/decision/admission-request.ts";

/**
 * Everything of an update, deletion or plain creation that docs/reference/digests.md says is covered, as one text: two
 * requests have one change digest exactly when these texts are equal. Written naively and from the page alone: each side
 * is laid out as a table of paths, and the tables are compared.
 */
export function coveredParts(review: AdmissionRequest): string {
  const { operation, resource, options } = review;
  const isNamespace = resource.group === "" && resource.resource === "namespaces";
  const isNew = operation === "CREATE" && review.subResource === "";
  const uid = metadataOf(review.oldObject, "uid") || metadataOf(review.object, "uid");
  return stable([
    operation,
    resource.group,
    resource.version,
    resource.resource,
    review.subResource ?? "",
    isNamespace ? "" : (review.namespace ?? ""),
    review.name || metadataOf(review.oldObject, "name") || metadataOf(review.object, "name"),
    isNew ? "" : uid,
    lessNames(options ?? {}, ["kind", "apiVersion", "dryRun", "fieldManager", "fieldValidation", "force"]),
    operation === "DELETE" ? [] : tableOfChanges(cleaned(review, review.oldObject), cleaned(review, review.object)),
  ]);
}

function metadataOf(object: JsonObject | null | undefined, name: string): string {
  const metadata = object?.["metadata"] as Readonly<Record<string, string>> | undefined;
  return metadata?.[name] ?? "";
}

function cleaned(
  { operation, subResource }: AdmissionRequest,
  object: JsonObject | null | undefined,
): JsonValue | undefined {
  if (!object) return undefined;
  const conditions = operation === "CREATE" && subResource !== "" ? [] : ["uid", "resourceVersion"];
  const names = ["managedFields", "generation", "creationTimestamp", "selfLink", ...conditions];
  return { ...object, metadata: lessNames(object["metadata"] as JsonObject, names) };
}

function tableOfChanges(before: JsonValue | undefined, after: JsonValue | undefined): JsonValue {
  const [left, right] = [tableOf(before), tableOf(after)];
  const rows: string[] = [];
  for (const path of new Set([...left.keys(), ...right.keys()])) {
    const parent = path === "[]" ? undefined : JSON.stringify((JSON.parse(path) as string[]).slice(0, -1));
    const isReached = parent === undefined || (isMap(left.get(parent)) && isMap(right.get(parent)));
    const [a, b] = [left.get(path), right.get(path)];
    if (!isReached || (isMap(a) && isMap(b)) || text(a) === text(b)) continue;
    rows.push(`${path} from ${text(a)} to ${text(b)}`);
  }
  return rows.sort();
}

/** Every path that leads through members alone, as JSON text, with what stands there. */
function tableOf(value: JsonValue | undefined, path: readonly string[] = []): Map<string, JsonValue> {
  if (value === undefined) return new Map();
  const below = isMap(value)
    ? Object.entries(value).flatMap(([name, inner]) => [...tableOf(inner, [...path, name])])
    : [];
  return new Map([[JSON.stringify(path), value], ...below]);
}

function text(value: JsonValue | undefined): string {
  return value === undefined ? "nothing" : stable(value);
}

/** JSON with the members of objects in order. */
function stable(value: JsonValue): string {
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(stable).join(",")}]`;
  if (!isMap(value)) return JSON.stringify(value);
  return `{${Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${stable(value[name] as JsonValue)}`)
    .join(",")}}`;
}

function isMap(value: JsonValue | undefined): value is JsonObject {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function lessNames(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}
