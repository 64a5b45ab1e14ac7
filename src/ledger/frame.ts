import { crc32c } from "./crc32c.ts";

/** u32be length | u32be crc32c | u64be index. */
export const FRAME_HEADER_BYTES = 16;

/** Bound of the entry bundles of C2SP tlog-tiles, which give an entry's length as u16be. */
export const MAX_ENTRY_BYTES = 65_535;

/** Frames are written in batches of at most this size, so no more than this can be torn. Part of the format. */
export const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/**
 * Encodes one write-ahead frame, `u32be length | u32be crc32c | u64be index | entry` (docs/reference/ledger.md).
 * The CRC covers everything else in the frame: length, index, entry. So a run of zeros is never a frame.
 *
 * @param byteLength UTF-8 length of `entry`, 1 to MAX_ENTRY_BYTES
 */
export function encodeFrame(index: bigint, entry: string, byteLength: number): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + byteLength);
  frame.writeUInt32BE(byteLength, 0);
  frame.writeBigUInt64BE(index, 8);
  frame.write(entry, FRAME_HEADER_BYTES, "utf8");
  frame.writeUInt32BE(frameChecksum(frame), 4);
  return frame;
}

/** The entry's bytes in a frame, as a view. */
export function entryOf(frame: Buffer): Buffer {
  return frame.subarray(FRAME_HEADER_BYTES);
}

export type DecodedFrame =
  | { readonly kind: "frame"; readonly index: bigint; readonly entry: Buffer }
  /** The bytes end before the frame does. */
  | { readonly kind: "incomplete"; readonly problem: string }
  | { readonly kind: "broken"; readonly problem: string };

/** Decodes the frame that starts at `offset`; `entry` is a view into `bytes`. */
export function decodeFrame(bytes: Buffer, offset: number): DecodedFrame {
  const available = bytes.length - offset;
  if (available < FRAME_HEADER_BYTES) {
    return { kind: "incomplete", problem: `${available} bytes where a frame header takes ${FRAME_HEADER_BYTES}` };
  }
  const length = bytes.readUInt32BE(offset);
  if (length < 1 || length > MAX_ENTRY_BYTES) {
    return { kind: "broken", problem: `entry length ${length} is not within 1 to ${MAX_ENTRY_BYTES}` };
  }
  if (available < FRAME_HEADER_BYTES + length) {
    return { kind: "incomplete", problem: `${available} bytes of a frame of ${FRAME_HEADER_BYTES + length}` };
  }
  const frame = bytes.subarray(offset, offset + FRAME_HEADER_BYTES + length);
  const stored = frame.readUInt32BE(4);
  const computed = frameChecksum(frame);
  if (stored !== computed) {
    return { kind: "broken", problem: `CRC-32C ${hex(computed)} where the frame says ${hex(stored)}` };
  }
  return { kind: "frame", index: frame.readBigUInt64BE(8), entry: entryOf(frame) };
}

/**
 * Offset of the first whole, valid frame at or after `from`, or -1. Entries cannot hide one: lengths begin with two zero
 * bytes and JSON text has none.
 */
export function findFrame(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf("\0\0", from, "latin1"); at >= 0; at = bytes.indexOf("\0\0", at + 1, "latin1")) {
    if (decodeFrame(bytes, at).kind === "frame") return at;
  }
  return -1;
}

function frameChecksum(frame: Buffer): number {
  return crc32c(frame.subarray(8), crc32c(frame.subarray(0, 4)));
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}
