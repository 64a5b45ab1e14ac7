import { checkRuleSchema } from "./check-schema.ts";
import { compileSchema } from "./compile-schema.ts";
import type { SchemaValidator } from "./compile-schema.ts";
import { countValues } from "./count-values.ts";
import { schemaLimits } from "./schema-limits.ts";
import type { SchemaProblem } from "./schema-problem.ts";
import type { Violation } from "./violations.ts";

export type SchemaVerdict =
  | { readonly kind: "holds" }
  | { readonly kind: "violated"; readonly violations: readonly Violation[] }
  /** The schema cannot be enforced, or not on an object that large. It lets nothing through. */
  | ({ readonly kind: "unusable" } & SchemaProblem);

/** Schemas of rules, each compiled once. A schema that is given must never be changed afterwards. */
export interface RuleSchemas {
  /** Compiles now what `validate` would compile at the first request; tells what makes the schema unusable. */
  readonly prepare: (schema: object) => SchemaProblem | undefined;
  /**
   * Judges the object that results from a write: no coercion, no defaults, nothing is changed. A keyword judges only
   * values of its type and fields that are there: `{"maximum": 20}` accepts the string "50", and
   * `{"properties": {"replicas": {"maximum": 20}}}` an object without `replicas`. Policies that mean more say so with
   * `type` and `required`.
   */
  readonly validate: (schema: object, object: unknown) => SchemaVerdict;
}

export interface RuleSchemasOptions {
  /** How many compiled schemas are kept for objects that are read anew. */
  readonly capacity?: number;
}

type Prepared =
  | { readonly kind: "usable"; readonly validator: SchemaValidator; readonly maxValues: number }
  | { readonly kind: "unusable"; readonly problem: SchemaProblem };

/**
 * Looks a schema up by the object that holds it, then by its content: a capability that is read again from the API
 * server is a new object with the same schema.
 */
export function createRuleSchemas({ capacity = 1000 }: RuleSchemasOptions = {}): RuleSchemas {
  const byObject = new WeakMap<object, Prepared>();
  /** The least recently used first. */
  const byContent = new Map<string, Prepared>();

  const prepare = (schema: object): Prepared => {
    const known = byObject.get(schema);
    if (known) return known;
    const check = checkRuleSchema(schema);
    const prepared = check.kind === "unusable" ? check : prepareContent(JSON.stringify(schema), check.stepsPerValue);
    byObject.set(schema, prepared);
    return prepared;
  };

  const prepareContent = (json: string, stepsPerValue: number): Prepared => {
    const prepared = byContent.get(json) ?? compile(json, stepsPerValue);
    byContent.delete(json);
    byContent.set(json, prepared);
    if (byContent.size > capacity) {
      const [oldest] = byContent.keys();
      if (oldest !== undefined) byContent.delete(oldest);
    }
    return prepared;
  };

  return {
    prepare: (schema) => {
      const prepared = prepare(schema);
      return prepared.kind === "unusable" ? prepared.problem : undefined;
    },
    validate: (schema, object) => {
      const prepared = prepare(schema);
      if (prepared.kind === "unusable") return { kind: "unusable", ...prepared.problem };
      if (countValues(object, prepared.maxValues) > prepared.maxValues) {
        const message = `is too costly for an object of more than ${prepared.maxValues} values; use fewer keywords`;
        return { kind: "unusable", pointer: "", message };
      }
      try {
        const violations = prepared.validator(object);
        return violations ? { kind: "violated", violations } : { kind: "holds" };
      } catch (error) {
        return { kind: "unusable", pointer: "", message: `cannot be evaluated: ${reasonOf(error)}` };
      }
    },
  };
}

function compile(json: string, stepsPerValue: number): Prepared {
  try {
    return {
      kind: "usable",
      validator: compileSchema(json),
      maxValues: Math.floor(schemaLimits.steps / stepsPerValue),
    };
  } catch (error) {
    return { kind: "unusable", problem: { pointer: "", message: `cannot be compiled: ${reasonOf(error)}` } };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
