import * as fc from "fast-check";
import { expect, test } from "vitest";
import { crc32c } from "../../../src/ledger/crc32c.ts";

const range = (length: number, at: (i: number) => number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => at(i)));

test.each([
  ["32 zero bytes", range(32, () => 0), 0x8a9136aa],
  ["32 bytes of ones", range(32, () => 0xff), 0x62a8ab43],
  ["32 rising bytes", range(32, (i) => i), 0x46dd794e],
  ["32 falling bytes", range(32, (i) => 31 - i), 0x113fdb5c],
  [
    "an iSCSI SCSI Read (10) command PDU",
    Buffer.from(
      "01c000000000000000000000000000001400000000000400000000140000001828000000000000000200000000000000",
      "hex",
    ),
    0xd9963a56,
  ],
  ["the check value of the CRC catalogues", Buffer.from("123456789"), 0xe3069283],
  ["nothing", Buffer.alloc(0), 0],
])("RFC 3720 B.4: %s", (_name, bytes, crc) => {
  expect(crc32c(bytes)).toBe(crc);
});

function bitByBit(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

test("agrees with the bitwise definition, in one run or split anywhere", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
      expect(crc32c(bytes)).toBe(bitByBit(bytes));
      expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut)))).toBe(bitByBit(bytes));
    }),
  );
});
