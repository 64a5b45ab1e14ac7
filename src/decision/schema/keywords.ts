/** What the value of a keyword must be. */
export type KeywordForm =
  | "schema"
  | "schemas"
  | "schemasByName"
  | "definitions"
  | "reference"
  | "dialect"
  | "types"
  | "number"
  | "positive integer"
  | "count"
  | "scalar"
  | "scalars"
  | "names"
  | "namesByName"
  | "text";

/** Keywords of JSON Schema 2020-12 that rules may use. What they judge takes time linear in the object. */
export const keywordForms: ReadonlyMap<string, KeywordForm> = new Map([
  ["$schema", "dialect"],
  ["$defs", "definitions"],
  ["$ref", "reference"],
  ["$comment", "text"],
  ["title", "text"],
  ["description", "text"],
  ["type", "types"],
  ["const", "scalar"],
  ["enum", "scalars"],
  ["minimum", "number"],
  ["maximum", "number"],
  ["exclusiveMinimum", "number"],
  ["exclusiveMaximum", "number"],
  ["multipleOf", "positive integer"],
  ["minLength", "count"],
  ["maxLength", "count"],
  ["minItems", "count"],
  ["maxItems", "count"],
  ["minProperties", "count"],
  ["maxProperties", "count"],
  ["required", "names"],
  ["dependentRequired", "namesByName"],
  ["properties", "schemasByName"],
  ["dependentSchemas", "schemasByName"],
  ["additionalProperties", "schema"],
  ["propertyNames", "schema"],
  ["items", "schema"],
  ["prefixItems", "schemas"],
  ["allOf", "schemas"],
  ["anyOf", "schemas"],
  ["oneOf", "schemas"],
  ["not", "schema"],
  ["if", "schema"],
  ["then", "schema"],
  ["else", "schema"],
]);

const regularExpression = "is refused, since regular expressions can run away; use enum, const or maxLength";
const onlyDefinitions = 'is refused: a schema refers to its own $defs only, as in {"$ref": "#/$defs/NAME"}';
const contains = 'is refused, since its errors grow with the list; write {"not": {"items": {"not": SCHEMA}}}';
const unevaluated = "is refused; use additionalProperties, or maxItems";
const unchecked = "is refused, since it checks nothing";

/** Why a keyword that other validators know is refused, and what to write instead. */
export const refusedKeywords: ReadonlyMap<string, string> = new Map([
  ["pattern", regularExpression],
  ["patternProperties", "is refused, since regular expressions can run away; use properties or propertyNames"],
  ["format", regularExpression],
  ["uniqueItems", "is refused, since its time grows with the square of the list"],
  ["contains", contains],
  ["minContains", contains],
  ["maxContains", contains],
  ["unevaluatedProperties", unevaluated],
  ["unevaluatedItems", unevaluated],
  ["$id", onlyDefinitions],
  ["$anchor", onlyDefinitions],
  ["$dynamicRef", onlyDefinitions],
  ["$dynamicAnchor", onlyDefinitions],
  ["$recursiveRef", onlyDefinitions],
  ["$recursiveAnchor", onlyDefinitions],
  ["$vocabulary", onlyDefinitions],
  ["definitions", "is refused; write $defs at the root of the schema"],
  ["dependencies", "is refused; write dependentRequired or dependentSchemas"],
  ["additionalItems", "is refused; write prefixItems with items"],
  ["nullable", 'is refused; write {"type": ["string", "null"]}'],
  ["default", "is refused, since a rule changes no object"],
  ["contentEncoding", unchecked],
  ["contentMediaType", unchecked],
  ["contentSchema", unchecked],
  ["examples", unchecked],
  ["deprecated", unchecked],
  ["readOnly", unchecked],
  ["writeOnly", unchecked],
]);

export const typeNames: ReadonlySet<unknown> = new Set([
  "null",
  "boolean",
  "object",
  "array",
  "number",
  "integer",
  "string",
]);
