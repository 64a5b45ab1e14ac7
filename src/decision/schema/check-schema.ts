import { keywordForms, refusedKeywords, typeNames } from "./keywords.ts";
import type { KeywordForm } from "./keywords.ts";
import { schemaLoad } from "./load.ts";
import { schemaLimits } from "./schema-limits.ts";
import { problemAt } from "./schema-problem.ts";
import type { Place, SchemaProblem } from "./schema-problem.ts";

type Problem = SchemaProblem | undefined;

export type SchemaCheck =
  | { readonly kind: "usable"; readonly stepsPerValue: number }
  | { readonly kind: "unusable"; readonly problem: SchemaProblem };

/** Where the walk is, and what the whole has held so far. */
interface Position {
  readonly place: Place;
  /** Schemas around this one. */
  readonly depth: number;
  /** Values of the whole schema so far. */
  readonly total: { values: number };
}

const dialects: readonly unknown[] = [
  "https://json-schema.org/draft/2020-12/schema",
  "https://json-schema.org/draft/2020-12/schema#",
];
const unusableNames: readonly string[] = ["__proto__", ""];
const definitionName = /^[A-Za-z0-9_.-]{1,63}$/;
const localReference = /^#\/\$defs\/[A-Za-z0-9_.-]{1,63}$/;

/** What makes a rule's `schema` unusable, or undefined. Takes whatever JSON can hold, and never throws. */
export function schemaProblem(schema: unknown): SchemaProblem | undefined {
  const check = checkRuleSchema(schema);
  return check.kind === "unusable" ? check.problem : undefined;
}

/**
 * Checks a rule's `schema`. Usable is the subset of JSON Schema 2020-12 that `keywordForms` lists, within
 * `schemaLimits`, with references to the schema's own `$defs` and none in a circle. Everything else is refused, unknown
 * keywords first of all: a misspelt one would check nothing.
 *
 * The names `__proto__` and "" are refused as well, since the validator passes over them: ajv describes no property
 * `__proto__`, and takes a missing property "" for none missing. Numbers beyond ±(2^53 - 1) have no exact form, and
 * `const` and `enum` take scalars only, so that comparing takes no time that the object decides.
 */
export function checkRuleSchema(schema: unknown): SchemaCheck {
  if (!isObject(schema)) return unusable(problemAt([], "must be a JSON object"));
  const problem = checkSchema(schema, { place: [], depth: 0, total: { values: 0 } });
  if (problem) return unusable(problem);
  // Not before the walk: it has bounded the nesting, which would overflow the stack here.
  const bytes = Buffer.byteLength(JSON.stringify(schema));
  if (bytes > schemaLimits.bytes) {
    return unusable(problemAt([], `has ${bytes} bytes as JSON; at most ${schemaLimits.bytes}`));
  }
  const load = schemaLoad(schema);
  return "problem" in load ? unusable(load.problem) : { kind: "usable", ...load };
}

function unusable(problem: SchemaProblem): SchemaCheck {
  return { kind: "unusable", problem };
}

function checkSchema(schema: unknown, at: Position): Problem {
  if (typeof schema === "boolean") return count(1, at);
  if (!isObject(schema)) return problemAt(at.place, "must be a schema: an object, true or false");
  if (at.depth > schemaLimits.depth) return problemAt(at.place, `is nested deeper than ${schemaLimits.depth} schemas`);
  const keywords = Object.keys(schema);
  const problem = countEntries(keywords.length, at) ?? count(1, at) ?? conditionProblem(schema, at.place);
  if (problem) return problem;
  for (const keyword of keywords) {
    const problem = nameProblem(keyword, at.place) ?? checkKeyword(keyword, schema[keyword], step(at, keyword));
    if (problem) return problem;
  }
  return undefined;
}

/** Half a condition decides nothing, hence is a mistake. */
function conditionProblem(schema: Readonly<Record<string, unknown>>, place: Place): Problem {
  const has = (keyword: string): boolean => Object.hasOwn(schema, keyword);
  if (has("if")) {
    return has("then") || has("else") ? undefined : problemAt([...place, "if"], "is given without then and else");
  }
  const lone = ["then", "else"].find(has);
  return lone === undefined ? undefined : problemAt([...place, lone], "is given without if");
}

function checkKeyword(keyword: string, value: unknown, at: Position): Problem {
  const form = keywordForms.get(keyword);
  if (form) return checkForm(form, value, at);
  const known = [...keywordForms.keys()].join(", ");
  return problemAt(at.place, refusedKeywords.get(keyword) ?? `is no keyword that is enforced; these are: ${known}`);
}

