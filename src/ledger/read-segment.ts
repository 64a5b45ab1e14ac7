import type { LogFile } from "./file-operations.ts";
import { decodeFrame, findFrame, FRAME_HEADER_BYTES, MAX_BATCH_BYTES, MAX_ENTRY_BYTES } from "./frame.ts";

const CHUNK_BYTES = 1024 * 1024;

export type SegmentItem =
  | { readonly kind: "frame"; readonly index: bigint; readonly entry: Buffer; readonly offset: number }
  /** No frame begins at `offset` and reading ends. `torn`: nothing but what one interrupted write may leave follows. */
  | { readonly kind: "damage"; readonly offset: number; readonly problem: string; readonly torn: boolean };

/** Reads the frames in the first `size` bytes of a segment, in order, without judging their indices. */
export async function* readSegment(file: Pick<LogFile, "read">, size: number): AsyncGenerator<SegmentItem, void> {
  let bytes: Buffer = Buffer.alloc(0);
  let start = 0; // where `bytes` begins in the file
  let at = 0; // within `bytes`
  while (start + at < size) {
    // A new buffer for each chunk, since the entries handed out are views.
    if (bytes.length - at < FRAME_HEADER_BYTES + MAX_ENTRY_BYTES && start + bytes.length < size) {
      start += at;
      bytes = await file.read(start, Math.min(CHUNK_BYTES, size - start));
      at = 0;
      if (bytes.length === 0) return; // The file was cut since its size was taken.
    }
    const frame = decodeFrame(bytes, at);
    const offset = start + at;
    if (frame.kind !== "frame") {
      yield { kind: "damage", offset, problem: frame.problem, torn: await isTorn(file, offset, size) };
      return;
    }
    yield { kind: "frame", index: frame.index, entry: frame.entry, offset };
    at += FRAME_HEADER_BYTES + frame.entry.length;
  }
}

/** A valid frame beyond the damage was written after it, so what is damaged may have been acknowledged. */
async function isTorn(file: Pick<LogFile, "read">, offset: number, size: number): Promise<boolean> {
  if (size - offset > MAX_BATCH_BYTES) return false;
  return findFrame(await file.read(offset, size - offset), 1) < 0;
}
