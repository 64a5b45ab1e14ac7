import type { JsonValue } from "../../decision/admission-request.ts";
import {
  brokenRule,
  isFields,
  isString,
  isStringLists,
  isStrings,
  own,
  type FieldRule,
  type Fields,
} from "../server/field-rules.ts";
import type { InputReason } from "../server/input-reason.ts";
import { oneLine } from "../server/one-line.ts";
import type { AccessDenial, AccessSpec } from "./access-review.ts";

export type DecodedAccess =
  | { readonly kind: "ok"; readonly spec: AccessSpec }
  | { readonly kind: "error"; readonly reason: InputReason; readonly message: string; readonly field: string };

const maximumReasonLength = 4096;

const optional = (key: string, holds: FieldRule["holds"], expected: string): FieldRule => ({
  key,
  required: false,
  holds,
  expected,
});
const text = "a string";

const specRules: readonly FieldRule[] = [
  optional("user", isString, text),
  optional("uid", isString, text),
  optional("groups", isStrings, "a list of strings"),
  optional("extra", isStringLists, "an object of lists of strings"),
  optional("resourceAttributes", isFields, "an object"),
  optional("nonResourceAttributes", isFields, "an object"),
];
const resourceRules: readonly FieldRule[] = [
  "namespace",
  "verb",
  "group",
  "version",
  "resource",
  "subresource",
  "name",
].map((key) => optional(key, isString, text));
const pathRules: readonly FieldRule[] = ["path", "verb"].map((key) => optional(key, isString, text));

/** Checks that `value` is a SubjectAccessReview of authorization.k8s.io/v1 as an API server sends it. */
export const decodeAccess = (value: JsonValue): DecodedAccess => {
  const review: Fields = isFields(value) ? value : {};
  const refuse = (reason: InputReason, message: string, field: string): DecodedAccess => ({
    kind: "error",
    reason,
    message,
    field,
  });
  if (own(review, "kind") !== "SubjectAccessReview") {
    return refuse("WrongKind", `kind must be "SubjectAccessReview"`, "kind");
  }
  if (own(review, "apiVersion") !== "authorization.k8s.io/v1") {
    return refuse("WrongVersion", `apiVersion must be "authorization.k8s.io/v1"`, "apiVersion");
  }
  const spec = own(review, "spec");
  if (!isFields(spec)) return refuse("MissingField", "spec must be an object", "spec");
  const resource = own(spec, "resourceAttributes");
  const path = own(spec, "nonResourceAttributes");
  const broken =
    brokenRule(specRules, spec, "spec") ??
    (isFields(resource) ? brokenRule(resourceRules, resource, "spec.resourceAttributes") : undefined) ??
    (isFields(path) ? brokenRule(pathRules, path, "spec.nonResourceAttributes") : undefined);
  if (broken !== undefined) {
    return refuse("WrongType", `${broken.field} must be ${broken.expected}`, broken.field);
  }
  // Of two attributes the API server's own authorizers would judge one, and Writ perhaps the other.
  if (isFields(resource) === isFields(path)) {
    return refuse("MissingField", "spec needs exactly one of resourceAttributes and nonResourceAttributes", "spec");
  }
  return { kind: "ok", spec: spec as unknown as AccessSpec };
};

/**
 * The SubjectAccessReview that answers, as JSON: denied, or no opinion. `allowed` is never true. The API server shows
 * `reason` to the caller and writes it into its audit log; `evaluationError` says that the server stood in for a decision.
 */
export const encodeAccess = (denial: AccessDenial | undefined, by: "authorizer" | "server" = "authorizer"): string => {
  const reason = denial && oneLine(`${denial.code}: ${denial.message}. Next: ${denial.next}`, maximumReasonLength);
  return JSON.stringify({
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    status: {
      allowed: false,
      denied: denial !== undefined,
      ...(reason === undefined ? {} : { reason }),
      ...(reason === undefined || by === "authorizer" ? {} : { evaluationError: reason }),
    },
  });
};
