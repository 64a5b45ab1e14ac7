/** What is used of OpenAPI v3 as CustomResourceDefinitions write it (structural schemas). */
export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface ShapeProblem {
  readonly path: readonly (string | number)[];
  readonly problem: string;
}

/**
 * The first place where a value is not what the schema says; `stamped` names the required fields that may be absent,
 * since they are filled in later. Unknown fields and nulls are problems: the API server would drop them, and what is
 * signed would not be what is stored.
 */
export function shapeProblem(
  value: unknown,
  schema: Schema,
  stamped: ReadonlySet<string>,
  path: ShapeProblem["path"] = [],
): ShapeProblem | undefined {
  const problem = (text: string): ShapeProblem => ({ path, problem: text });
  if (value === null) return problem("is empty: leave it out, or give it a value");
  if (!hasType(value, schema.type)) return problem(`expected ${article(schema.type ?? "object")}`);
  if (schema.enum && !schema.enum.includes(value)) return problem(`expected ${schema.enum.map(String).join(" or ")}`);
  if (typeof value === "string") return textProblem(value, schema, problem);
  if (typeof value === "number") {
    const { minimum = -Infinity, maximum = Infinity } = schema;
    return value < minimum || value > maximum ? problem("is out of range") : undefined;
  }
  if (Array.isArray(value)) {
    const { minItems = 0, maxItems = Infinity, items = {} } = schema;
    if (value.length < minItems || value.length > maxItems) return problem(`expected ${minItems} to ${maxItems} items`);
    return firstOf(value.entries(), ([index, item]) => shapeProblem(item, items, stamped, [...path, index]));
  }
  return typeof value === "object" ? objectProblem(value, schema, stamped, path) : undefined;
}

function objectProblem(
  value: object,
  schema: Schema,
  stamped: ReadonlySet<string>,
  path: ShapeProblem["path"],
): ShapeProblem | undefined {
  const missing = schema.required?.find((key) => !Object.hasOwn(value, key) && !stamped.has(key));
  if (missing !== undefined) return { path: [...path, missing], problem: "is missing" };
  const { additionalProperties, properties = {} } = schema;
  const isOpen = schema["x-kubernetes-preserve-unknown-fields"] === true || additionalProperties === true;
  return firstOf(Object.entries(value), ([key, field]) => {
    if (Object.hasOwn(properties, key)) return shapeProblem(field, properties[key] ?? {}, stamped, [...path, key]);
    if (typeof additionalProperties === "object")
      return shapeProblem(field, additionalProperties, stamped, [...path, key]);
    return isOpen ? undefined : { path: [...path, key], problem: "is no field that is known" };
  });
}

function textProblem(
  value: string,
  { pattern, minLength = 0, maxLength = Infinity }: Schema,
  problem: (text: string) => ShapeProblem,
): ShapeProblem | undefined {
  const { length } = Array.from(value);
  if (length < minLength) return problem("is too short");
  if (length > maxLength) return problem(`is longer than ${maxLength} characters`);
  if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) return problem(`does not match ${pattern}`);
  return undefined;
}

function hasType(value: unknown, type: string | undefined): boolean {
  switch (type) {
    case "string":
    case "boolean":
      return typeof value === type;
    case "integer":
      return Number.isSafeInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && !Array.isArray(value);
    case undefined:
    default:
      return true;
  }
}

function article(type: string): string {
  return `${/^[aeio]/.test(type) ? "an" : "a"} ${type}`;
}

function firstOf<T>(items: Iterable<T>, check: (item: T) => ShapeProblem | undefined): ShapeProblem | undefined {
  for (const item of items) {
    const problem = check(item);
    if (problem) return problem;
  }
  return undefined;
}
