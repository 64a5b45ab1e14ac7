import { afterEach, describe, expect, test, vi } from "vitest";
import { checkRuleSchema } from "../../../../src/decision/schema/check-schema.ts";
import * as compiler from "../../../../src/decision/schema/compile-schema.ts";
import { createRuleSchemas } from "../../../../src/decision/schema/rule-schemas.ts";
import { schemaLimits } from "../../../../src/decision/schema/schema-limits.ts";

vi.mock("../../../../src/decision/schema/compile-schema.ts", { spy: true });
const compile = vi.mocked(compiler.compileSchema);
afterEach(() => compile.mockClear());

const atMost20 = { properties: { spec: { properties: { replicas: { maximum: 20 } } } } };
const copy = (schema: object): object => JSON.parse(JSON.stringify(schema)) as object;
const times = <T>(count: number, value: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => value(i));

describe("the contract's example", () => {
  const { validate } = createRuleSchemas();

  test.each([0, 3, 20])("holds with %d replicas", (replicas) => {
    expect(validate(atMost20, { spec: { replicas } })).toEqual({ kind: "holds" });
  });

  test("is violated by 21 replicas, told by path and keyword", () => {
    expect(validate(atMost20, { spec: { replicas: 21 } })).toEqual({
      kind: "violated",
      violations: [{ path: "spec.replicas", keyword: "maximum", message: "must be <= 20" }],
    });
  });

  test("judges numbers only, and fields that are there only", () => {
    for (const object of [{ spec: { replicas: "21" } }, { spec: {} }, {}, null]) {
      expect(validate(atMost20, object)).toEqual({ kind: "holds" });
    }
  });

  test("is violated by a number that is too large to be finite", () => {
    const object: unknown = JSON.parse('{"spec": {"replicas": 1e400}}');
    expect(validate(atMost20, object).kind).toBe("violated");
  });

  test("closes both gaps with type and required", () => {
    const strict = {
      required: ["spec"],
      properties: {
        spec: { type: "object", required: ["replicas"], properties: { replicas: { type: "integer", maximum: 20 } } },
      },
    };
    for (const object of [{ spec: { replicas: "21" } }, { spec: {} }, {}, { spec: null }]) {
      expect(validate(strict, object).kind).toBe("violated");
    }
  });
});

describe("a violation names path and keyword", () => {
  const { validate } = createRuleSchemas();
  const cases: readonly (readonly [schema: object, object: unknown, path: string, keyword: string])[] = [
    [{ type: "object" }, [], "", "type"],
    [{ required: ["spec"] }, {}, "spec", "required"],
    [
      { properties: { metadata: { required: ["example.com/x"] } } },
      { metadata: {} },
      'metadata["example.com/x"]',
      "required",
    ],
    [{ additionalProperties: false }, { "a\nb": 1 }, '["a\\nb"]', "additionalProperties"],
    [
      { properties: { spec: { properties: { hostPID: false } } } },
      { spec: { hostPID: true } },
      "spec.hostPID",
      "false",
    ],
    [
      { properties: { l: { items: { properties: { image: { const: "a" } } } } } },
      { l: [{ image: "b" }] },
      "/l/0/image",
      "const",
    ],
    [{ properties: { l: { items: { required: ["a/b"] } } } }, { l: [{}] }, "/l/0/a~1b", "required"],
    [{ properties: { "0": { properties: { "1": false } } } }, { "0": { "1": 1 } }, "0.1", "false"],
    [{ dependentRequired: { a: ["b"] } }, { a: 1 }, "b", "dependentRequired"],
    [{ $defs: { x: { maxLength: 1 } }, properties: { a: { $ref: "#/$defs/x" } } }, { a: "ab" }, "a", "maxLength"],
  ];
  test.each(cases)("%j", (schema, object, path, keyword) => {
    const verdict = validate(schema, object);
    expect(verdict).toMatchObject({ kind: "violated", violations: [{ path, keyword }] });
  });

  test("of alternatives, the combination comes first and then what each lacks, a few in all", () => {
    const schema = { anyOf: times(10, (index) => ({ required: [`name${index}`] })) };
    const verdict = validate(schema, {});
    expect(verdict.kind === "violated" && verdict.violations.map(({ path, keyword }) => `${path} ${keyword}`)).toEqual([
      " anyOf",
      "name0 required",
      "name1 required",
      "name2 required",
    ]);
  });

  test("a name that is too long is told by its name and then itself", () => {
    const verdict = validate({ propertyNames: { maxLength: 2 } }, { abc: 1 });
    expect(verdict).toMatchObject({
      violations: [{ keyword: "propertyNames" }, { path: "abc", keyword: "maxLength" }],
    });
  });

  test("never holds a value of the object, and no path of any length", () => {
    const secret = "c2VjcmV0";
    const rules = [{ const: "x" }, { enum: ["x"] }, { maxLength: 1 }, { type: "object" }, { not: {} }, false];
    for (const rule of rules) {
      const schema = { properties: { data: { additionalProperties: rule } } };
      expect(JSON.stringify(validate(schema, { data: { password: secret } }))).not.toContain(secret);
    }
    const verdict = validate({ additionalProperties: false }, { ["\ud83d\ude00".repeat(1_000_000)]: 1 });
    expect(JSON.stringify(verdict).length).toBeLessThan(2000);
  });
});

