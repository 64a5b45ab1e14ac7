import type { FileOperations, LogFile } from "./file-operations.ts";
import { MAX_BATCH_BYTES } from "./frame.ts";
import { listSegments, segmentPath } from "./log-layout.ts";
import { readLog } from "./read-log.ts";

/** What start-up found. */
export interface Recovered {
  /** Entries in the log, which is also the next index. */
  readonly entries: bigint;
  /** Bytes of an unfinished, never acknowledged write that were cut off; 0 after an orderly end. */
  readonly truncatedBytes: number;
}

/** The segment to go on with; the next frame is written at `size`. */
export interface OpenSegment {
  readonly file: LogFile;
  readonly size: number;
}

/**
 * Replays a log whose lock is held, cuts a torn tail and makes what is left durable.
 *
 * @throws {LedgerCorruptError} for any other damage, leaving the files as they are
 */
export async function recoverLog(
  wal: string,
  files: FileOperations,
): Promise<{ readonly recovered: Recovered; readonly segment: OpenSegment }> {
  let entries = 0n;
  let torn: { readonly offset: number; readonly bytes: number } | undefined;
  for await (const item of readLog(wal)) {
    if (item.kind === "frame") entries = item.index + 1n;
    else torn = item;
  }
  const last = (await listSegments(wal)).at(-1);
  if (last === undefined) {
    const file = await files.create(segmentPath(wal, 0n));
    return { recovered: { entries, truncatedBytes: 0 }, segment: { file, size: 0 } };
  }
  const file = await files.open(last.path);
  try {
    if (torn !== undefined) await file.truncate(torn.offset);
    const size = await file.size();
    await rewriteTail(file, size);
    return { recovered: { entries, truncatedBytes: torn?.bytes ?? 0 }, segment: { file, size } };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * After a durable write that failed, Linux keeps the pages but calls them clean: what was read back above may be in
 * memory alone, and fdatasync would not write it. Only the last batch can be in that state; writing the same bytes over
 * themselves puts them on the disk, or fails again, before anything is built on them. The flush is for the truncation,
 * which O_DSYNC does not cover.
 */
async function rewriteTail(file: LogFile, size: number): Promise<void> {
  const start = Math.max(0, size - MAX_BATCH_BYTES);
  await file.write(await file.read(start, size - start), start);
  await file.flush();
}
