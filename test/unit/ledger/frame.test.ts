import { describe, expect, test } from "vitest";
import { decodeFrame, encodeFrame, findFrame, MAX_ENTRY_BYTES } from "../../../src/ledger/frame.ts";
import { leafHash } from "../../../src/ledger/leaf-hash.ts";

const frame = (index: bigint, entry: string): Buffer => encodeFrame(index, entry, Buffer.byteLength(entry));

test("golden bytes of a frame: length, CRC-32C of all else, index, entry", () => {
  expect(frame(258n, '{"a":1}').toString("hex")).toBe("0000000772e0304400000000000001027b2261223a317d");
});

test("golden leaf hash of an entry", () => {
  const hash = leafHash(Buffer.from('{"a":1}'));
  expect(hash.toString("hex")).toBe("c7261463ebd776f4650b6d0fe942d9cc38c925d90f77d440ab6df8d5dd258c5f");
});

test("a frame decodes to what was encoded, the largest index and entry too", () => {
  for (const [index, entry] of [
    [0n, "x"],
    [2n ** 64n - 1n, "é".repeat(3)],
    [1n, "x".repeat(MAX_ENTRY_BYTES)],
  ] as const) {
    const decoded = decodeFrame(Buffer.concat([Buffer.from("pad"), frame(index, entry)]), 3);
    expect(decoded).toEqual({ kind: "frame", index, entry: Buffer.from(entry) });
  }
});

describe("what is not a frame", () => {
  test("every prefix is incomplete", () => {
    const whole = frame(7n, '{"kind":"decision"}');
    for (let end = 0; end < whole.length; end++) {
      expect(decodeFrame(whole.subarray(0, end), 0).kind).toBe("incomplete");
    }
  });

  test("every flipped bit shows", () => {
    const whole = frame(7n, '{"kind":"decision"}');
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const flipped = Buffer.from(whole);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(decodeFrame(flipped, 0).kind).not.toBe("frame");
    }
  });

  test("zeros, as a crash leaves them behind on some file systems", () => {
    expect(decodeFrame(Buffer.alloc(64), 0).kind).toBe("broken");
    expect(findFrame(Buffer.alloc(4096), 0)).toBe(-1);
  });
});

test("a frame is found behind any garbage", () => {
  const garbage = Buffer.concat([Buffer.alloc(33), Buffer.from('"text"'), Buffer.alloc(5)]);
  expect(findFrame(Buffer.concat([garbage, frame(9n, "{}")]), 0)).toBe(garbage.length);
});
