import type { FieldPath, PathStep } from "../../api/field-path.ts";
import type { JsonObject } from "../admission-request.ts";
import { deepEqual } from "./changed-paths.ts";
import { asObject, own } from "../json.ts";
import { childOf, managedFieldsOf, rootNode, stepKey } from "./managed-fields.ts";
import type { ManagedEntry, OwnedNode, OwnedStep } from "./managed-fields.ts";

export const managedFieldsPath: FieldPath = ["metadata", "managedFields"].map((name) => ({ kind: "member", name }));

/**
 * The first path whose owner in `metadata.managedFields` an update moves although it does not change what stands there;
 * `metadata.managedFields` itself when that is malformed; undefined when ownership follows `changed` (from
 * `changedPaths`). A client may send managedFields: by them it can hand a field to a manager whose next apply removes it.
 *
 * What a manager gains or loses must be changed, lie in what is changed, or be what appears or goes with it (a map with
 * its first or last member). For that reason server-side apply must name only what it changes: a field that is applied
 * with the value it has is gained, and one that the same manager applied before and now leaves out is lost.
 *
 * The API server itself does more, and that passes: the element in which a field is applied is gained with its keys, and
 * given up again where another manager holds it; an apply to an object without managedFields books what is there on
 * `before-first-apply`; the oldest of more than ten updaters become `ancient-changes`.
 */
export function ownershipProblem(
  before: JsonObject | undefined,
  after: JsonObject | undefined,
  changed: readonly FieldPath[],
): FieldPath | undefined {
  if (deepEqual(listOf(before), listOf(after))) return undefined;
  const [old, next] = [managedFieldsOf(before), managedFieldsOf(after)];
  if (!old || !next) return managedFieldsPath;
  const views = {
    changed: changeTree(changed),
    isChanged: false,
    old: unionOf(old.values()),
    next: unionOf(next.values()),
  };
  const { from, to } = withoutOwnBookings(old, next);
  for (const key of new Set([...from.keys(), ...to.keys()])) {
    const [left, right] = [from.get(key), to.get(key)];
    const problem = compare(left?.root, right?.root, views, (left ?? right)?.operation === "Apply");
    if (problem) return problem;
  }
  return undefined;
}

function listOf(object: JsonObject | undefined) {
  return own(asObject(own(object, "metadata")), "managedFields");
}

/** One place of the trees that are walked in step; a tree that does not reach it is undefined. */
interface Views {
  /** Where it exists, something here or below is changed. */
  readonly changed: OwnedNode | undefined;
  /** Whether this place or one above it is changed as a whole. */
  readonly isChanged: boolean;
  /** What any manager owned, and owns. */
  readonly old: OwnedNode | undefined;
  readonly next: OwnedNode | undefined;
}

/** Paths of one manager, before and after. `shell`: of the element that is being walked, only itself and keys are owned. */
function compare(
  left: OwnedNode | undefined,
  right: OwnedNode | undefined,
  views: Views,
  isApply: boolean,
  around?: Element,
): FieldPath | undefined {
  const step = (left ?? right)?.step;
  if (views.isChanged || !step) return undefined;
  const element = step.kind === "element" ? { step, views, isShell: isShell(left, step) } : undefined;
  const isLost = left?.owned === true && right?.owned !== true;
  const isGained = right?.owned === true && left?.owned !== true;
  const holder = element ?? (isKeyOf(step, around) ? around : undefined);
  if (isGained && !isBelowChanged(views) && !holder?.views.changed) return [];
  if (isLost && !isBelowChanged(views) && !(isApply && holder?.isShell && holder.views.next?.owned)) return [];
  for (const key of new Set([...(left?.below.keys() ?? []), ...(right?.below.keys() ?? [])])) {
    const [a, b] = [left?.below.get(key), right?.below.get(key)];
    const child = (a ?? b)?.step;
    const problem = child && compare(a, b, viewsOf(views, key, child), isApply, element);
    if (problem) return child.kind === "item" ? problem : [child, ...problem];
  }
  return undefined;
}

