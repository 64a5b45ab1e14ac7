import { isMap, isNode, isScalar, isSeq } from "yaml";
import type { ParsedNode, YAMLMap, YAMLSeq } from "yaml";
import { blockLines, flowText, itemLines, pairLines } from "./render.ts";
import type { Entry } from "./render.ts";

type Value = string | Entry | readonly Entry[];

/** A text with a part of it replaced. Offsets are those of nodes that were parsed from this text. */
function replaced(text: string, start: number, end: number, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

/** The text with a further key at the end of a map. */
export function addPair(text: string, map: YAMLMap, key: string, value: Value): string | undefined {
  const [first] = map.items;
  if (!first || !isNode(first.key) || !first.key.range) return undefined;
  if (map.flow === true) return replaced(text, itemsEnd(map), itemsEnd(map), `, ${key}: ${flowText(value)}`);
  return insertLines(text, contentEnd(map), column(text, first.key.range[0]), pairLines(key, value));
}

/** The text with a further item at the end of a list that is not empty. */
export function addItem(text: string, list: YAMLSeq, value: Entry): string | undefined {
  if (!list.range) return undefined;
  if (list.flow === true) return replaced(text, itemsEnd(list), itemsEnd(list), `, ${flowText(value)}`);
  return insertLines(text, contentEnd(list), column(text, list.range[0]), itemLines(value));
}

/** The text with a map in block or flow style in place of another. */
export function replaceMap(text: string, map: YAMLMap, value: Entry): string | undefined {
  if (!map.range) return undefined;
  const [start, flowEnd] = map.range;
  if (map.flow === true) return replaced(text, start, flowEnd, flowText(value));
  const indent = " ".repeat(column(text, start));
  const end = contentEnd(map);
  // What follows on the line is a comment on what goes away.
  const lineEnd = text[end - 1] === "\n" ? previousLineEnd(text, end) : endOfLine(text, end);
  return replaced(text, start, lineEnd, blockLines(value).join(`${newline(text)}${indent}`));
}

/** The text with another value of a key. Block style where the map has it, unless the value is a list or map in flow style. */
export function replaceValue(text: string, map: YAMLMap, old: ParsedNode, value: Value): string | undefined {
  if (isMap(old) && old.flow !== true && !isSeq(old)) {
    return typeof value === "string" || Array.isArray(value) ? undefined : replaceMap(text, old, value as Entry);
  }
  const [start, end] = old.range;
  if (typeof value === "string") {
    return isScalar(old) ? replaced(text, start, end, flowText(value)) : undefined;
  }
  const [first] = map.items;
  if (map.flow === true) return replaced(text, start, end, flowText(value));
  if (!first || !isNode(first.key) || !first.key.range || isScalar(old)) return undefined;
  const before = text.slice(0, start).replace(/ +$/, "");
  const lines = pairLines("", value).slice(1);
  return insertLines(before + text.slice(end), before.length, column(text, first.key.range[0]), lines);
}

/** Adds lines below the line in which content ends at the offset. */
function insertLines(text: string, offset: number, indent: number, lines: readonly string[]): string {
  const eol = newline(text);
  const block = lines.map((line) => `${" ".repeat(indent)}${line}${eol}`).join("");
  if (text[offset - 1] === "\n") return replaced(text, offset, offset, block);
  const next = text.indexOf("\n", offset);
  return next === -1 ? `${text}${eol}${block}` : replaced(text, next + 1, next + 1, block);
}

/** Where the text of a node ends, less what follows it; block collections report the comments behind them as theirs. */
function contentEnd(node: unknown): number {
  const isBlock = (isMap(node) || isSeq(node)) && node.flow !== true && node.items.length > 0;
  if (isBlock) return itemsEnd(node);
  return isNode(node) && node.range ? node.range[1] : 0;
}

/** Where the last item or pair of a collection ends. */
function itemsEnd(collection: YAMLMap | YAMLSeq): number {
  if (isSeq(collection)) return contentEnd(collection.items.at(-1));
  const pair = collection.items.at(-1);
  return Math.max(contentEnd(pair?.key), contentEnd(pair?.value));
}

function column(text: string, offset: number): number {
  return offset - (text.lastIndexOf("\n", offset - 1) + 1);
}

function newline(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

function endOfLine(text: string, offset: number): number {
  const next = text.indexOf("\n", offset);
  if (next === -1) return text.length;
  return text[next - 1] === "\r" ? next - 1 : next;
}

function previousLineEnd(text: string, offset: number): number {
  return text[offset - 2] === "\r" ? offset - 2 : offset - 1;
}
