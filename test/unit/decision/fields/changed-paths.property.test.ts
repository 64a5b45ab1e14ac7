import * as fc from "fast-check";
import { expect, test } from "vitest";
import { formatFieldPath, isWithin } from "../../../../src/api/field-path.ts";
import type { JsonValue } from "../../../../src/decision/admission-request.ts";
import { changedPaths } from "../../../../src/decision/change/changed-paths.ts";
import type { Change } from "../../../../src/decision/change/changed-paths.ts";
import { isRecord, taken, text, valueAt } from "./naive-changes.ts";

const cases = 10_000;
const plain = { noNullPrototype: true } as const;

/** Few names and values, so that two objects meet; lists with merge keys among them. */
const { value: values, object: objects } = fc.letrec<Record<"value" | "object" | "keyed" | "list", JsonValue>>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 6, depthSize: "small" },
      fc.constantFrom<JsonValue>(null, true, 0, 1, "a", "b", {}, []),
      tie("object"),
      tie("keyed"),
      tie("list"),
    ),
    object: fc.oneof(
      fc.dictionary(fc.constantFrom("a", "b", "containers", "ports", "__proto__", "x.y"), tie("value"), {
        maxKeys: 4,
        ...plain,
      }),
      fc.record({ containers: tie("keyed"), env: tie("keyed"), ports: tie("list") }, { requiredKeys: [], ...plain }),
    ),
    keyed: fc.array(
      fc.record(
        {
          name: fc.constantFrom<JsonValue>("w", "x", "y", "z", 1),
          containerPort: fc.constantFrom(80, 81),
          protocol: fc.constantFrom("TCP", "UDP"),
          env: tie("keyed"),
          any: tie("value"),
        },
        { requiredKeys: ["name"], ...plain },
      ),
      { maxLength: 3 },
    ),
    list: fc.array(tie("value"), { maxLength: 3 }),
  }),
);

/** Before and after: an object and an edit of it, or two of any kind. */
const pairs = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(objects, values, fc.array(fc.nat(5), { minLength: 24, maxLength: 24 })).map(edit) },
  { weight: 1, arbitrary: fc.tuple(values, values) },
);

function edit([before, other, choices]: readonly [JsonValue, JsonValue, number[]]): readonly [JsonValue, JsonValue] {
  let next = 0;
  const choose = (bound: number): number => (choices[next++ % choices.length] ?? 0) % bound;
  const inside = (value: JsonValue): JsonValue => {
    if (choose(6) === 0 || typeof value !== "object" || value === null) return other;
    if (Array.isArray(value)) {
      const list = value as readonly JsonValue[];
      const at = choose(list.length + 1);
      if (choose(6) === 0) return list.toReversed();
      if (at === list.length) return [...list, other];
      return choose(3) === 0 ? list.toSpliced(at, 1) : list.with(at, inside(list[at] ?? null));
    }
    const entries = Object.entries(value as Record<string, JsonValue>);
    const at = choose(entries.length + 1);
    const [name, inner] = entries[at] ?? [];
    if (name === undefined || inner === undefined) return Object.fromEntries([...entries, ["new", other]]);
    if (choose(4) === 0) return Object.fromEntries(entries.toSpliced(at, 1));
    return Object.fromEntries([[name, inside(inner)], ...entries.filter(([key]) => key !== name)]);
  };
  return [before, choose(3) === 0 ? inside(inside(before)) : inside(before)];
}

/** What is wrong with the changes told; vitest's own assertions would take most of the time. */
function problemOf(before: JsonValue, after: JsonValue, changes: readonly Change[]): string | undefined {
  const paths = changes.map(({ path }) => path);
  const expected = text(after);
  const got = text(taken(before, after, paths));
  if (got !== expected) return `taken over, the changes make ${got} of ${text(before)} instead of ${expected}`;
  if (changes.length > 0 && text(before) === expected) return "changes where nothing differs";
  for (const { path, before: left, after: right } of changes) {
    const place = formatFieldPath(path);
    if (text(valueAt(before, path)) !== text(left)) return `${place} was something else`;
    if (text(valueAt(after, path)) !== text(right)) return `${place} is something else`;
    if (text(left) === text(right)) return `${place} does not differ`;
    if (isRecord(left) && isRecord(right)) return `${place} can be told deeper`;
    if (paths.filter((other) => isWithin(other, path)).length !== 1) return `${place} is told more than once`;
  }
  return undefined;
}

test(`${cases} changes are told exactly: taken over at the paths, and only there, they make the new object`, () => {
  let changed = 0;
  let byElement = 0;
  fc.assert(
    fc.property(pairs, ([before, after]) => {
      const changes = changedPaths(before, after);
      const paths = changes.map(({ path }) => path);
      const problem = problemOf(before, after, changes);
      if (problem !== undefined) throw new Error(problem);
      if (changes.length > 0) changed += 1;
      if (paths.some((path) => path.some(({ kind }) => kind === "element"))) byElement += 1;
    }),
    { numRuns: cases, seed: 20_261_124 },
  );
  expect(changed / cases, "share of real changes").toBeGreaterThan(0.6);
  expect(byElement / cases, "share of changes within keyed lists").toBeGreaterThan(0.1);
});

test("a change and its reverse have the same places", () => {
  fc.assert(
    fc.property(pairs, ([before, after]) => {
      const there = changedPaths(before, after).map(({ path }) => formatFieldPath(path));
      const back = changedPaths(after, before).map(({ path }) => formatFieldPath(path));
      return back.toSorted().join("\n") === there.toSorted().join("\n");
    }),
    { numRuns: 2000, seed: 7 },
  );
});
