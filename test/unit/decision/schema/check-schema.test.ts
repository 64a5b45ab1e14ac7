import { describe, expect, test } from "vitest";
import { schemaProblem } from "../../../../src/decision/schema/check-schema.ts";
import { keywordForms, refusedKeywords } from "../../../../src/decision/schema/keywords.ts";
import { schemaLimits } from "../../../../src/decision/schema/schema-limits.ts";

/** As it comes out of a file: of JSON text, `__proto__` is a name like any other. */
const read = (json: string): unknown => JSON.parse(json);
const times = <T>(count: number, value: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => value(i));
const named = (count: number, value: unknown): object =>
  Object.fromEntries(times(count, (index) => [`name${index}`, value]));
const nested = (levels: number, keyword = "not"): object =>
  levels === 0 ? {} : { [keyword]: nested(levels - 1, keyword) };

describe("usable schemas", () => {
  const usable: readonly (readonly [what: string, schema: unknown])[] = [
    ["the contract's example", { properties: { spec: { properties: { replicas: { maximum: 20 } } } } }],
    ["an empty one", {}],
    ["one that names its dialect", { $schema: "https://json-schema.org/draft/2020-12/schema" }],
    ["several types", { type: ["string", "null"] }],
    ["fields that must be absent", { properties: { hostPID: false } }],
    ["a condition", read('{"if": {"required": ["a"]}, "then": {"required": ["b"]}}')],
    ["definitions that use each other", { $defs: { a: { $ref: "#/$defs/b" }, b: {} }, $ref: "#/$defs/a" }],
    ["a definition used twice", { $defs: { a: {} }, allOf: [{ $ref: "#/$defs/a" }, { $ref: "#/$defs/a" }] }],
    ["a field that is called like a refused keyword", { properties: { pattern: { type: "string" }, $ref: {} } }],
    ["a definition that is called like a member of every object", { $defs: { constructor: {} } }],
    ["a required name that is not described", { properties: {}, required: ["spec"] }],
    ["no required names", { required: [] }],
    ["the longest text", { title: "x".repeat(schemaLimits.text) }],
    ["the deepest nesting", nested(schemaLimits.depth)],
    ["the longest list", { enum: times(schemaLimits.entries, String) }],
    ["the most names", { properties: named(schemaLimits.entries, {}) }],
    ["the largest numbers", { minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }],
  ];
  test.each(usable)("%s", (_, schema) => expect(schemaProblem(schema)).toBeUndefined());
});

describe("a keyword that is refused is named, and what to write instead", () => {
  test.each([...refusedKeywords])("%s %s", (keyword, message) => {
    const schema = { properties: { "a/b~c": { allOf: [true, { [keyword]: {} }] } } };
    expect(schemaProblem(schema)).toEqual({ pointer: `/properties/a~1b~0c/allOf/1/${keyword}`, message });
  });

  test.each([
    "maximun",
    "Properties",
    "x-kubernetes-validations",
    "toString",
    "constructor",
    "$async",
    "discriminator",
  ])("%s, which is unknown", (keyword) => {
    expect(schemaProblem({ items: { [keyword]: 1 } })).toEqual({
      pointer: `/items/${keyword}`,
      message: expect.stringContaining("is no keyword that is enforced; these are: $schema, "),
    });
  });

  test("no keyword is both usable and refused", () => {
    expect([...refusedKeywords.keys()].filter((keyword) => keywordForms.has(keyword))).toEqual([]);
  });
});

