import * as fc from "fast-check";
import { readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { encodeFrame } from "../../../src/ledger/frame.ts";
import { openLedger } from "../../../src/ledger/open-ledger.ts";
import { readAll, segmentFile, temporaryDirectory } from "./temporary-ledger.ts";

const writer = "w0";

/** Appends one entry after the other and gives the size of the (only) segment after each. */
async function writeLog(directory: string, fillers: readonly string[]): Promise<readonly number[]> {
  const ledger = await openLedger({ directory, writer });
  const ends: number[] = [];
  for (const filler of fillers) {
    await ledger.append("decision", { filler });
    ends.push((await readFile(segmentFile(directory))).length);
  }
  await ledger.close();
  return ends;
}

async function expectDamage(directory: string, file: string, offset: number | RegExp): Promise<void> {
  const before = await readFile(file);
  const expected = { name: "LedgerCorruptError", file, ...(typeof offset === "number" ? { offset } : {}) };
  await expect(openLedger({ directory, writer })).rejects.toThrow(expect.objectContaining(expected));
  await expect(readAll(directory)).rejects.toThrow(expect.objectContaining(expected));
  if (offset instanceof RegExp) await expect(openLedger({ directory, writer })).rejects.toThrow(offset);
  expect(await readFile(file)).toEqual(before);
}

const fillers = fc.array(fc.string({ unit: "binary", maxLength: 300 }), { minLength: 1, maxLength: 12 });

describe("a torn tail is cut and reported", () => {
  test("cut at any byte: what was whole before the cut is there, and the log goes on without a gap", async () => {
    await fc.assert(
      fc.asyncProperty(fillers, fc.double({ min: 0, max: 1, noNaN: true }), async (entries, fraction) => {
        const directory = join(await temporaryDirectory(), "ledger");
        const ends = await writeLog(directory, entries);
        const written = await readAll(directory);
        const cut = Math.floor(fraction * (ends.at(-1) ?? 0));
        await truncate(segmentFile(directory), cut);
        const whole = ends.filter((end) => end <= cut);
        const torn = cut - (whole.at(-1) ?? 0);

        expect(await readAll(directory)).toEqual(written.slice(0, whole.length));
        const ledger = await openLedger({ directory, writer });
        expect(ledger.recovered).toEqual({ entries: BigInt(whole.length), truncatedBytes: torn });
        expect((await ledger.append("decision", { after: true })).index).toBe(BigInt(whole.length));
        await ledger.close();

        const reopened = await readAll(directory);
        expect(reopened.slice(0, -1)).toEqual(written.slice(0, whole.length));
        expect(reopened.at(-1)?.entry.spec).toEqual({ after: true });
      }),
      { numRuns: 60 },
    );
  });

  test("zeros or garbage where the last write should be", async () => {
    for (const tail of [Buffer.alloc(9000), Buffer.from("garbage"), Buffer.from("00000010ffffffff", "hex")]) {
      const directory = join(await temporaryDirectory(), "ledger");
      await writeLog(directory, ["a", "b"]);
      const bytes = await readFile(segmentFile(directory));
      await writeFile(segmentFile(directory), Buffer.concat([bytes, tail]));
      const ledger = await openLedger({ directory, writer });
      expect(ledger.recovered).toEqual({ entries: 2n, truncatedBytes: tail.length });
      await ledger.close();
      expect(await readFile(segmentFile(directory))).toEqual(bytes);
    }
  });

  test("an empty last segment, begun just before the end", async () => {
    const directory = await temporaryDirectory();
    await writeLog(directory, ["a", "b"]);
    await writeFile(segmentFile(directory, 2), "");
    const ledger = await openLedger({ directory, writer });
    expect((await ledger.append("decision", {})).index).toBe(2n);
    await ledger.close();
    expect(await readAll(directory)).toHaveLength(3);
  });
});

describe("any other damage is named and nothing is touched", () => {
  test("a flipped bit before the last frame is refused, one in the last frame costs that frame alone", async () => {
    await fc.assert(
      fc.asyncProperty(fillers, fc.nat(), async (entries, seed) => {
        const directory = join(await temporaryDirectory(), "ledger");
        const ends = await writeLog(directory, entries);
        const file = segmentFile(directory);
        const bytes = await readFile(file);
        const bit = seed % (bytes.length * 8);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        await writeFile(file, bytes);
        const frame = ends.findIndex((end) => end > bit >> 3);
        const start = ends[frame - 1] ?? 0;
        if (frame < ends.length - 1) return expectDamage(directory, file, start);
        const ledger = await openLedger({ directory, writer });
        expect(ledger.recovered).toEqual({ entries: BigInt(frame), truncatedBytes: bytes.length - start });
        return ledger.close();
      }),
      { numRuns: 150 },
    );
  });

  test("a frame taken out of the middle, given twice, or out of turn", async () => {
    const directory = await temporaryDirectory();
    const [first = 0, second = 0] = await writeLog(directory, ["a", "b", "c"]);
    const file = segmentFile(directory);
    const bytes = await readFile(file);
    const [a, b, c] = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
    for (const [frames, problem] of [
      [[a, c], /byte \d+: index 2 where 1 is next/],
      [[a, b, b, c], /index 1 where 2 is next/],
      [[b, a, c], /byte 0: index 1 where 0 is next/],
      [[a, b, encodeFrame(7n, "{}", 2)], /index 7 where 2 is next/],
    ] as const) {
      await writeFile(file, Buffer.concat(frames));
      await expectDamage(directory, file, problem);
    }
  });

  test("more than one batch of garbage is no torn tail", async () => {
    const directory = await temporaryDirectory();
    const [end = 0] = await writeLog(directory, ["a"]);
    const file = segmentFile(directory);
    await writeFile(file, Buffer.concat([await readFile(file), Buffer.alloc(4 * 1024 * 1024 + 1)]));
    await expectDamage(directory, file, end);
  });

  test("a missing segment, the first included, or damage at the end of one that is not the last", async () => {
    const directory = await temporaryDirectory();
    const ledger = await openLedger({ directory, writer, segmentBytes: 250 });
    for (let n = 0; n < 6; n++) await ledger.append("decision", { n });
    await ledger.close();
    const [first, second, third] = [0, 2, 4].map((index) => segmentFile(directory, index)) as [string, string, string];

    const middle = await readFile(second);
    await truncate(second, middle.length - 1);
    await expectDamage(directory, second, /another segment follows/);
    await truncate(second, middle.length / 2);
    await expectDamage(directory, third, /index 3 is missing/);
    await rm(second);
    await expectDamage(directory, third, /index 2 is missing/);
    await writeFile(second, middle);
    await rm(first);
    await expectDamage(directory, second, /index 0 is missing/);
  });
});
