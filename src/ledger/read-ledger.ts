import { readdir, stat } from "node:fs/promises";
import { leafHash } from "./leaf-hash.ts";
import { logLayout } from "./log-layout.ts";
import { readLog } from "./read-log.ts";

/** The envelope of every entry. A reader goes by `apiVersion` and `kind`, and passes over kinds that it does not know. */
export interface LedgerEntry {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

export interface LedgerRecord {
  readonly writer: string;
  readonly index: bigint;
  readonly entry: LedgerEntry;
  /** The entry exactly as recorded: what `leafHash` is over. */
  readonly bytes: Buffer;
  readonly leafHash: Buffer;
}

/**
 * Reads the entries of one writer, or of all writers in turn by name, each from index 0 on. Needs no lock: beside a live
 * writer it ends before an unfinished last frame.
 *
 * @throws {LedgerCorruptError} at the first damage other than a torn tail
 */
export async function* readLedger(directory: string, writer?: string): AsyncGenerator<LedgerRecord, void> {
  for (const name of writer === undefined ? await listWriters(directory) : [writer]) {
    for await (const item of readLog(logLayout(directory, name).wal)) {
      if (item.kind === "torn") break;
      const { index, entry: bytes } = item;
      yield { writer: name, index, entry: parseEntry(bytes, name, index), bytes, leafHash: leafHash(bytes) };
    }
  }
}

async function listWriters(directory: string): Promise<readonly string[]> {
  const names = (await readdir(directory)).sort();
  const isLog = await Promise.all(
    names.map(async (name) => (await stat(`${directory}/${name}/wal`).catch(() => undefined))?.isDirectory() === true),
  );
  return names.filter((_, position) => isLog[position]);
}

function parseEntry(bytes: Buffer, writer: string, index: bigint): LedgerEntry {
  const entry: unknown = JSON.parse(bytes.toString("utf8"));
  if (!isEntry(entry)) throw new TypeError(`entry ${index} of writer ${writer} has no apiVersion, kind and spec`);
  return entry;
}

function isEntry(value: unknown): value is LedgerEntry {
  if (!isObject(value)) return false;
  return typeof value["apiVersion"] === "string" && typeof value["kind"] === "string" && isObject(value["spec"]);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
