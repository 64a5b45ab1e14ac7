import { openToRead } from "./file-operations.ts";
import { LedgerCorruptError } from "./ledger-errors.ts";
import { listSegments } from "./log-layout.ts";
import { readSegment } from "./read-segment.ts";

export type LogItem =
  | { readonly kind: "frame"; readonly index: bigint; readonly entry: Buffer }
  /** Only ever the last item: an unfinished write of `bytes` bytes at `offset` of the last segment, never acknowledged. */
  | { readonly kind: "torn"; readonly path: string; readonly offset: number; readonly bytes: number };

/**
 * Reads one writer's frames from index 0 on, checking lengths, CRCs and that indices have no gap. Safe beside a live
 * writer: it sees the segments and sizes of the moment at which it comes to them.
 *
 * @throws {LedgerCorruptError} for any damage but a torn tail
 */
export async function* readLog(wal: string): AsyncGenerator<LogItem, void> {
  const segments = await listSegments(wal);
  let next = 0n;
  for (const [position, segment] of segments.entries()) {
    if (segment.first !== next) {
      throw new LedgerCorruptError(segment.path, 0, `index ${next} is missing: the segment begins at ${segment.first}`);
    }
    const file = await openToRead(segment.path);
    try {
      const size = await file.size();
      for await (const item of readSegment(file, size)) {
        if (item.kind === "damage") {
          if (!item.torn) throw new LedgerCorruptError(segment.path, item.offset, item.problem);
          if (position < segments.length - 1) {
            throw new LedgerCorruptError(segment.path, item.offset, `${item.problem}, yet another segment follows`);
          }
          yield { kind: "torn", path: segment.path, offset: item.offset, bytes: size - item.offset };
          return;
        }
        if (item.index !== next) {
          throw new LedgerCorruptError(segment.path, item.offset, `index ${item.index} where ${next} is next`);
        }
        next += 1n;
        yield { kind: "frame", index: item.index, entry: item.entry };
      }
    } finally {
      await file.close();
    }
  }
}
