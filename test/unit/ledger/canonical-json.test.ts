import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, CanonicalJsonError, MAX_CANONICAL_DEPTH } from "../../../src/ledger/canonical-json.ts";

function double(hex: string): number {
  return Buffer.from(hex, "hex").readDoubleBE();
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

describe("RFC 8785 vectors", () => {
  test("section 3.2.2: literals, strings and numbers, less the number beyond 2^53", () => {
    const value: unknown = JSON.parse(String.raw`{
      "numbers": [333333333.33333329, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`);
    expect(canonicalJson(value)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    );
  });

  test("section 3.2.3: members are sorted by UTF-16 code units, not by code points", () => {
    const value: unknown = JSON.parse(String.raw`{
      "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
    }`);
    const order = canonicalJson(value).match(/[A-Z][A-Za-z: ]+(?="[,}])/g);
    expect(order).toEqual([
      "Carriage Return",
      "One",
      "Control",
      "Latin Small Letter O With Diaeresis",
      "Euro Sign",
      "Emoji: Grinning Face",
      "Hebrew Letter Dalet With Dagesh",
    ]);
  });

  test.each([
    ["0000000000000000", "0"],
    ["8000000000000000", "0"],
    ["0000000000000001", "5e-324"],
    ["8000000000000001", "-5e-324"],
    ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
    ["3eb0c6f7a0b5ed8d", "0.000001"],
    ["41b3de4355555553", "333333333.3333332"],
    ["41b3de4355555554", "333333333.33333325"],
    ["41b3de4355555555", "333333333.3333333"],
    ["41b3de4355555556", "333333333.3333334"],
    ["41b3de4355555557", "333333333.33333343"],
    ["becbf647612f3696", "-0.0000033333333333333333"],
    ["43143ff3c1cb0959", "1424953923781206.2"],
  ])("appendix B: the double %s is %s", (hex, text) => {
    expect(canonicalJson(double(hex))).toBe(text);
  });

  test.each(["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"])(
    "appendix B: the double %s is an error",
    (hex) => {
      expect(() => canonicalJson(double(hex))).toThrow(CanonicalJsonError);
    },
  );
});

describe("what has no canonical form is refused with its path", () => {
  test.each<[string, unknown, string]>([
    ["undefined in an array", { a: [1, undefined] }, "$.a[1]"],
    ["an array hole", Array(2), "$[0]"],
    ["an undefined member", { spec: { uid: undefined } }, "$.spec.uid"],
    ["a function", { toJSON: () => 1 }, "$.toJSON"],
    ["a symbol", [Symbol("x")], "$[0]"],
    ["a bigint", { index: 1n }, "$.index"],
    ["NaN", { "a b": [{ n: NaN }] }, '$["a b"][0].n'],
    ["an integer beyond 2^53 - 1", { n: 2 ** 53 }, "$.n"],
    ["an integer below -(2^53 - 1)", { n: -(2 ** 53) }, "$.n"],
    ["a large number with an exponent", { n: 1e30 }, "$.n"],
    ["a lone surrogate in a value", { s: "a\ud800b" }, "$.s"],
    ["a lone surrogate in a key", { a: { "\udc00": 1 } }, String.raw`$.a["\udc00"]`],
    ["a Date", { at: new Date(0) }, "$.at"],
    ["a Buffer", Buffer.of(1), "$"],
    ["a Map", [new Map()], "$[0]"],
  ])("%s", (_name, value, path) => {
    const act = (): string => canonicalJson(value);
    expect(act).toThrow(CanonicalJsonError);
    expect(act).toThrow(expect.objectContaining({ path }));
  });

  test("nesting is bounded, at 100,000 levels too", () => {
    expect(canonicalJson(nested(MAX_CANONICAL_DEPTH))).toContain("1");
    for (const depth of [MAX_CANONICAL_DEPTH + 1, 100_000]) {
      expect(() => canonicalJson(nested(depth))).toThrow(/nested deeper than 200/);
    }
  });

  test("a cycle is nesting without end", () => {
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    expect(() => canonicalJson(cycle)).toThrow(/nested deeper/);
  });

  test("a hostile path gives a message of one bounded line", () => {
    const key = "\n".repeat(10_000);
    const act = (): string => canonicalJson({ [key]: { [key]: NaN } });
    expect(act).toThrow(expect.objectContaining({ message: expect.stringMatching(/^[^\n]{1,2000}$/) as string }));
  });
});

test("the largest safe integers, and strings that need escapes at every length, are kept", () => {
  expect(canonicalJson([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])).toBe(
    "[9007199254740991,-9007199254740991]",
  );
  for (const text of ['"', "\\", "\u0000", "\u007f", "\u2028", "é", "😀", "a".repeat(101) + '"', "[\\]"]) {
    expect(canonicalJson(text)).toBe(JSON.stringify(text));
  }
});

test("__proto__, constructor and toJSON are ordinary keys, and objects without prototype are plain", () => {
  const text = '{"__proto__":{"x":1},"constructor":2,"toJSON":"no"}';
  expect(canonicalJson(JSON.parse(text))).toBe(text);
  expect(canonicalJson(Object.assign(Object.create(null), { b: 1, a: 2 }))).toBe('{"a":2,"b":1}');
});

test("integer-like keys are sorted as text", () => {
  expect(canonicalJson({ 9: "a", 10: "b", 1: "c" })).toBe('{"1":"c","10":"b","9":"a"}');
});

function units(key: string): Buffer {
  return Buffer.from(key, "utf16le").swap16();
}

/** As slow and plain as can be; compares keys as UTF-16BE bytes. */
function simple(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(simple).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).toSorted(([a], [b]) => Buffer.compare(units(a), units(b)));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${simple(member)}`).join(",")}}`;
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toReversed();
  return Object.fromEntries(entries.map(([key, member]) => [key, reversed(member)]));
}

const safeJson = fc
  .jsonValue({ maxDepth: 5, stringUnit: "binary" })
  .filter((value) => !/\d{16}|e\+/.test(JSON.stringify(value)));

test("agrees with a simple independent implementation, whatever the order of members, and parses back", () => {
  fc.assert(
    fc.property(safeJson, (value) => {
      const text = canonicalJson(value);
      expect(text).toBe(simple(value));
      expect(canonicalJson(reversed(value))).toBe(text);
      expect(simple(JSON.parse(text))).toBe(text);
    }),
    { numRuns: 1000 },
  );
});
