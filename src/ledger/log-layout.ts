import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { LedgerCorruptError } from "./ledger-errors.ts";

/** A new segment is begun before one would grow beyond this. */
export const SEGMENT_BYTES = 64 * 1024 * 1024;

export interface Segment {
  readonly path: string;
  /** Index of its first entry; gives it its name. */
  readonly first: bigint;
}

/**
 * The directories of one writer's log: `<directory>/<writer>/wal/`.
 *
 * @throws {RangeError} when `writer` is not a DNS label (RFC 1123), so that no name leads elsewhere
 */
export function logLayout(directory: string, writer: string): { readonly root: string; readonly wal: string } {
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(writer)) {
    throw new RangeError(
      `ledger writer ${JSON.stringify(writer.slice(0, 80))}: expected 1 to 63 lower-case letters, digits and dashes`,
    );
  }
  const root = join(directory, writer);
  return { root, wal: join(root, "wal") };
}

/** `<first index in 20 decimal digits>.wal`: names sort as their indices do, up to 2^64 - 1. */
export function segmentPath(wal: string, first: bigint): string {
  return join(wal, `${first.toString().padStart(20, "0")}.wal`);
}

/** @throws {LedgerCorruptError} on any file that is not a segment */
export async function listSegments(wal: string): Promise<readonly Segment[]> {
  const names = (await readdir(wal)).sort();
  return names.map((name) => {
    const path = join(wal, name);
    if (!/^\d{20}\.wal$/.test(name)) throw new LedgerCorruptError(path, 0, "this is not the name of a segment");
    return { path, first: BigInt(name.slice(0, 20)) };
  });
}