function checkForm(form: KeywordForm, value: unknown, at: Position): Problem {
  switch (form) {
    case "schema":
      return checkSchema(value, { ...at, depth: at.depth + 1 });
    case "schemas":
      return eachEntry(value, at, (entry, at) => checkSchema(entry, { ...at, depth: at.depth + 1 }));
    case "schemasByName":
      return eachName(value, at, (entry, at) => checkSchema(entry, { ...at, depth: at.depth + 1 }));
    case "definitions":
      return checkDefinitions(value, at);
    case "reference":
      return checkReference(value, at);
    case "dialect":
      if (at.depth > 0) return problemAt(at.place, "belongs at the root");
      return dialects.includes(value) ? undefined : problemAt(at.place, `must be ${String(dialects[0])}`);
    case "types":
      return Array.isArray(value) ? eachDistinct(value, at, checkType) : checkType(value, at);
    case "number":
      return isExact(value) ? undefined : problemAt(at.place, "must be a number within ±(2^53 - 1)");
    case "positive integer":
      // Fractions are no exact numbers, so 0.3 would be no multiple of 0.1.
      return Number.isSafeInteger(value) && Number(value) > 0
        ? undefined
        : problemAt(at.place, "must be a positive integer of at most 2^53 - 1");
    case "count":
      return Number.isSafeInteger(value) && Number(value) >= 0
        ? undefined
        : problemAt(at.place, "must be a whole number from 0 to 2^53 - 1");
    case "scalar":
      return checkScalar(value, at);
    case "scalars":
      return eachEntry(value, at, checkScalar);
    case "names":
      return checkNames(value, at);
    case "namesByName":
      return eachName(value, at, checkNames);
    case "text":
      return typeof value === "string" ? textProblem(value, at.place) : problemAt(at.place, "must be a string");
  }
}

function checkDefinitions(value: unknown, at: Position): Problem {
  if (at.depth > 0) return problemAt(at.place, "belongs at the root");
  return eachName(value, at, (definition, inner) => {
    const name = inner.place.at(-1) ?? "";
    if (!definitionName.test(name)) {
      return problemAt(inner.place, "must have a name of 1 to 63 letters, digits, dots, - and _");
    }
    return checkSchema(definition, { ...inner, depth: 1 });
  });
}

function checkReference(value: unknown, { place }: Position): Problem {
  return typeof value === "string" && localReference.test(value)
    ? undefined
    : problemAt(place, 'must be "#/$defs/NAME", a reference within the schema');
}

function checkType(value: unknown, at: Position): Problem {
  return typeNames.has(value) ? undefined : problemAt(at.place, `must be one of ${[...typeNames].join(", ")}`);
}

function checkScalar(value: unknown, at: Position): Problem {
  if (value === null || typeof value === "boolean" || isExact(value)) return undefined;
  if (typeof value === "string") return textProblem(value, at.place);
  if (typeof value === "number") return problemAt(at.place, "must be a number within ±(2^53 - 1)");
  return problemAt(at.place, "must be a string, number, boolean or null; say what objects hold with properties");
}

/** An empty list is as good as none, but lists of dependentRequired may be. */
function checkNames(value: unknown, at: Position): Problem {
  if (Array.isArray(value) && value.length === 0) return undefined;
  return eachDistinct(value, at, (name, at) =>
    typeof name === "string" ? nameProblem(name, at.place) : problemAt(at.place, "must be a string"),
  );
}

function eachDistinct(value: unknown, at: Position, check: (entry: unknown, at: Position) => Problem): Problem {
  const seen = new Set<unknown>();
  return eachEntry(value, at, (entry, at) => {
    if (seen.has(entry)) return problemAt(at.place, "stands twice in its list");
    seen.add(entry);
    return check(entry, at);
  });
}

function eachEntry(value: unknown, at: Position, check: (entry: unknown, at: Position) => Problem): Problem {
  if (!Array.isArray(value)) return problemAt(at.place, "must be a list");
  if (value.length === 0) return problemAt(at.place, "must not be empty");
  const problem = countEntries(value.length, at);
  if (problem) return problem;
  for (const [index, entry] of value.entries()) {
    const problem = check(entry, step(at, String(index)));
    if (problem) return problem;
  }
  return undefined;
}

function eachName(value: unknown, at: Position, check: (entry: unknown, at: Position) => Problem): Problem {
  if (!isObject(value)) return problemAt(at.place, "must be an object");
  const names = Object.keys(value);
  const problem = countEntries(names.length, at);
  if (problem) return problem;
  for (const name of names) {
    const problem = nameProblem(name, at.place) ?? check(value[name], step(at, name));
    if (problem) return problem;
  }
  return undefined;
}

/** A name that cannot stand in a pointer is told by the place that holds it. */
function nameProblem(name: string, place: Place): Problem {
  if (unusableNames.includes(name)) return problemAt([...place, name], "is a name that no schema may use");
  return textProblem(name, place, "has a name that is");
}

function textProblem(text: string, place: Place, subject = "is"): Problem {
  if (text.length > schemaLimits.text)
    return problemAt(place, `${subject} longer than ${schemaLimits.text} characters`);
  return text.isWellFormed() ? undefined : problemAt(place, `${subject} no well-formed Unicode`);
}

function countEntries(entries: number, at: Position): Problem {
  if (entries > schemaLimits.entries) {
    return problemAt(at.place, `has ${entries} entries; at most ${schemaLimits.entries}`);
  }
  return count(entries, at);
}

function count(values: number, at: Position): Problem {
  at.total.values += values;
  return at.total.values > schemaLimits.values
    ? problemAt(at.place, `is where the schema exceeds ${schemaLimits.values} values`)
    : undefined;
}

function step(at: Position, name: string): Position {
  return { ...at, place: [...at.place, name] };
}

function isExact(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
