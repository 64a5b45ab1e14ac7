import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodeFrame } from "../../../src/ledger/frame.ts";
import { openLedger } from "../../../src/ledger/open-ledger.ts";
import { readLedger } from "../../../src/ledger/read-ledger.ts";
import { readAll, segmentFile, temporaryDirectory } from "./temporary-ledger.ts";

test("reads the writers in turn by name, or one, and passes over what is no log", async () => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, "README"), "not a log");
  for (const writer of ["w1", "w0"]) {
    const ledger = await openLedger({ directory, writer });
    await ledger.append("startup", { of: writer });
    await ledger.append("shutdown", { of: writer });
    await ledger.close();
  }
  const summary = (await readAll(directory)).map(({ writer, index, entry }) => [writer, index, entry.kind]);
  expect(summary).toEqual([
    ["w0", 0n, "startup"],
    ["w0", 1n, "shutdown"],
    ["w1", 0n, "startup"],
    ["w1", 1n, "shutdown"],
  ]);
  expect((await readAll(directory, "w1")).map((record) => record.writer)).toEqual(["w1", "w1"]);
});

test("a writer that has no log is an error, not an empty log", async () => {
  await expect(readAll(await temporaryDirectory(), "w9")).rejects.toThrow(/ENOENT/);
  await expect(readAll(await temporaryDirectory(), "../w9")).rejects.toThrow(/lower-case letters/);
});

test("beside a live writer every read is a gapless run that holds what was acknowledged before it began", async () => {
  const directory = await temporaryDirectory();
  const ledger = await openLedger({ directory, writer: "w0", segmentBytes: 20_000 });
  let acknowledged = 0;
  const stop = new AbortController();
  const loops = Array.from({ length: 16 }, async () => {
    while (!stop.signal.aborted) {
      await ledger.append("decision", { filler: "x".repeat(acknowledged % 997) });
      acknowledged++;
    }
  });
  for (let round = 0; round < 20; round++) {
    const before = acknowledged;
    let next = 0n;
    for await (const { index } of readLedger(directory, "w0")) expect(index).toBe(next++);
    expect(Number(next)).toBeGreaterThanOrEqual(before);
  }
  stop.abort();
  await Promise.all(loops);
  await ledger.close();
});

test("entries longer than what is read at once come out whole", async () => {
  const directory = await temporaryDirectory();
  const ledger = await openLedger({ directory, writer: "w0" });
  const sizes = Array.from({ length: 60 }, (_, n) => (n * 7919) % 65_000);
  await Promise.all(sizes.map((size) => ledger.append("decision", { filler: "y".repeat(size) })));
  await ledger.close();
  const read = (await readAll(directory)).map((record) => (record.entry.spec["filler"] as string).length);
  expect(read).toEqual(sizes);
});

test.each([
  "{}",
  "[]",
  "null",
  '{"apiVersion":"v1","kind":"decision","spec":[]}',
  '{"apiVersion":1,"kind":"x","spec":{}}',
])("a frame that holds %s and not an entry is an error", async (text) => {
  const directory = await temporaryDirectory();
  await (await openLedger({ directory, writer: "w0" })).close();
  await writeFile(segmentFile(directory), encodeFrame(0n, text, text.length));
  await expect(readAll(directory)).rejects.toThrow("entry 0 of writer w0 has no apiVersion, kind and spec");
});
