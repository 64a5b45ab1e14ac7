import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatFieldPath, isWithin, parseFieldPath } from "../../../src/api/field-path.ts";
import type { FieldPath, PathStep } from "../../../src/api/field-path.ts";

const member = (name: string): PathStep => ({ kind: "member", name });
const element = (...keys: readonly (readonly [string, string])[]): PathStep => ({ kind: "element", keys });

/** @throws when the text is no path. */
function path(text: string): FieldPath {
  const parsed = parseFieldPath(text);
  if (parsed.kind === "error") throw new Error(`${parsed.position}: ${parsed.message}`);
  return parsed.path;
}

describe("a field path", () => {
  test.each<[string, FieldPath]>([
    ["spec", [member("spec")]],
    ["spec.replicas", [member("spec"), member("replicas")]],
    ["a-b.c_d.$ref", [member("a-b"), member("c_d"), member("$ref")]],
    ["0.1", [member("0"), member("1")]],
    [
      "spec.containers[name=web].image",
      [member("spec"), member("containers"), element(["name", "web"]), member("image")],
    ],
    ['metadata.annotations["example.com/x.y"]', [member("metadata"), member("annotations"), member("example.com/x.y")]],
    ['["example.com/x"].y', [member("example.com/x"), member("y")]],
    [String.raw`a["quote \" and \\ and é]"]`, [member("a"), member('quote " and \\ and é]')]],
    ["ports[protocol=TCP,containerPort=80]", [member("ports"), element(["containerPort", "80"], ["protocol", "TCP"])]],
    ['env[name="A=B,[x]"].value', [member("env"), element(["name", "A=B,[x]"]), member("value")]],
    ['env[name=""]', [member("env"), element(["name", ""])]],
    ["mounts[mountPath=/var/run]", [member("mounts"), element(["mountPath", "/var/run"])]],
    ["__proto__.constructor", [member("__proto__"), member("constructor")]],
  ])("%s", (text, expected) => {
    expect(path(text)).toEqual(expected);
  });

  test.each<[string, number, RegExp]>([
    ["", 0, /empty/],
    [".", 0, /expected a name/],
    [".spec", 0, /expected a name/],
    ["spec.", 5, /expected a name/],
    ["spec..replicas", 5, /expected a name/],
    ["spec replicas", 4, /expected "\." or "\["/],
    ["spec/replicas", 4, /expected "\." or "\["/],
    ["spec.*", 5, /expected a name/],
    ["*", 0, /expected a name/],
    ["spec.containers[*].image", 15, /key=value/],
    ["spec.containers[0].image", 15, /key=value/],
    ["spec.containers[].image", 15, /key=value/],
    ["spec.containers[name].image", 15, /key=value/],
    ["spec.containers[name=].image", 15, /value after =/],
    ["spec.containers[name=web", 15, /expected "," or "\]"/],
    ["spec.containers[name=web,].image", 15, /key=value/],
    ["spec.containers[name=web,name=api]", 15, /twice/],
    ["spec.containers[name=web]image", 25, /expected "\." or "\["/],
    ['spec["x]', 4, /quoted name/],
    ['spec["x"', 4, /quoted name/],
    ['spec[""]', 4, /name between the quotes/],
    [String.raw`spec["\x"]`, 4, /no JSON string/],
    [String.raw`env[name="\x"]`, 3, /no JSON string/],
    ["[name=web].image", 0, /begins with a field/],
    ["spec.ünder", 5, /expected a name/],
    ["a".repeat(1025), 0, /longer than/],
  ])("%j is refused at %i", (text, position, message) => {
    expect(parseFieldPath(text)).toMatchObject({ kind: "error", position });
    expect(parseFieldPath(text)).toMatchObject({ message: expect.stringMatching(message) as string });
  });

  test("that is short enough may have any number of steps", () => {
    expect(path(Array.from({ length: 512 }, () => "a").join("."))).toHaveLength(512);
  });
});

