import type { ErrorObject } from "ajv";
import { formatFieldPath } from "../../api/field-path.ts";
import { formatPointer, pointerNames } from "./schema-problem.ts";
import type { Place } from "./schema-problem.ts";

/**
 * Where an object violates a schema. Never holds a value of the object, which may be a secret; names of its fields it
 * does hold.
 */
export interface Violation {
  /** A field path such as `spec.replicas`, or a JSON pointer (RFC 6901) where it leads through a list; "" is the root. */
  readonly path: string;
  readonly keyword: string;
  /** What the schema asks for, in a few words. */
  readonly message: string;
}

const maxViolations = 4;
const maxPathLength = 512;

/** The outermost first: of `anyOf` and the like the combination, then what its parts found. */
export function violationsOf(errors: readonly ErrorObject[], object: unknown): readonly Violation[] {
  return [...errors.slice(-1), ...errors.slice(0, -1)].slice(0, maxViolations).map((error) => ({
    path: formatPath([...pointerNames(error.instancePath), ...fieldOf(error)], object),
    keyword: error.keyword === "false schema" ? "false" : error.keyword,
    message: error.keyword === "false schema" ? "must be absent" : (error.message ?? "is violated"),
  }));
}

/** The field that is meant where an error is told of the object around it. */
function fieldOf({ params, propertyName }: ErrorObject): Place {
  if (propertyName !== undefined) return [propertyName];
  const { missingProperty, additionalProperty } = params as Readonly<Record<string, unknown>>;
  return [missingProperty, additionalProperty].filter((name) => typeof name === "string");
}

function formatPath(names: Place, object: unknown): string {
  const path = entersList(names, object)
    ? formatPointer(names)
    : formatFieldPath(names.map((name) => ({ kind: "member", name })));
  return path.length > maxPathLength ? `${path.slice(0, maxPathLength).toWellFormed()}…` : path;
}

function entersList(names: Place, object: unknown): boolean {
  let value = object;
  for (const name of names) {
    if (Array.isArray(value)) return true;
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return false;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return false;
}
