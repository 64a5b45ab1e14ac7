import type { PathStep } from "../../api/field-path.ts";
import type { JsonObject, JsonValue } from "../admission-request.ts";
import { asList, asObject, isObject, own } from "../json.ts";

/** A step of an owned path. An item is a value of a set, or a position: `FieldPath` has no words for these. */
export type OwnedStep = PathStep | { readonly kind: "item" };

/** Owned paths as a tree, so that their number and not their length is what costs. */
export interface OwnedNode {
  readonly step: OwnedStep;
  /** Whether the path that ends here is owned itself. */
  owned: boolean;
  /** By `f:NAME`, `k:KEYS`, `v:VALUE` or `i:INDEX`, each in one spelling. */
  readonly below: Map<string, OwnedNode>;
}

/** What one manager owns. */
export interface ManagedEntry {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly root: OwnedNode;
}

export const rootNode = (): OwnedNode => ({ step: { kind: "item" }, owned: false, below: new Map() });

/**
 * `metadata.managedFields` of an object, by manager, operation, apiVersion and subresource; undefined when it is
 * malformed or names one of these twice. The format is FieldsV1 of structured-merge-diff (fieldpath/serialize.go): an
 * object without members owns its own path, and so does one with the member `.`.
 */
export function managedFieldsOf(object: JsonObject | undefined): ReadonlyMap<string, ManagedEntry> | undefined {
  const value = own(asObject(own(object, "metadata")), "managedFields") ?? null;
  const list = value === null ? [] : asList(value);
  const entries = new Map<string, ManagedEntry>();
  for (const item of list ?? [null]) {
    const entry = entryOf(item);
    if (!entry || entries.has(entry.key)) return undefined;
    entries.set(entry.key, entry);
  }
  return entries;
}

function entryOf(item: JsonValue): (ManagedEntry & { readonly key: string }) | undefined {
  if (!isObject(item)) return undefined;
  const names = ["manager", "operation", "apiVersion", "subresource"].map((name) => own(item, name) ?? "");
  if (!names.every((name) => typeof name === "string")) return undefined;
  if ((own(item, "fieldsType") ?? "FieldsV1") !== "FieldsV1") return undefined;
  const [manager = "", operation = "", apiVersion = ""] = names;
  const root = rootNode();
  const fields = own(item, "fieldsV1") ?? {};
  if (!isObject(fields) || !addFields(root, fields)) return undefined;
  return { key: JSON.stringify(names), manager, operation, apiVersion, root };
}

/** Adds what lies below a path; false when it is malformed. The depth of what is read is bounded. */
function addFields(node: OwnedNode, fields: JsonObject): boolean {
  return Object.entries(fields).every(([text, inner]) => {
    if (!isObject(inner)) return false;
    if (text === ".") {
      node.owned = true;
      return true;
    }
    const step = stepOf(text);
    if (!step) return false;
    const child = childOf(node, ...step);
    if (Object.keys(inner).length === 0) child.owned = true;
    return addFields(child, inner);
  });
}

export function childOf(node: OwnedNode, key: string, step: OwnedStep): OwnedNode {
  const known = node.below.get(key);
  if (known) return known;
  const child: OwnedNode = { step, owned: false, below: new Map() };
  node.below.set(key, child);
  return child;
}

/** The text by which `below` knows a step. */
export function stepKey(step: PathStep): string {
  return step.kind === "member" ? `f:${step.name}` : `k:${JSON.stringify(step.keys)}`;
}

function stepOf(text: string): readonly [key: string, step: OwnedStep] | undefined {
  const rest = text.slice(2);
  if (text.startsWith("f:")) return [text, { kind: "member", name: rest }];
  if (text.startsWith("i:")) return /^-?\d+$/.test(rest) ? [text, { kind: "item" }] : undefined;
  if (!text.startsWith("k:") && !text.startsWith("v:")) return undefined;
  const value = parsed(rest);
  if (value === undefined) return undefined;
  if (text.startsWith("v:")) return [`v:${JSON.stringify(value)}`, { kind: "item" }];
  if (!isObject(value)) return undefined;
  const keys = Object.entries(value)
    .map(([name, key]) => [name, typeof key === "string" ? key : JSON.stringify(key)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const step: PathStep = { kind: "element", keys };
  return [stepKey(step), step];
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}
