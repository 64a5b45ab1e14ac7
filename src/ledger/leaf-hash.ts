import { createHash } from "node:crypto";

const LEAF_PREFIX = Buffer.of(0x00);

/** RFC 6962 section 2.1 leaf hash of an entry's bytes: SHA-256(0x00 || entry), 32 bytes. */
export function leafHash(entry: Uint8Array): Buffer {
  return createHash("sha256").update(LEAF_PREFIX).update(entry).digest();
}
