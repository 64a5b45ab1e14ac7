import { isDeepStrictEqual } from "node:util";
import { isMap, isScalar, isSeq } from "yaml";
import type { ParsedNode } from "yaml";
import { ManifestError } from "./manifest-error.ts";
import { parseDocuments } from "./read-documents.ts";
import type { Entry } from "./render.ts";
import { addItem, addPair, replaceMap, replaceValue } from "./splice.ts";

/** One change of a document. Paths are of keys; parents exist. */
export type Edit =
  /** Sets a key, or replaces its value. */
  | { readonly kind: "set"; readonly path: readonly string[]; readonly value: string | Entry }
  /** Adds an item to a list, which may be absent. */
  | { readonly kind: "append"; readonly path: readonly string[]; readonly value: Entry }
  | { readonly kind: "replace-item"; readonly path: readonly string[]; readonly index: number; readonly value: Entry };

/**
 * The text of a YAML or JSON document after an edit. Every other byte of YAML stays: comments, order, quotes, widths,
 * line ends. The result is parsed again and compared with what was meant; a form that this cannot edit is refused with a
 * ManifestError, so a file is never damaged.
 */
export function editDocument(name: string, text: string, edit: Edit): string {
  const before = singleValue(name, text);
  const wanted = edited(before, edit);
  const result = isJson(text) ? jsonText(text, wanted) : splice(name, text, edit);
  if (result === undefined || !says(name, result, wanted)) throw unable(name, edit);
  return result;
}

function says(name: string, text: string, wanted: unknown): boolean {
  try {
    return isDeepStrictEqual(singleValue(name, text), wanted);
  } catch {
    return false; // it cannot even be read
  }
}

function singleValue(name: string, text: string): unknown {
  return parseDocuments(name, text).documents[0]?.toJS();
}

function unable(name: string, edit: Edit): ManifestError {
  return new ManifestError(
    `${name}: cannot edit ${edit.path.join(".")} in the form in which it is written: use block style`,
  );
}

/** What the document has to say afterwards. */
function edited(before: unknown, edit: Edit): unknown {
  const root = structuredClone(before) as Record<string, unknown>;
  let parent = root;
  for (const key of edit.path.slice(0, -1)) parent = parent[key] as Record<string, unknown>;
  const last = edit.path.at(-1) ?? "";
  const list = (parent[last] ?? []) as unknown[];
  switch (edit.kind) {
    case "set":
      parent[last] = edit.value;
      break;
    case "append":
      parent[last] = [...list, edit.value];
      break;
    case "replace-item":
      parent[last] = list.with(edit.index, edit.value);
      break;
  }
  return root;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** JSON is written anew, indented as it was. */
function jsonText(text: string, value: unknown): string {
  const indent = /^\{\r?\n( +)/.exec(text.trimStart())?.[1] ?? "";
  return `${JSON.stringify(value, undefined, indent)}${text.endsWith("\n") ? "\n" : ""}`;
}

function splice(name: string, text: string, edit: Edit): string | undefined {
  const root: ParsedNode | null | undefined = parseDocuments(name, text).documents[0]?.contents;
  const parent = edit.path.slice(0, -1).reduce<ParsedNode | undefined>(valueAt, root ?? undefined);
  if (!isMap(parent)) return undefined;
  const key = edit.path.at(-1) ?? "";
  const old = valueAt(parent, key);
  switch (edit.kind) {
    case "set":
      return old ? replaceValue(text, parent, old, edit.value) : addPair(text, parent, key, edit.value);
    case "append":
      if (!old) return addPair(text, parent, key, [edit.value]);
      if (!isSeq(old)) return undefined;
      return old.items.length === 0 ? replaceValue(text, parent, old, [edit.value]) : addItem(text, old, edit.value);
    case "replace-item": {
      const item = isSeq(old) ? old.items[edit.index] : undefined;
      return isMap(item) ? replaceMap(text, item, edit.value) : undefined;
    }
  }
}

function valueAt(node: ParsedNode | undefined, key: string): ParsedNode | undefined {
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
  return pair?.value ?? undefined;
}
