import { formatFieldPath } from "../api/field-path.ts";
import type { FieldPath } from "../api/field-path.ts";
import { changedPaths } from "./changed-paths.ts";
import type { RuleSchemas, SchemaVerdict } from "./schema/rule-schemas.ts";
import { isServerManaged } from "./server-managed.ts";
import type { WriteRequest } from "./write-request.ts";

/**
 * What is found out about the objects of a write, once and only when a rule asks: which paths it changes and whether
 * the result keeps a schema. Recorded with the decision, so that it can be replayed without the objects.
 */
export interface Evidence {
  /** Places that an update changes, less what the API server writes itself. */
  readonly changedPaths: () => readonly FieldPath[];
  readonly schema: (schema: object) => SchemaVerdict;
  /** What was found out so far. */
  readonly facts: () => EvaluatedFacts;
}

export interface EvaluatedFacts {
  /** As texts; absent when no rule asked. */
  readonly changedPaths?: readonly string[];
  /** How many paths changed when they are too many to be listed. */
  readonly changedPathCount?: number;
  readonly schema?: "holds" | "violated" | "unusable";
}

/** Paths that are listed in a record. */
const maxListed = 64;

export function evidenceOf(request: WriteRequest, schemas: RuleSchemas): Evidence {
  let paths: readonly FieldPath[] | undefined;
  let verdict: SchemaVerdict | undefined;
  return {
    changedPaths: () =>
      (paths ??= changedPaths(request.oldObject, request.object)
        .map(({ path }) => path)
        .filter((path) => !isServerManaged(path))),
    schema: (schema) => (verdict = schemas.validate(schema, request.object ?? null)),
    facts: () => ({
      ...(paths === undefined ? {} : { changedPaths: paths.slice(0, maxListed).map(formatFieldPath) }),
      ...(paths !== undefined && paths.length > maxListed ? { changedPathCount: paths.length } : {}),
      ...(verdict === undefined ? {} : { schema: verdict.kind }),
    }),
  };
}
