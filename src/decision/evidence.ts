import { formatFieldPath } from "../api/field-path.ts";
import type { FieldPath } from "../api/field-path.ts";
import { changedPaths } from "./change/changed-paths.ts";
import { managedFieldsPath, ownershipProblem } from "./change/field-ownership.ts";
import type { RuleSchemas, SchemaVerdict } from "./schema/rule-schemas.ts";
import { isServerManaged } from "./change/server-managed.ts";
import type { WriteRequest } from "./write-request.ts";

/**
 * What is found out about the objects of a write, once and only when a rule asks: which paths it changes and whether
 * the result keeps a schema. Recorded with the decision, so that it can be replayed without the objects.
 */
export interface Evidence {
  /**
   * Places that an update changes, less what the API server writes itself: `metadata.managedFields` is among them when
   * the client moves the ownership of what it does not change.
   */
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
  /** `holds` when some schema that was asked for does. */
  readonly schema?: SchemaVerdict["kind"];
}

/** Paths that are listed in a record. */
const maxListed = 64;

export function evidenceOf(request: WriteRequest, schemas: RuleSchemas): Evidence {
  let paths: readonly FieldPath[] | undefined;
  const verdicts = new Map<object, SchemaVerdict>();
  return {
    changedPaths: () => (paths ??= clientChanges(request)),
    schema: (schema) => {
      const known = verdicts.get(schema);
      if (known) return known;
      const verdict = judge(schema, request, schemas);
      verdicts.set(schema, verdict);
      return verdict;
    },
    facts: () => ({
      ...(paths === undefined ? {} : { changedPaths: paths.slice(0, maxListed).map(formatFieldPath) }),
      ...(paths !== undefined && paths.length > maxListed ? { changedPathCount: paths.length } : {}),
      ...(verdicts.size === 0 ? {} : { schema: best([...verdicts.values()]) }),
    }),
  };
}

function clientChanges({ operation, oldObject, object }: WriteRequest): readonly FieldPath[] {
  const paths = changedPaths(oldObject, object)
    .map(({ path }) => path)
    .filter((path) => !isServerManaged(path));
  const isMoved = operation === "UPDATE" && ownershipProblem(oldObject, object, paths) !== undefined;
  return isMoved ? [...paths, managedFieldsPath] : paths;
}

/** A write without an object keeps no schema: most schemas hold for what is not there. */
function judge(schema: object, { object }: WriteRequest, schemas: RuleSchemas): SchemaVerdict {
  if (object !== undefined) return schemas.validate(schema, object);
  return { kind: "violated", violations: [{ path: "", keyword: "type", message: "there is no object" }] };
}

function best(verdicts: readonly SchemaVerdict[]): SchemaVerdict["kind"] {
  return (
    (["holds", "violated", "unusable"] as const).find((kind) => verdicts.some((v) => v.kind === kind)) ?? "unusable"
  );
}
