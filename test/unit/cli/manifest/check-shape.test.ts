import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { shapeProblem } from "../../../../src/cli/manifest/check-shape.ts";
import type { Schema } from "../../../../src/cli/manifest/check-shape.ts";

const none: ReadonlySet<string> = new Set();
const told = (value: unknown, schema: Schema, stamped = none): string | undefined => {
  const found = shapeProblem(value, schema, stamped);
  return found && `${found.path.join(".")}: ${found.problem}`;
};

describe("the first problem is told with its path", () => {
  test.each([
    [{ a: 1 }, { properties: { a: { type: "string" } } }, "a: expected a string"],
    [{ a: null }, { properties: { a: { type: "string" } } }, "a: is empty: leave it out, or give it a value"],
    [{ a: [1, "x"] }, { properties: { a: { type: "array", items: { type: "integer" } } } }, "a.1: expected an integer"],
    [{ a: 1.5 }, { properties: { a: { type: "integer" } } }, "a: expected an integer"],
    [{ a: 2 ** 53 }, { properties: { a: { type: "integer" } } }, "a: expected an integer"],
    [{ a: 0 }, { properties: { a: { type: "integer", minimum: 1 } } }, "a: is out of range"],
    [{ a: "z" }, { properties: { a: { enum: ["x", "y"] } } }, "a: expected x or y"],
    [{ a: "xyz" }, { properties: { a: { type: "string", maxLength: 2 } } }, "a: is longer than 2 characters"],
    [{ a: [] }, { properties: { a: { type: "array", minItems: 1, maxItems: 2 } } }, "a: expected 1 to 2 items"],
    [{ b: 1 }, { properties: { a: {} } }, "b: is no field that is known"],
    [{ toString: 1 }, { properties: {} }, "toString: is no field that is known"],
    [{}, { required: ["a"] }, "a: is missing"],
    [[], { type: "object" }, ": expected an object"],
    [{ m: { x: 1 } }, { properties: { m: { additionalProperties: { type: "string" } } } }, "m.x: expected a string"],
  ] as const)("%j", (value, schema, expected) => {
    expect(told(value, schema)).toBe(expected);
  });
});

test("what is stamped later may be missing, and what the schema keeps as it is may hold anything", () => {
  expect(told({}, { required: ["by"] }, new Set(["by"]))).toBeUndefined();
  expect(
    told({ s: { const: null } }, { properties: { s: { "x-kubernetes-preserve-unknown-fields": true } } }),
  ).toBeUndefined();
});

test("a length counts characters as the API server does, not UTF-16 units", () => {
  expect(told("😀😀", { type: "string", maxLength: 2 })).toBeUndefined();
});

test.each(["identityowners", "agentcapabilities", "elevationapprovals"])(
  "every pattern of %s can be read",
  (plural) => {
    const patterns: string[] = [];
    const collect = (node: unknown): void => {
      if (typeof node !== "object" || node === null) return;
      for (const [key, value] of Object.entries(node)) {
        if (key === "pattern" && typeof value === "string") patterns.push(value);
        else collect(value);
      }
    };
    collect(parse(readFileSync(new URL(`../../../../crds/${plural}.yaml`, import.meta.url), "utf8")));
    expect(patterns).not.toEqual([]);
    for (const pattern of patterns) expect(() => new RegExp(pattern, "u")).not.toThrow();
  },
);