const names = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9_$-]{1,8}$/),
  fc.string({ minLength: 1, maxLength: 8, unit: "binary" }),
  fc.constantFrom("example.com/x", '"', "\\", "a.b", "[x=y]", "__proto__", "\n", "\u{1F600}", "\u2028"),
);
const values = fc.oneof(
  fc.string({ maxLength: 8, unit: "binary" }),
  fc.constantFrom("", "web", "a,b", "x=]", '"', "80"),
);
const steps: fc.Arbitrary<PathStep> = fc.oneof(
  { weight: 3, arbitrary: names.map(member) },
  {
    weight: 1,
    arbitrary: fc
      .uniqueArray(fc.tuple(fc.stringMatching(/^[A-Za-z]{1,6}$/), values), {
        minLength: 1,
        maxLength: 3,
        selector: ([name]) => name,
      })
      .map((keys) => element(...keys.toSorted(([a], [b]) => (a < b ? -1 : 1)))),
  },
);
const paths = fc
  .tuple(names.map(member), fc.array(steps, { maxLength: 6 }))
  .map(([first, rest]): FieldPath => [first, ...rest]);

test("what is formatted is read back as the same path", () => {
  fc.assert(
    fc.property(paths, (expected) => {
      expect(path(formatFieldPath(expected))).toEqual(expected);
    }),
    { numRuns: 5000, seed: 4 },
  );
});

test("what is read and formatted is read back the same, whatever the text; nothing throws", () => {
  const letters = fc.constantFrom(...Array.from('abz019.[]=,"\\*/ _$-é\n'), "name=", '["', '"]', ".spec");
  fc.assert(
    fc.property(fc.string({ unit: letters, maxLength: 24 }), (text) => {
      const parsed = parseFieldPath(text);
      if (parsed.kind === "path") expect(path(formatFieldPath(parsed.path))).toEqual(parsed.path);
      else {
        expect(parsed.position).toBeGreaterThanOrEqual(0);
        expect(parsed.position).toBeLessThanOrEqual(text.length);
      }
    }),
    { numRuns: 5000, seed: 4 },
  );
});

test("two paths are formatted alike only if they are the same", () => {
  fc.assert(
    fc.property(paths, paths, (a, b) => {
      expect(formatFieldPath(a) === formatFieldPath(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
    { numRuns: 2000, seed: 4 },
  );
});

describe("within", () => {
  test.each<[string, string, boolean]>([
    ["spec.replicas", "spec.replicas", true],
    ["spec.replicas", "spec", true],
    ["spec", "spec.replicas", false],
    ["spec.replicas", "spec.replica", false],
    ["spec.replicasets", "spec.replicas", false],
    ["specs.replicas", "spec", false],
    ["status.replicas", "spec", false],
    ['metadata.annotations["a.b"]', "metadata.annotations.a.b", false],
    ["metadata.annotations.a.b", 'metadata.annotations["a.b"]', false],
    ['metadata.annotations["a"]', "metadata.annotations.a", true],
    ["c[name=web].image", "c[name=web].image", true],
    ["c[name=web].image", "c[name=web]", true],
    ["c[name=web].image", "c", true],
    ["c[name=web].image", "c[name=api].image", false],
    ["c[name=web].image", "c[name=we].image", false],
    ["c[name=web]", "c[name=web].image", false],
    ["c", "c[name=web]", false],
    ['c["name=web"]', "c[name=web]", false],
    ["p[containerPort=80,protocol=TCP].name", "p[protocol=TCP,containerPort=80]", true],
    ["p[containerPort=80,protocol=TCP].name", "p[containerPort=80]", false],
    ["p[containerPort=80]", "p[containerPort=80,protocol=TCP]", false],
    ['p[containerPort="80"]', "p[containerPort=80]", true],
  ])("%s lies within %s: %s", (inner, outer, expected) => {
    expect(isWithin(path(inner), path(outer))).toBe(expected);
  });
});
