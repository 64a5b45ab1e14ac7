import type { JsonObject, JsonValue } from "../admission-request.ts";
import { deepEqual } from "./changed-paths.ts";
import { isObject, own } from "../json.ts";

/** One place at which two objects differ. A side that has nothing there has no member. */
export interface Difference {
  /** Names of members from the root; empty for the object as a whole. */
  readonly path: readonly string[];
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

/**
 * Where two objects differ, in the order of the paths' UTF-16 code units. Simpler than `changedPaths` on purpose, since
 * other implementations have to agree: only what is an object on both sides is looked into, so a list is one value
 * whatever its merge keys, and so is an object that comes or goes.
 */
export function differences(before: JsonObject | undefined, after: JsonObject | undefined): readonly Difference[] {
  const found: Difference[] = [];
  compare([], before, after, found);
  return found;
}

function compare(
  path: readonly string[],
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  into: Difference[],
): void {
  if (!isObject(before) || !isObject(after)) {
    if (deepEqual(before, after)) return;
    into.push({ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) });
    return;
  }
  for (const name of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
    compare([...path, name], own(before, name), own(after, name), into);
  }
}