describe("names that JavaScript gives a meaning", () => {
  const { validate } = createRuleSchemas();

  test.each(["constructor", "toString", "hasOwnProperty", "valueOf"])(
    "%s is absent unless the object has it",
    (name) => {
      expect(validate({ required: [name] }, {}).kind).toBe("violated");
      expect(validate({ properties: { [name]: false } }, {}).kind).toBe("holds");
      expect(validate({ required: [name], properties: { [name]: { const: 1 } } }, { [name]: 1 }).kind).toBe("holds");
      expect(validate({ properties: { [name]: false } }, { [name]: 1 }).kind).toBe("violated");
    },
  );

  test("__proto__ in an object is a property like any other", () => {
    const object: unknown = JSON.parse('{"__proto__": {"replicas": 3}}');
    expect(validate({ additionalProperties: false }, object).kind).toBe("violated");
    expect(validate({ maxProperties: 0 }, object).kind).toBe("violated");
    expect(validate({ required: ["replicas"] }, object).kind).toBe("violated");
  });
});

describe("compilation", () => {
  test("happens when the schema is prepared, and never again for the same object", () => {
    const schemas = createRuleSchemas();
    expect(schemas.prepare(atMost20)).toBeUndefined();
    expect(compile).toHaveBeenCalledTimes(1);
    for (const replicas of [1, 2, 30]) schemas.validate(atMost20, { spec: { replicas } });
    expect(compile).toHaveBeenCalledTimes(1);
  });

  test("happens once for a schema that is read anew, and again for one that changed", () => {
    const schemas = createRuleSchemas();
    schemas.prepare(copy(atMost20));
    expect(schemas.validate(copy(atMost20), { spec: { replicas: 21 } }).kind).toBe("violated");
    expect(compile).toHaveBeenCalledTimes(1);
    schemas.prepare({ properties: { spec: { properties: { replicas: { maximum: 21 } } } } });
    expect(compile).toHaveBeenCalledTimes(2);
  });

  test("is forgotten for the schema that was not used for longest", () => {
    const schemas = createRuleSchemas({ capacity: 2 });
    const [a, b, c] = [{ title: "a" }, { title: "b" }, { title: "c" }] as const;
    for (const schema of [a, b, a, c]) schemas.prepare(copy(schema));
    expect(compile).toHaveBeenCalledTimes(3);
    schemas.prepare(copy(a));
    expect(compile).toHaveBeenCalledTimes(3);
    schemas.prepare(copy(b));
    expect(compile).toHaveBeenCalledTimes(4);
  });

  test("is not shared between instances", () => {
    createRuleSchemas().prepare(atMost20);
    createRuleSchemas().prepare(atMost20);
    expect(compile).toHaveBeenCalledTimes(2);
  });
});