describe("what a keyword cannot hold is refused at its place", () => {
  const half = "\ud800";
  const wrong: readonly (readonly [schema: unknown, pointer: string, message: string])[] = [
    [undefined, "", "must be a JSON object"],
    [null, "", "must be a JSON object"],
    [true, "", "must be a JSON object"],
    [[], "", "must be a JSON object"],
    ["{}", "", "must be a JSON object"],
    [{ items: null }, "/items", "must be a schema: an object, true or false"],
    [{ items: [{}] }, "/items", "must be a schema: an object, true or false"],
    [{ not: "x" }, "/not", "must be a schema"],
    [{ properties: { a: 1 } }, "/properties/a", "must be a schema"],
    [{ properties: [] }, "/properties", "must be an object"],
    [{ dependentSchemas: { a: [] } }, "/dependentSchemas/a", "must be a schema"],
    [{ dependentRequired: { a: "b" } }, "/dependentRequired/a", "must be a list"],
    [{ dependentRequired: { a: [1] } }, "/dependentRequired/a/0", "must be a string"],
    [{ allOf: {} }, "/allOf", "must be a list"],
    [{ anyOf: [] }, "/anyOf", "must not be empty"],
    [{ oneOf: [{}, 0] }, "/oneOf/1", "must be a schema"],
    [{ type: "text" }, "/type", "must be one of null, boolean, object, array, number, integer, string"],
    [{ type: [] }, "/type", "must not be empty"],
    [{ type: ["string", "any"] }, "/type/1", "must be one of"],
    [{ type: ["string", "string"] }, "/type/1", "stands twice"],
    [{ required: "a" }, "/required", "must be a list"],
    [{ required: ["a", "a"] }, "/required/1", "stands twice"],
    [{ required: [null] }, "/required/0", "must be a string"],
    [{ enum: [] }, "/enum", "must not be empty"],
    [{ enum: [1, {}] }, "/enum/1", "must be a string, number, boolean or null"],
    [{ const: [] }, "/const", "must be a string, number, boolean or null"],
    [{ const: 2 ** 53 }, "/const", "must be a number within ±(2^53 - 1)"],
    [{ const: half }, "/const", "is no well-formed Unicode"],
    [{ maximum: "20" }, "/maximum", "must be a number within ±(2^53 - 1)"],
    [{ exclusiveMinimum: true }, "/exclusiveMinimum", "must be a number"],
    [read('{"minimum": 1e400}'), "/minimum", "must be a number"],
    [{ minimum: Number.NaN }, "/minimum", "must be a number"],
    [{ multipleOf: 0.1 }, "/multipleOf", "must be a positive integer"],
    [{ multipleOf: 0 }, "/multipleOf", "must be a positive integer"],
    [{ maxLength: -1 }, "/maxLength", "must be a whole number from 0"],
    [{ maxItems: 1.5 }, "/maxItems", "must be a whole number from 0"],
    [{ title: 1 }, "/title", "must be a string"],
    [
      { $schema: "http://json-schema.org/draft-07/schema#" },
      "/$schema",
      "must be https://json-schema.org/draft/2020-12",
    ],
    [{ items: { $schema: "https://json-schema.org/draft/2020-12/schema" } }, "/items/$schema", "belongs at the root"],
    [{ items: { $defs: {} } }, "/items/$defs", "belongs at the root"],
    [{ $defs: { a: { $defs: {} } } }, "/$defs/a/$defs", "belongs at the root"],
    [{ $defs: { "a b": {} } }, "/$defs/a b", "must have a name of"],
    [read('{"if": {}}'), "/if", "is given without then and else"],
    [read('{"then": {}}'), "/then", "is given without if"],
    [read('{"items": {"else": {}}}'), "/items/else", "is given without if"],
    [{ $ref: 1 }, "/$ref", 'must be "#/$defs/NAME"'],
    [{ properties: { [half]: {} } }, "/properties", "has a name that is no well-formed Unicode"],
  ];
  test.each(wrong)("%j", (schema, pointer, message) => {
    expect(schemaProblem(schema)).toEqual({ pointer, message: expect.stringContaining(message) });
  });
});

describe("references", () => {
  test.each([
    "#",
    "",
    "#/properties/a",
    "#a",
    "a",
    "#/$defs/",
    "#/$defs/a/items",
    "#/$defs/a%20b",
    "#/$defs/a~1b",
    "#/%24defs/a",
    "other.json#/$defs/a",
    "https://example.com/schema.json",
    "file:///etc/passwd",
    `#/$defs/${"a".repeat(64)}`,
  ])("$ref %j leads out of the schema's definitions", ($ref) => {
    expect(schemaProblem({ $defs: { a: {} }, items: { $ref } })).toEqual({
      pointer: "/items/$ref",
      message: 'must be "#/$defs/NAME", a reference within the schema',
    });
  });

  test.each(["b", "toString", "constructor"])("$ref to %s, which is not defined, leads nowhere", (name) => {
    expect(schemaProblem({ $defs: { a: {} }, not: { $ref: `#/$defs/${name}` } })).toEqual({
      pointer: "/not/$ref",
      message: "leads nowhere: $defs has no such name",
    });
  });

  test.each([
    ["itself", { a: { properties: { child: { $ref: "#/$defs/a" } } } }, "/$defs/a/properties/child/$ref"],
    ["itself at once", { a: { $ref: "#/$defs/a" } }, "/$defs/a/$ref"],
    [
      "another and back",
      { a: { items: { $ref: "#/$defs/b" } }, b: { not: { $ref: "#/$defs/a" } } },
      "/$defs/b/not/$ref",
    ],
  ])("a definition that leads to %s is refused, used or not", (_, $defs, pointer) => {
    const message = "leads back to itself, and recursion is refused";
    expect(schemaProblem({ $defs })).toEqual({ pointer, message });
    expect(schemaProblem({ $defs, items: { $ref: "#/$defs/a" } })).toEqual({ pointer, message });
  });

  test("references that double at each of 100 steps are refused", () => {
    const twice = (index: number): object => ({ $ref: `#/$defs/d${index}` });
    const $defs = Object.fromEntries(
      times(100, (index) => [`d${index}`, index === 99 ? {} : { anyOf: [twice(index + 1), twice(index + 1)] }]),
    );
    expect(schemaProblem({ $defs, $ref: "#/$defs/d0" })?.message).toMatch(/^takes up to \d+ steps for one value/);
  });

  test("references that double from field to field judge each value once and are usable", () => {
    const both = (index: number): object => ({ $ref: `#/$defs/d${index}` });
    const $defs = Object.fromEntries(
      times(30, (index) => [
        `d${index}`,
        index === 29 ? {} : { properties: { a: both(index + 1), b: both(index + 1) } },
      ]),
    );
    expect(schemaProblem({ $defs, $ref: "#/$defs/d0" })).toBeUndefined();
  });
});

