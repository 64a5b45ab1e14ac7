import type { FieldPath } from "../../api/field-path.ts";
import type { JsonObject, JsonValue } from "../admission-request.ts";
import { asObject, isObject, own, ownText } from "../json.ts";
import { serverManagedPaths } from "./server-managed.ts";
import type { WriteRequest } from "../write-request.ts";

/**
 * Options of a request that do not change what is written: who is booked as the writer of a field (`fieldManager`,
 * `force`), what happens to fields that do not exist (`fieldValidation`: the result shows in the object), and whether it
 * is a rehearsal. Everything else counts, options that are not known yet among them.
 */
const optionsLeftOut: ReadonlySet<string> = new Set([
  "kind",
  "apiVersion",
  "dryRun",
  "fieldManager",
  "fieldValidation",
  "force",
]);

const member = (...names: readonly string[]): FieldPath => names.map((name) => ({ kind: "member", name }));

/** Where the API server repeats a new Job's uid and name (pkg/registry/batch/job, generateSelector). */
const jobRepetitions: readonly FieldPath[] = [
  member("spec", "selector", "matchLabels", "batch.kubernetes.io/controller-uid"),
  ...["batch.kubernetes.io/controller-uid", "controller-uid", "batch.kubernetes.io/job-name", "job-name"].map((label) =>
    member("spec", "template", "metadata", "labels", label),
  ),
];

/** Metadata that is a client's condition where a subresource is created: a Binding means the pod of this uid. */
const conditionsOfSubresources: ReadonlySet<string> = new Set(["uid", "resourceVersion"]);

/** A deleted, updated or connected object is there already; so is the parent of a created subresource. */
export function isNewObject({ operation, target }: WriteRequest): boolean {
  return operation === "CREATE" && target.subresource === "";
}

/**
 * Whether the API server made the name of a new object: `generateName`, cut to 58 characters, and five of its letters
 * (k8s.io/apiserver/pkg/storage/names). A client that sends both and names the object in this form cannot be told apart:
 * the approval then covers any name of this form, as it does without a name.
 */
export function hasGeneratedName(request: WriteRequest): boolean {
  if (!isNewObject(request)) return false;
  const generateName = ownText(asObject(own(request.object, "metadata")), "generateName");
  if (generateName === undefined) return false;
  const base = generateName.slice(0, 58);
  const { name } = request.target;
  return name.startsWith(base) && /^[bcdfghjklmnpqrstvwxz2456789]{5}$/.test(name.slice(base.length));
}

export function coveredOptions(options: JsonObject | undefined): JsonObject {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([name]) => !optionsLeftOut.has(name)));
}

/** The object, old or new, less what the API server writes in it by itself. Gives a copy as far as it differs. */
export function coveredObject(request: WriteRequest, object: JsonObject | undefined): JsonObject | undefined {
  if (object === undefined) return undefined;
  let covered = object;
  for (const path of leftOutPaths(request)) covered = without(covered, path, () => true);
  if (isNewObject(request) && request.target.group === "batch" && request.target.resource === "jobs") {
    const chosen = [request.target.uid, hasGeneratedName(request) ? request.target.name : undefined];
    for (const path of jobRepetitions) {
      covered = without(covered, path, (value) => typeof value === "string" && chosen.includes(value));
    }
  }
  return withCoveredDeleteOptions(request, covered);
}

function leftOutPaths(request: WriteRequest): readonly FieldPath[] {
  if (hasGeneratedName(request)) return [...serverManagedPaths, member("metadata", "name")];
  if (request.operation !== "CREATE" || isNewObject(request)) return serverManagedPaths;
  return serverManagedPaths.filter(([, step]) => step?.kind !== "member" || !conditionsOfSubresources.has(step.name));
}

/** The API server writes the dry run of an Eviction into its `deleteOptions`. */
function withCoveredDeleteOptions({ target }: WriteRequest, object: JsonObject): JsonObject {
  const deleteOptions = own(object, "deleteOptions");
  const isEviction = target.group === "" && target.resource === "pods" && target.subresource === "eviction";
  return isEviction && isObject(deleteOptions) ? { ...object, deleteOptions: coveredOptions(deleteOptions) } : object;
}

/** The object without the member at `path`, if that is there and meant. A path through a list leaves nothing out. */
function without(object: JsonObject, path: FieldPath, isMeant: (value: JsonValue) => boolean): JsonObject {
  const [step, ...rest] = path;
  const inner = step?.kind === "member" ? own(object, step.name) : undefined;
  if (step?.kind !== "member" || inner === undefined) return object;
  if (rest.length > 0) return isObject(inner) ? { ...object, [step.name]: without(inner, rest, isMeant) } : object;
  return isMeant(inner) ? Object.fromEntries(Object.entries(object).filter(([name]) => name !== step.name)) : object;
}
