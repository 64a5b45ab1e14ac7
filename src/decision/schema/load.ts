import { keywordForms } from "./keywords.ts";
import { schemaLimits } from "./schema-limits.ts";
import { problemAt } from "./schema-problem.ts";
import type { Place, SchemaProblem } from "./schema-problem.ts";

type Schema = boolean | Readonly<Record<string, unknown>>;

/** Steps at most for the value that a schema is applied to, and for any one value below it. */
interface Load {
  readonly here: number;
  readonly below: number;
}

export type LoadResult = { readonly stepsPerValue: number } | { readonly problem: SchemaProblem };

const none: Load = { here: 0, below: 0 };

/**
 * How many steps a schema takes at most for any one value of an object; the whole takes at most that many for each of
 * the object's values. Schemas that judge the same value add up, those of different fields do not. References count as
 * all that they lead to: without recursion too, twenty definitions that each refer twice to the next are a million
 * schemas. What leads back to itself is refused.
 *
 * `schema` has the shape that `schemaProblem` checks. The problem is the innermost one.
 */
export function schemaLoad(schema: Readonly<Record<string, unknown>>): LoadResult {
  const definitions = new Map(entriesOf(schema["$defs"]));
  const known = new Map<string, Load | "in progress">();
  let problem: SchemaProblem | undefined;

  const ofDefinition = (name: string, reference: Place): Load => {
    const load = known.get(name);
    if (load === "in progress") problem ??= problemAt(reference, "leads back to itself, and recursion is refused");
    if (load !== undefined) return load === "in progress" ? none : load;
    const definition = definitions.get(name);
    if (definition === undefined) {
      problem ??= problemAt(reference, "leads nowhere: $defs has no such name");
      return none;
    }
    known.set(name, "in progress");
    const found = of(definition, ["$defs", name]);
    known.set(name, found);
    return found;
  };

  const of = (schema: Schema, place: Place): Load => {
    if (typeof schema === "boolean") return { here: 1, below: 0 };
    const below = (keyword: string): number =>
      subschemas(schema, keyword, place)
        .map(([child, childPlace]) => of(child, childPlace))
        .reduce((most, load) => Math.max(most, load.here, load.below), 0);
    const sameValue = [
      ...inPlaceKeywords.flatMap((keyword) => subschemas(schema, keyword, place)).map(([part, at]) => of(part, at)),
      ...referenceOf(schema).map((name) => ofDefinition(name, [...place, "$ref"])),
    ];
    const load = {
      here: ownSteps(schema) + sum(sameValue.map((part) => part.here)),
      // A value below is judged by one of these and, as a name, by propertyNames.
      below: Math.max(...childKeywords.map(below)) + below("propertyNames") + sum(sameValue.map((part) => part.below)),
    };
    const steps = Math.max(load.here, load.below);
    if (steps > schemaLimits.stepsPerValue) {
      problem ??= problemAt(
        place,
        `takes up to ${steps} steps for one value; at most ${schemaLimits.stepsPerValue} are allowed, ` +
          "each keyword, list entry and all that a $ref leads to counted",
      );
    }
    return load;
  };

  const { here, below } = of(schema, []);
  for (const name of definitions.keys()) ofDefinition(name, ["$defs", name]);
  return problem ? { problem } : { stepsPerValue: Math.max(here, below) };
}

const inPlaceKeywords = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"];
const childKeywords = ["properties", "additionalProperties", "items", "prefixItems"];

function ownSteps(schema: Readonly<Record<string, unknown>>): number {
  return 1 + sum(Object.entries(schema).map(([keyword, value]) => keywordSteps(keyword, value)));
}

function keywordSteps(keyword: string, value: unknown): number {
  if (Array.isArray(value)) return 1 + value.length;
  const form = keywordForms.get(keyword);
  if (form === "definitions" || form === "dialect" || form === "text") return 0;
  if (form === "schemasByName") return 1 + Object.keys(value as object).length;
  if (form !== "namesByName") return 1;
  return 1 + sum(Object.values(value as Record<string, readonly string[]>).map((names) => 1 + names.length));
}

function subschemas(
  schema: Readonly<Record<string, unknown>>,
  keyword: string,
  place: Place,
): readonly (readonly [schema: Schema, place: Place])[] {
  if (!Object.hasOwn(schema, keyword)) return [];
  const value = schema[keyword];
  const form = keywordForms.get(keyword);
  return form === "schemas" || form === "schemasByName"
    ? entriesOf(value).map(([name, child]) => [child, [...place, keyword, name]])
    : [[value as Schema, [...place, keyword]]];
}

function entriesOf(value: unknown): readonly (readonly [string, Schema])[] {
  return typeof value === "object" && value !== null ? Object.entries(value as Record<string, Schema>) : [];
}

function referenceOf(schema: Readonly<Record<string, unknown>>): readonly string[] {
  const reference = schema["$ref"];
  return typeof reference === "string" ? [reference.slice("#/$defs/".length)] : [];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
