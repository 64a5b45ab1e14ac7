import * as fc from "fast-check";
import type { Schema } from "./evaluate.ts";

/** Few names, so that schemas and objects meet, some of which mean something to JavaScript or to generated code. */
const names = ["a", "b", "constructor", "toString", "hasOwnProperty", "length", "0", "x/y~z", '"]`${1}\\', "\u2028é😀"];
const name = fc.constantFrom(...names);
const scalar = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    "",
    "a",
    "ab",
    "abc",
    "😀",
    "20",
    "constructor",
    0,
    -0,
    1,
    2,
    20,
    -1,
    1.5,
    2 ** 53,
  ),
  name,
);

/** What JSON.parse can return, `__proto__` as a name included. */
export const json: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.oneof(name, fc.constantFrom("", "__proto__")), tie("value")), { maxLength: 5 })
      .map(ownMembers),
  ),
})).value;

function ownMembers(entries: readonly (readonly [string, unknown])[]): object {
  const object = {};
  for (const [key, value] of entries) {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

const exact = scalar.filter((value) => typeof value !== "number" || Math.abs(value) < 2 ** 53);
const count = fc.nat(3);
const number = fc.constantFrom(-1, 0, 1, 1.5, 2, 20);
const distinct = fc.uniqueArray(name, { maxLength: 3 });
const type = fc.constantFrom("null", "boolean", "object", "array", "number", "integer", "string");
const definitions = ["d0", "d1", "constructor"];

/** Schemas of the subset that rules may use. References lead from a definition to later ones only. */
export const schema: fc.Arbitrary<Schema> = fc
  .tuple(subschema(definitions), ...definitions.map((_, index) => subschema(definitions.slice(index + 1))))
  .map(([root, ...defs]) => ({
    ...(typeof root === "boolean" ? { not: !root } : root),
    $defs: Object.fromEntries(definitions.map((name, index) => [name, defs[index]])),
  }));

function subschema(references: readonly string[]): fc.Arbitrary<Schema> {
  return fc.letrec<{ schema: Schema }>((tie) => {
    const schema = tie("schema");
    const schemas = fc.array(schema, { minLength: 1, maxLength: 3 });
    const byName = fc.dictionary(name, schema, { maxKeys: 3 });
    const keyword = (name: string, value: fc.Arbitrary<unknown>) => value.map((value) => ({ [name]: value }));
    const objects = fc.record(
      { properties: byName, required: distinct, additionalProperties: schema },
      { requiredKeys: [] },
    );
    const lists = fc.record({ prefixItems: schemas, items: schema, maxItems: count }, { requiredKeys: [] });
    const part: fc.Arbitrary<object> = fc.oneof(
      { arbitrary: objects, weight: 6 },
      { arbitrary: lists, weight: 3 },
      keyword("type", fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 3 }))),
      keyword("const", exact),
      keyword("enum", fc.array(exact, { minLength: 1, maxLength: 4 })),
      ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"].map((name) => keyword(name, number)),
      keyword("multipleOf", fc.constantFrom(1, 2, 3)),
      ...["minLength", "maxLength", "minItems", "minProperties", "maxProperties"].map((name) => keyword(name, count)),
      ...["allOf", "anyOf", "oneOf"].map((name) => keyword(name, schemas)),
      ...["not", "propertyNames"].map((name) => keyword(name, schema)),
      keyword("dependentSchemas", byName),
      keyword("dependentRequired", fc.dictionary(name, distinct, { maxKeys: 2 })),
      fc
        .tuple(schema, fc.subarray(["then", "else"], { minLength: 1 }), schema, schema)
        .map(([condition, branches, ...parts]) =>
          Object.fromEntries([["if", condition], ...branches.map((branch, index) => [branch, parts[index]])]),
        ),
      ...references.map((name) => fc.constant({ $ref: `#/$defs/${name}` })),
    );
    const parts = fc.array(part, { maxLength: 3 }).map((parts): Schema => Object.assign({}, ...parts) as Schema);
    return { schema: fc.oneof({ maxDepth: 4, depthSize: "small" }, fc.boolean(), parts, parts, parts) };
  }).schema;
}
