import type { FieldPath, PathStep } from "../../api/field-path.ts";
import type { JsonObject, JsonValue } from "../admission-request.ts";
import { asObject, isList, isObject, own } from "../json.ts";
import { elementKey, listKeysOf } from "./list-keys.ts";

/** One place at which two objects differ; an absent side is undefined. */
export interface Change {
  readonly path: FieldPath;
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

/**
 * Every place at which `after` differs from `before`, as deep as it can be told: members of objects by name, elements of
 * lists by their merge keys where these are known, other lists whole. An added or removed object is told by its leaves,
 * so that the same change has the same paths however it was sent. Order within a keyed list counts: elements that both
 * sides have and that changed places make the whole list the change.
 *
 * Input has bounded depth (the edge refuses deeper JSON), so the recursion is bounded too.
 */
export function changedPaths(before: JsonValue | undefined, after: JsonValue | undefined): readonly Change[] {
  const changes: Change[] = [];
  compare([], "", before, after, changes);
  return changes;
}

function compare(
  path: FieldPath,
  field: string,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  into: Change[],
): void {
  if (before === after) return;
  if (isList(before) || isList(after)) return compareLists(path, field, before, after, into);
  const left = orEmpty(before);
  const right = orEmpty(after);
  if (left && right && !(isEmptied(before, right) || isEmptied(after, left))) {
    for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
      compare([...path, { kind: "member", name }], name, own(left, name), own(right, name), into);
    }
    return;
  }
  into.push({ path, before, after });
}

/** An absent object counts as an empty one, except that an empty object which comes or goes is itself the change. */
function isEmptied(side: JsonValue | undefined, other: JsonObject): boolean {
  return side === undefined && Object.keys(other).length === 0;
}

function compareLists(
  path: FieldPath,
  field: string,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  into: Change[],
): void {
  // Most lists of a large object stay as they are, and matching their elements is what costs.
  if (deepEqual(before, after)) return;
  const left = isList(before) ? before : before === undefined ? [] : undefined;
  const right = isList(after) ? after : after === undefined ? [] : undefined;
  const keys = left && right && listKeysOf(field, left, right);
  const emptied = left?.length === 0 && right?.length === 0;
  if (!left || !right || !keys || emptied || isReordered(left, right, keys)) {
    into.push({ path, before, after });
    return;
  }
  const step = (item: JsonValue): PathStep => ({ kind: "element", keys: stepKeys(item, keys) });
  const byKey = new Map(right.map((item) => [elementKey(item, keys), item]));
  const seen = new Set<string | undefined>();
  for (const item of left) {
    const key = elementKey(item, keys);
    seen.add(key);
    compare([...path, step(item)], "", item, byKey.get(key), into);
  }
  for (const item of right) {
    if (!seen.has(elementKey(item, keys))) compare([...path, step(item)], "", undefined, item, into);
  }
}

function isReordered(left: readonly JsonValue[], right: readonly JsonValue[], keys: readonly string[]): boolean {
  const leftKeys = left.map((item) => elementKey(item, keys));
  const rightKeys = right.map((item) => elementKey(item, keys));
  const [inLeft, inRight] = [new Set(leftKeys), new Set(rightKeys)];
  const common = leftKeys.filter((key) => inRight.has(key));
  const others = rightKeys.filter((key) => inLeft.has(key));
  return common.some((key, index) => key !== others[index]);
}

function stepKeys(item: JsonValue, keys: readonly string[]): readonly (readonly [string, string])[] {
  const object = asObject(item) ?? {};
  return [...keys].sort().map((key) => [key, text(own(object, key))] as const);
}

/** Structural equality of JSON; the order of members does not count. */
export function deepEqual(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (isList(a) && isList(b)) return a.length === b.length && a.every((item, index) => deepEqual(item, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && deepEqual(a[name], b[name]))
  );
}

/** Absent reads as empty. */
function orEmpty(value: JsonValue | undefined): JsonObject | undefined {
  return value === undefined ? {} : asObject(value);
}

/** Keys of list elements are texts or numbers; `listKeysOf` takes no others. */
function text(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
