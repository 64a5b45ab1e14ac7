/**
 * JSON Schema 2020-12 as the specification reads, for the keywords that rules may use: slow, plain, and written without
 * a look at what is tested with it.
 */
export function satisfies(root: Schema, object: unknown): { readonly verdict: boolean; readonly steps: number } {
  const evaluation = { root, steps: 0 };
  const verdict = holds(root, object, evaluation);
  return { verdict, steps: evaluation.steps };
}

interface Evaluation {
  readonly root: Schema;
  /** Schemas and keywords that were applied to a value. */
  steps: number;
}

export type Schema = boolean | { readonly [keyword: string]: unknown };

function holds(schema: Schema, value: unknown, evaluation: Evaluation): boolean {
  evaluation.steps += 1;
  if (typeof schema === "boolean") return schema;
  return Object.entries(schema).every(([keyword, argument]) =>
    keywordHolds(keyword, argument, schema, value, evaluation),
  );
}

function keywordHolds(
  keyword: string,
  argument: unknown,
  schema: { readonly [keyword: string]: unknown },
  value: unknown,
  evaluation: Evaluation,
): boolean {
  if (keyword === "$defs") return true;
  evaluation.steps += 1;
  const ok = (sub: unknown, of: unknown = value): boolean => holds(sub as Schema, of, evaluation);
  const subs = argument as readonly unknown[];
  const limit = argument as number;
  const number = typeof value === "number" ? value : undefined;
  const text = typeof value === "string" ? Array.from(value).length : undefined;
  const list = Array.isArray(value) ? (value as readonly unknown[]) : undefined;
  const map = isMap(value) ? new Map(Object.entries(value)) : undefined;
  const byName = isMap(argument) ? Object.entries(argument) : [];
  switch (keyword) {
    case "then":
    case "else":
      return true;
    case "$ref":
      return ok((evaluation.root as { $defs: Record<string, unknown> }).$defs[String(argument).split("/")[2] ?? ""]);
    case "type":
      return (Array.isArray(argument) ? argument : [argument]).some((type) => hasType(value, type));
    case "const":
      return value === argument;
    case "enum":
      return subs.some((entry) => entry === value);
    case "minimum":
      return number === undefined || number >= limit;
    case "maximum":
      return number === undefined || number <= limit;
    case "exclusiveMinimum":
      return number === undefined || number > limit;
    case "exclusiveMaximum":
      return number === undefined || number < limit;
    case "multipleOf":
      return number === undefined || number % limit === 0;
    case "minLength":
      return text === undefined || text >= limit;
    case "maxLength":
      return text === undefined || text <= limit;
    case "minItems":
      return list === undefined || list.length >= limit;
    case "maxItems":
      return list === undefined || list.length <= limit;
    case "minProperties":
      return map === undefined || map.size >= limit;
    case "maxProperties":
      return map === undefined || map.size <= limit;
    case "required":
      return map === undefined || subs.every((name) => map.has(String(name)));
    case "dependentRequired":
      return byName.every(([name, names]) => !map?.has(name) || (names as string[]).every((other) => map.has(other)));
    case "dependentSchemas":
      return byName.every(([name, sub]) => !map?.has(name) || ok(sub));
    case "properties":
      return byName.every(([name, sub]) => !map?.has(name) || ok(sub, map.get(name)));
    case "additionalProperties": {
      const described = new Set(Object.keys((schema["properties"] as object | undefined) ?? {}));
      return [...(map ?? [])].every(([name, of]) => described.has(name) || ok(argument, of));
    }
    case "propertyNames":
      return [...(map?.keys() ?? [])].every((name) => ok(argument, name));
    case "prefixItems":
      return subs.every((sub, index) => list === undefined || index >= list.length || ok(sub, list[index]));
    case "items":
      return (list ?? [])
        .slice(((schema["prefixItems"] as unknown[] | undefined) ?? []).length)
        .every((entry) => ok(argument, entry));
    case "allOf":
      return subs.every((sub) => ok(sub));
    case "anyOf":
      return subs.some((sub) => ok(sub));
    case "oneOf":
      return subs.filter((sub) => ok(sub)).length === 1;
    case "not":
      return !ok(argument);
    case "if": {
      const branch = ok(argument) ? "then" : "else";
      return !Object.hasOwn(schema, branch) || ok(schema[branch]);
    }
    default:
      throw new Error(`${keyword} is no keyword of the subset; teach it to evaluate.ts`);
  }
}

function isMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasType(value: unknown, type: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isMap(value);
    case "integer":
      return typeof value === "number" && value % 1 === 0;
    default:
      return typeof value === type;
  }
}
