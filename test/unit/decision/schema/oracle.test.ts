import * as fc from "fast-check";
import { expect, test } from "vitest";
import { checkRuleSchema, schemaProblem } from "../../../../src/decision/schema/check-schema.ts";
import { countValues } from "../../../../src/decision/schema/count-values.ts";
import { createRuleSchemas } from "../../../../src/decision/schema/rule-schemas.ts";
import { json, schema } from "./arbitraries.ts";
import { satisfies } from "./evaluate.ts";

const objects = fc.array(json, { minLength: 10, maxLength: 10 });

test("10,000 verdicts are those of a plain evaluator, and no object is changed", () => {
  const kinds = { holds: 0, violated: 0 };
  fc.assert(
    fc.property(schema, objects, (schema, objects) => {
      const schemas = createRuleSchemas();
      for (const object of objects) {
        deepFreeze(object);
        const { kind } = schemas.validate(schema as object, object);
        expect(kind).toBe(satisfies(schema, object).verdict ? "holds" : "violated");
        if (kind !== "unusable") kinds[kind] += 1;
      }
    }),
    { numRuns: 1000 },
  );
  // Were nearly all verdicts alike, agreement would say little.
  expect(Math.min(kinds.holds, kinds.violated)).toBeGreaterThan(2000);
});

test("no evaluation takes more steps than the schema's load allows for the values of the object", () => {
  fc.assert(
    fc.property(schema, objects, (schema, objects) => {
      const check = checkRuleSchema(schema);
      if (check.kind === "unusable") return;
      for (const object of objects) {
        const allowed = check.stepsPerValue * countValues(object, Number.MAX_SAFE_INTEGER);
        expect(satisfies(schema, object).steps).toBeLessThanOrEqual(allowed);
      }
    }),
    { numRuns: 1000 },
  );
});

test("whatever JSON can hold is either refused or can be enforced, and never throws", () => {
  const hostile = fc.oneof(
    schema,
    json,
    fc.tuple(schema, json).map(([schema, value]) => graft(schema, value)),
  );
  fc.assert(
    fc.property(hostile, json, (hostile, object) => {
      if (schemaProblem(hostile)) return;
      const schemas = createRuleSchemas();
      expect(schemas.prepare(hostile as object)).toBeUndefined();
      expect(["holds", "violated"]).toContain(schemas.validate(hostile as object, object).kind);
    }),
    { numRuns: 1000 },
  );
});

/** The schema with a foreign value in place of one of its keywords' values. */
function graft(schema: unknown, value: unknown): unknown {
  const [keyword] = Object.keys(schema as object);
  return keyword === undefined ? value : { ...(schema as object), [keyword]: value };
}

function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  Object.freeze(value);
  Object.values(value).forEach(deepFreeze);
}