test("a condition that never applies is evaluated like any other", () => {
  const condition: unknown = JSON.parse(
    '{"if": {"oneOf": [{"additionalProperties": false}], "not": true}, "then": {"type": "null"}}',
  );
  expect(createRuleSchemas().validate(condition as object, {})).toEqual({ kind: "holds" });
});

describe("what cannot be enforced lets nothing through", () => {
  test("a schema that is refused names the place, at preparation and at every request", () => {
    const schemas = createRuleSchemas();
    const schema = { properties: { a: { pattern: "^a$" } } };
    const problem = { pointer: "/properties/a/pattern", message: expect.stringContaining("is refused") };
    expect(schemas.prepare(schema)).toEqual(problem);
    expect(schemas.validate(schema, { a: "a" })).toEqual({ kind: "unusable", ...problem });
    expect(compile).not.toHaveBeenCalled();
  });

  test("a schema that the validator refuses", () => {
    compile.mockImplementationOnce(() => {
      throw new Error("unforeseen");
    });
    const verdict = createRuleSchemas().validate(atMost20, {});
    expect(verdict).toEqual({ kind: "unusable", pointer: "", message: "cannot be compiled: unforeseen" });
  });

  test("a validator that fails", () => {
    compile.mockImplementationOnce(() => () => {
      throw new Error("unforeseen");
    });
    const verdict = createRuleSchemas().validate(atMost20, {});
    expect(verdict).toEqual({ kind: "unusable", pointer: "", message: "cannot be evaluated: unforeseen" });
  });
});

describe("objects of 3 MiB", () => {
  const schemas = createRuleSchemas();
  const megabytes = 3 * 1024 * 1024;

  test("with 10,000 containers are judged to the last", () => {
    const containers = times(10_000, (index) => ({
      name: `c${index}`,
      image: `registry.example.com/team/app@sha256:${"0".repeat(64)}`,
      env: times(4, (variable) => ({ name: `VARIABLE_${variable}`, value: "some value" })),
    }));
    const image = { type: "string", maxLength: 200 };
    const schema = {
      properties: { containers: { type: "array", items: { required: ["image"], properties: { image } } } },
    };
    expect(schemas.validate(schema, { containers })).toEqual({ kind: "holds" });
    expect(schemas.validate(schema, { containers: [...containers, {}] })).toMatchObject({
      violations: [{ path: "/containers/10000/image", keyword: "required" }],
    });
  });

  const costly = { anyOf: [...times(100, (index) => ({ maxLength: index, maximum: -index })), {}] };
  test.each([
    ["numbers", times(megabytes / 2, () => 1)],
    ["lists", times(megabytes / 3, () => [])],
    ["names", Object.fromEntries(times(megabytes / 12, (index) => [`name${index}`, 1]))],
    ["characters", "x".repeat(megabytes)],
  ])("of %s are refused, when the schema takes long for each value", (_, a) => {
    const schema = { properties: { a: { items: costly, additionalProperties: costly, ...costly } } };
    expect(schemas.validate(schema, { a })).toEqual({
      kind: "unusable",
      pointer: "",
      message: expect.stringMatching(/^is too costly for an object of more than \d+ values; use fewer keywords$/),
    });
    expect(schemas.validate(schema, { a: 1 })).toEqual({ kind: "holds" });
  });

  test("nested as deeply as requests are read hold what the schema does not look at", () => {
    const levels = 512;
    const object: unknown = JSON.parse('{"a":'.repeat(levels) + "1" + "}".repeat(levels));
    expect(schemas.validate({ properties: { a: { type: "object" } } }, object)).toEqual({ kind: "holds" });
  });

  test("are judged as long as they cost no more than is allowed", () => {
    const schema = { items: { allOf: times(40, () => ({ maximum: 1 })) } };
    const check = checkRuleSchema(schema);
    if (check.kind === "unusable") throw new Error(check.problem.message);
    // The list itself is a value too.
    const entries = Math.floor(schemaLimits.steps / check.stepsPerValue) - 1;
    expect(
      schemas.validate(
        schema,
        times(entries, () => 1),
      ),
    ).toEqual({ kind: "holds" });
    expect(
      schemas.validate(
        schema,
        times(entries + 1, () => 1),
      ).kind,
    ).toBe("unusable");
  });
});
