import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseJson } from "../../../../src/admission/server/parse-json.ts";
import { parseStrictJson } from "../../../../src/admission/server/strict-json.ts";

/** The keys that a text is read as having, outermost object. */
function keysOf(text: string): readonly string[] {
  const result = parseStrictJson(Buffer.from(text));
  if (result.kind === "error") throw new Error(result.reason);
  return Object.keys(result.value as object);
}

describe("keys that are written with escapes", () => {
  test.each([
    ['{"k":1,"\\\\":2}', '{"k":1,"\\u0000":2}', ["k", "\u0000"]],
    ['{"a":1,"\\\\u":2}', '{"a":1,"\\u003ca":2}', ["a", "<a"]],
    ['{"b":1,"\\\\":2}', '{"b":1,"\\"q":2}', ["b", '"q']],
    ['{"c":1,"k:{\\\\":2}', '{"c":1,"k:{\\"name\\":\\"x\\"}":2}', ["c", 'k:{"name":"x"}']],
  ])("are read as written after %s", (earlier, text, expected) => {
    for (let round = 0; round < 100; round++) {
      JSON.parse(earlier);
      keysOf(earlier);
      expect(keysOf(text)).toEqual(expected);
    }
  });

  test("a key that holds a backslash is legal and kept", () => {
    expect(keysOf('{"k:{\\"by\\":\\"CORP\\\\\\\\alice\\"}":1}')).toEqual(['k:{"by":"CORP\\\\alice"}']);
  });
});

describe("reading key by key", () => {
  test("gives what the text says, whatever the keys", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value, null, 1);
        expect(JSON.stringify(parseJson(text))).toBe(JSON.stringify(value));
      }),
    );
  });

  test.each([
    "",
    "{",
    "[1,]",
    '{"a"}',
    '{"a":1,}',
    "{1:2}",
    "[1 2]",
    "tru",
    "01",
    "1 1",
    '{"a":}',
    '"\u0000"',
    "'a'",
    "[",
    "]",
  ])("refuses what is no JSON: %j", (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  test("__proto__ and constructor are ordinary keys", () => {
    expect(Object.keys(parseJson('{"__proto__":{"x":1},"constructor":2}') as object)).toEqual([
      "__proto__",
      "constructor",
    ]);
  });
});
