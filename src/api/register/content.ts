import { parseIntent } from "./intent.ts";
import type { Intent } from "./intent.ts";

/** Name of the ConfigMap in Writ's own namespace. */
export const registerName = "writ-register";

/**
 * A key that stands for intents which are not there: the register was full, or was lost and made anew. As long as it
 * stands, nobody may conclude anything from what the register does not say.
 */
export const incompleteKey = "incomplete";

/** Beyond so many bytes of keys and values a guard empties the register and leaves `incomplete` behind. */
export const fullAt = 64 * 1024;

/** A register beyond this was filled by somebody else: guards stop long before. */
const unreadableAt = 128 * 1024;

/** What a register says. */
export interface RegisterContent {
  readonly uid: string;
  readonly intents: readonly Intent[];
  /** Whether every intent of the last ten minutes is among them. */
  readonly complete: boolean;
}

/** Reads a ConfigMap as the API server gave it, which may hold anything; undefined when it is none. */
export function readRegister(object: unknown): RegisterContent | undefined {
  const uid = fieldsOf(fieldsOf(object)?.["metadata"])?.["uid"];
  if (typeof uid !== "string" || uid === "") return undefined;
  const entries = registerEntries(object);
  if (!entries || sizeOf(entries) > unreadableAt) return { uid, intents: [], complete: false };
  const intents = entries.flatMap(([key, value]) => parseIntent(key, value) ?? []);
  return { uid, intents, complete: intents.length === entries.length };
}

/** Keys and values of a register; undefined when its `data` is no map of strings. */
export function registerEntries(object: unknown): readonly (readonly [key: string, value: string])[] | undefined {
  const data = fieldsOf(object)?.["data"] ?? {};
  const fields = fieldsOf(data);
  if (!fields) return undefined;
  const entries = Object.entries(fields);
  return entries.every((entry): entry is [string, string] => typeof entry[1] === "string") ? entries : undefined;
}

/** Whether a register, as the API server gave it after a write, has no room for another intent. */
export function isFull(object: unknown): boolean {
  const entries = registerEntries(object);
  return !entries || sizeOf(entries) > fullAt;
}

function sizeOf(entries: readonly (readonly [string, string])[]): number {
  return entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isFields = typeof value === "object" && value !== null && !Array.isArray(value);
  return isFields ? (value as Readonly<Record<string, unknown>>) : undefined;
}
