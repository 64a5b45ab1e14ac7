import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findUid } from "../../../../src/admission/server/find-uid.ts";
import { maximumDepth, parseStrictJson } from "../../../../src/admission/server/strict-json.ts";

const parse = (text: string): ReturnType<typeof parseStrictJson> => parseStrictJson(Buffer.from(text));
const outcome = (text: string): string => {
  const result = parse(text);
  return result.kind === "ok" ? "ok" : result.reason;
};
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

describe("strict JSON", () => {
  test("reads what JSON.parse reads, for every JSON value however it is spaced", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 1, "\t", "\n \r"), (value, space) => {
        const text = JSON.stringify(value, null, space);
        // The generator makes doubles beyond 2^53 that are written as integers; those are refused by design.
        fc.pre(!/\d{16}/.test(text));
        expect(parse(text)).toEqual({ kind: "ok", value: JSON.parse(text) });
      }),
      { numRuns: 500 },
    );
  });

  test("refuses whatever JSON.parse refuses and never throws, for every mangled text", () => {
    const mangled = fc
      .tuple(fc.json(), fc.nat(), fc.string({ maxLength: 3 }))
      .map(
        ([text, at, noise]) => text.slice(0, at % (text.length + 1)) + noise + text.slice((at + 1) % (text.length + 1)),
      );
    fc.assert(
      fc.property(mangled, (text) => {
        const result = parse(text);
        if (result.kind === "ok") expect(result.value).toEqual(JSON.parse(text));
      }),
      { numRuns: 1000 },
    );
  });

  test("never throws on arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        parseStrictJson(Buffer.from(bytes));
        findUid(Buffer.from(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  test("finds a repeated key wherever it stands", () => {
    const key = fc.string({ minLength: 1, maxLength: 5, unit: "grapheme" });
    fc.assert(
      fc.property(key, fc.json({ maxDepth: 2 }), fc.json({ maxDepth: 2 }), fc.nat(5), (name, one, other, depth) => {
        fc.pre(!/\d{16}|\\u[dD]/.test(one + other));
        const quoted = JSON.stringify(name);
        const open = '{"a":['.repeat(depth);
        const close = "]}".repeat(depth);
        expect(outcome(`${open}{${quoted}:${one},"":0,${quoted}:${other}}${close}`)).toBe("DuplicateKey");
        expect(outcome(`${open}[{${quoted}:${one}},{${quoted}:${other}}]${close}`)).toBe("ok");
      }),
    );
  });

  test("takes nesting up to the limit and no deeper", () => {
    expect(outcome(nested(maximumDepth))).toBe("ok");
    expect(outcome(nested(maximumDepth + 1))).toBe("TooDeep");
    expect(outcome(JSON.stringify("[".repeat(maximumDepth * 2)))).toBe("ok");
    expect(outcome(`[${Array.from({ length: maximumDepth * 2 }, () => "[]").join(",")}]`)).toBe("ok");
  });

  test.each([
    ["9007199254740991", "ok"],
    ["-9007199254740991", "ok"],
    ["9007199254740992", "IntegerOutOfRange"],
    ["-9007199254740993", "IntegerOutOfRange"],
    ["123456789012345678901234567890", "IntegerOutOfRange"],
    ["1e308", "ok"],
    ["1e309", "NumberOutOfRange"],
    ["-1E999", "NumberOutOfRange"],
    [`1${"0".repeat(400)}.5`, "NumberOutOfRange"],
    ["0.30000000000000004441", "ok"],
    ["1e-999", "ok"],
    ["NaN", "InvalidJson"],
    ["01", "InvalidJson"],
    ["1234567890123456.7.8", "InvalidJson"],
  ])("number %s: %s", (text, expected) => {
    expect(outcome(text)).toBe(expected);
    expect(outcome(`{"a":[1,${text}]}`)).toBe(expected);
  });

  test.each([
    ['"\\ud800"', "LoneSurrogate"],
    ['"\\uDFFF"', "LoneSurrogate"],
    ['"\\ude00\\ud83d"', "LoneSurrogate"],
    ['"\\ud83d\\ude00"', "ok"],
    ['"\\\\ud800"', "ok"],
    ['"\\\\\\ud800"', "LoneSurrogate"],
    ['"\\ud7ff"', "ok"],
  ])("string %s: %s", (text, expected) => {
    expect(outcome(text)).toBe(expected);
    expect(outcome(`{${text}:1}`)).toBe(expected);
    expect(outcome(`[{"a":[${text}]}]`)).toBe(expected);
  });

  test("a bare surrogate in UTF-8 (CESU-8) and an overlong form are invalid UTF-8", () => {
    for (const bytes of [
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0x22, 0xc0, 0xaf, 0x22],
    ]) {
      expect(parseStrictJson(Buffer.from(bytes))).toMatchObject({ reason: "InvalidUtf8" });
    }
  });

  test("__proto__ and constructor are own keys and change no prototype", () => {
    const result = parse('{"__proto__":{"polluted":1},"constructor":2}');
    if (result.kind !== "ok") throw new Error(result.message);
    expect(Object.keys(result.value as object)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(result.value)).toBe(Object.prototype);
    expect((result.value as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("messages never quote the text, which may be a Secret's", () => {
    const result = parse('{"password": hush}');
    expect(result.kind === "error" && result.message).not.toContain("hush");
  });
});

describe("the uid of a body that cannot be read", () => {
  test.each([
    ['{"request":{"uid":"u"', "u"],
    ['{"kind":"x","request" : { "a":{"uid":"no"}, "uid" : "u" , ...', "u"],
    ['{"request":{"uid":"\\u0075"}', "u"],
    ['{"\\u0072equest":{"uid":"u"', "u"],
    ['{"request":{"uid":"u"},"request":{"uid":"v"}}', "u"],
    ['{"other":{"uid":"no"},"request":{"uid":"u"', "u"],
    ['{"request":{"a":"\\"uid\\":\\"no\\"","uid":"u"', "u"],
  ])("%s: %s", (text, expected) => {
    expect(findUid(Buffer.from(text))).toBe(expected);
  });

  test.each([
    '{"uid":"u"}',
    '{"request":"uid"}',
    '{"request":["uid","u"]}',
    '[{"request":{"uid":"u"}}]',
    '{"request":{"a":{"uid":"u"}}}',
    '{"request":1,"other":{"uid":"u"}}',
    '{"request":{},"other":{"uid":"u"}}',
    '{"request":{"uid":7}}',
    '{"request":{"uid":""}}',
    '{"request":{"uid":"u',
    '"request":{"uid":"u"}',
    `{"request":{"uid":"${"u".repeat(257)}"}}`,
  ])("%s has none", (text) => {
    expect(findUid(Buffer.from(text))).toBeUndefined();
  });

  test("is the parsed one, for every review", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (rest, fields) => {
          const text = JSON.stringify({ ...rest, request: { ...fields, uid: "the-uid" } });
          expect(findUid(Buffer.from(text))).toBe("the-uid");
        },
      ),
    );
  });
});