interface Element {
  readonly step: PathStep & { readonly kind: "element" };
  readonly views: Views;
  readonly isShell: boolean;
}

/** Of an element that somebody applied: only itself and its keys, since the rest was taken over by others. */
function isShell(node: OwnedNode | undefined, step: Element["step"]): boolean {
  return [...(node?.below.values() ?? [])].every(
    ({ step: inner, below }) =>
      below.size === 0 && inner.kind === "member" && step.keys.some(([key]) => key === inner.name),
  );
}

function isKeyOf(step: OwnedStep, around: Element | undefined): boolean {
  return step.kind === "member" && around?.step.keys.some(([key]) => key === step.name) === true;
}

/** A change lies below, and this place is a leaf to managers on one side: it appears, goes, or is owned as one value. */
function isBelowChanged({ changed, old, next }: Views): boolean {
  return changed !== undefined && !(old?.below.size && next?.below.size);
}

function viewsOf(views: Views, key: string, step: OwnedStep): Views {
  const { changed } = views;
  const inner = changed?.below.get(key);
  const isWhole =
    step.kind === "item" || (step.kind === "element" && changed !== undefined && isKeyedElse(changed, step));
  return {
    changed: inner,
    isChanged: inner?.owned === true || (isWhole && changed !== undefined),
    old: views.old?.below.get(key),
    next: views.next?.below.get(key),
  };
}

/** The list is told by other keys than these: then a change in it counts for all of it. */
function isKeyedElse(list: OwnedNode, step: Element["step"]): boolean {
  const names = (keys: Element["step"]["keys"]): string => JSON.stringify(keys.map(([name]) => name));
  // All elements of a list have the same keys.
  const [first] = list.below.values();
  return first?.step.kind === "element" && names(first.step.keys) !== names(step.keys);
}

function changeTree(changed: readonly FieldPath[]): OwnedNode {
  const root = rootNode();
  for (const path of changed) {
    path.reduce((node, step) => childOf(node, stepKey(step), step), root).owned = true;
  }
  return root;
}

function unionOf(entries: Iterable<ManagedEntry>): OwnedNode {
  const root = rootNode();
  for (const entry of entries) addAll(root, entry.root);
  return root;
}

function addAll(into: OwnedNode, from: OwnedNode): void {
  into.owned ||= from.owned;
  for (const [key, child] of from.below) addAll(childOf(into, key, child.step), child);
}

/** DefaultMaxUpdateManagers of k8s.io/apimachinery/pkg/util/managedfields. */
const maxUpdaters = 10;

/** Both sides without what the API server books by itself, under names of its own. */
function withoutOwnBookings(
  old: ReadonlyMap<string, ManagedEntry>,
  next: ReadonlyMap<string, ManagedEntry>,
): { readonly from: ReadonlyMap<string, ManagedEntry>; readonly to: ReadonlyMap<string, ManagedEntry> } {
  const [from, to] = [new Map(old), new Map(next)];
  if (old.size === 0) {
    for (const [key, entry] of next) if (isUpdater(entry, "before-first-apply")) to.delete(key);
  }
  if ([...next.values()].filter((entry) => isUpdater(entry)).length < maxUpdaters) return { from, to };
  for (const [key, bucket] of next) {
    if (!isUpdater(bucket, "ancient-changes")) continue;
    const merged = rootNode();
    for (const [name, entry] of old) {
      const isMerged = isUpdater(entry) && entry.apiVersion === bucket.apiVersion && (name === key || !next.has(name));
      if (!isMerged) continue;
      addAll(merged, entry.root);
      from.delete(name);
    }
    from.set(key, { ...bucket, root: merged });
  }
  return { from, to };
}

function isUpdater({ manager, operation }: ManagedEntry, name = manager): boolean {
  return operation === "Update" && manager === name;
}