describe("sizes", () => {
  const oversized: readonly (readonly [what: string, schema: unknown, pointer: string, message: string])[] = [
    [
      "bytes",
      { enum: times(40, (index) => String(index).padEnd(450, "é")) },
      "",
      `bytes as JSON; at most ${schemaLimits.bytes}`,
    ],
    [
      "values",
      { allOf: times(8, () => ({ properties: named(255, true) })) },
      "/allOf/3/properties/name197",
      `is where the schema exceeds ${schemaLimits.values} values`,
    ],
    [
      "depth",
      nested(schemaLimits.depth + 1),
      "/not".repeat(schemaLimits.depth + 1),
      "is nested deeper than 32 schemas",
    ],
    ["list entries", { enum: times(schemaLimits.entries + 1, String) }, "/enum", "has 257 entries; at most 256"],
    ["names", { properties: named(schemaLimits.entries + 1, {}) }, "/properties", "has 257 entries; at most 256"],
    ["keywords", named(schemaLimits.entries + 1, {}), "", "has 257 entries; at most 256"],
    ["text", { const: "x".repeat(schemaLimits.text + 1) }, "/const", "is longer than 512 characters"],
    [
      "name",
      { properties: { ["x".repeat(schemaLimits.text + 1)]: {} } },
      "/properties",
      "has a name that is longer than 512 characters",
    ],
    [
      "steps",
      { items: { allOf: times(200, () => ({ maxLength: 1 })) } },
      "/items",
      `takes up to 602 steps for one value; at most ${schemaLimits.stepsPerValue} are allowed`,
    ],
  ];
  test.each(oversized)("too much %s is refused at its place", (_, schema, pointer, message) => {
    const problem = schemaProblem(schema);
    expect(problem?.message).toContain(message);
    expect(problem?.pointer).toBe(pointer);
  });
});

describe("hostile input is refused and never throws", () => {
  test.each([
    ['{"properties": {"__proto__": {"maximum": 1}}}', "/properties/__proto__"],
    ['{"required": ["__proto__"]}', "/required/0/__proto__"],
    ['{"__proto__": {"type": "string"}}', "/__proto__"],
    ['{"$defs": {"__proto__": {}}}', "/$defs/__proto__"],
    ['{"dependentRequired": {"a": ["__proto__"]}}', "/dependentRequired/a/0/__proto__"],
    ['{"required": [""]}', "/required/0/"],
    ['{"properties": {"": false}}', "/properties/"],
  ])("%s", (json, pointer) => {
    expect(schemaProblem(read(json))).toEqual({ pointer, message: "is a name that no schema may use" });
  });

  test.each(["not", "items", "properties", "unknown"])("100,000 levels of %s", (keyword) => {
    const levels = 100_000;
    const json = `{"${keyword}":`.repeat(levels) + "{}" + "}".repeat(levels);
    expect(schemaProblem(read(json))).toBeDefined();
  });

  test.each([
    ["keywords", `{${times(300_000, (index) => `"k${index}":1`).join(",")}}`],
    ["entries", `{"enum":[${times(1_000_000, () => 1).join(",")}]}`],
    ["characters", `{"const":"${"x".repeat(3 * 1024 * 1024)}"}`],
  ])("3 MiB of %s", (_, json) => expect(schemaProblem(read(json))).toBeDefined());

  test("values that no JSON holds", () => {
    const cycle: Record<string, unknown> = {};
    cycle["not"] = cycle;
    for (const value of [cycle, { const: 1n }, { const: undefined }, { enum: [Symbol("s")] }, { title: () => "" }]) {
      expect(schemaProblem(value)).toBeDefined();
    }
  });
});
