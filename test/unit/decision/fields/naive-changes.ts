import type { FieldPath, PathStep } from "../../../../src/api/field-path.ts";
import type { JsonValue } from "../../../../src/decision/admission-request.ts";

export type Node = JsonValue | undefined;

/** JSON with sorted members, to compare two values by. */
export function text(value: Node): string {
  const sorted = JSON.stringify(value, (_, one: unknown) =>
    isRecord(one) ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1))) : one,
  ) as string | undefined;
  return sorted ?? "absent";
}

export function isRecord(value: unknown): value is Record<string, JsonValue> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasKeys(item: Node, { keys }: Extract<PathStep, { kind: "element" }>): boolean {
  if (!isRecord(item)) return false;
  const members = new Map(Object.entries(item));
  return keys.every(([name, key]) => {
    const value = members.get(name);
    return value === key || (typeof value === "number" && String(value) === key);
  });
}

/** What stands at a path, step by step. */
export function valueAt(value: Node, path: FieldPath): Node {
  const [step, ...rest] = path;
  if (!step) return value;
  if (step.kind === "member") {
    return valueAt(isRecord(value) ? new Map(Object.entries(value)).get(step.name) : undefined, rest);
  }
  const list = Array.isArray(value) ? (value as readonly JsonValue[]) : [];
  return valueAt(
    list.find((item) => hasKeys(item, step)),
    rest,
  );
}

/**
 * `before` with what `after` has at the paths, and nowhere else. An object or list that loses its last part this way
 * goes too where `after` has none.
 */
export function taken(before: Node, after: Node, paths: readonly FieldPath[]): Node {
  if (paths.some((path) => path.length === 0)) return after;
  if (paths.length === 0) return before;
  const steps = new Map(paths.flatMap(([step]) => (step ? [[JSON.stringify(step), step] as const] : [])));
  const below = (step: PathStep): readonly FieldPath[] =>
    paths.filter(([first]) => JSON.stringify(first) === JSON.stringify(step)).map(([, ...rest]) => rest);
  const inner = (step: PathStep): Node => taken(valueAt(before, [step]), valueAt(after, [step]), below(step));

  if ([...steps.values()].every(({ kind }) => kind === "member")) {
    const members = new Map(isRecord(before) ? Object.entries(before) : []);
    for (const step of steps.values()) {
      const next = inner(step);
      const name = step.kind === "member" ? step.name : "";
      if (next === undefined) members.delete(name);
      else members.set(name, next);
    }
    return members.size === 0 && after === undefined ? undefined : Object.fromEntries(members);
  }
  const old = Array.isArray(before) ? (before as readonly JsonValue[]) : [];
  const list: JsonValue[] = [];
  for (const item of old) {
    const step = [...steps.values()].find((one) => one.kind === "element" && hasKeys(item, one));
    const next = step ? inner(step) : item;
    if (next !== undefined) list.push(next);
  }
  // Elements that come stand where `after` has them.
  for (const [index, item] of (Array.isArray(after) ? (after as readonly JsonValue[]) : []).entries()) {
    const step = [...steps.values()].find((one) => one.kind === "element" && hasKeys(item, one));
    if (!step || old.some((one) => step.kind === "element" && hasKeys(one, step))) continue;
    const next = inner(step);
    if (next !== undefined) list.splice(index, 0, next);
  }
  return list.length === 0 && after === undefined ? undefined : list;
}
