import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, onTestFinished, test } from "vitest";
import { leafHash } from "../../../src/ledger/leaf-hash.ts";
import { openLedger } from "../../../src/ledger/open-ledger.ts";
import { readAll, segmentFile, temporaryDirectory } from "./temporary-ledger.ts";

async function mode(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

describe("append", () => {
  test("records canonical envelopes under contiguous indices, in the order of calls, across restarts", async () => {
    const directory = await temporaryDirectory();
    for (const round of [0, 1]) {
      const ledger = await openLedger({ directory, writer: "w0" });
      expect(ledger.recovered).toEqual({ entries: BigInt(round * 50), truncatedBytes: 0 });
      const receipts = await Promise.all(Array.from({ length: 50 }, (_, n) => ledger.append("decision", { round, n })));
      expect(receipts.map((receipt) => receipt.index)).toEqual(receipts.map((_, n) => BigInt(round * 50 + n)));
      await ledger.close();
    }
    const records = await readAll(directory);
    expect(records.map(({ index, bytes }) => [index, bytes.toString()])).toEqual(
      Array.from({ length: 100 }, (_, i) => [
        BigInt(i),
        `{"apiVersion":"ledger.writ.dev/v1alpha1","kind":"decision","spec":{"n":${i % 50},"round":${Math.floor(i / 50)}}}`,
      ]),
    );
  });

  test("gives the leaf hash of the recorded bytes, as reading gives it", async () => {
    const directory = await temporaryDirectory();
    const ledger = await openLedger({ directory, writer: "w0", apiVersion: "ledger.writ.dev/v2" });
    const receipt = await ledger.append("owner", { name: "päyments" });
    await ledger.close();
    const [record] = await readAll(directory, "w0");
    expect(record?.entry).toEqual({ apiVersion: "ledger.writ.dev/v2", kind: "owner", spec: { name: "päyments" } });
    expect(receipt).toEqual({ writer: "w0", index: 0n, leafHash: leafHash(record?.bytes ?? Buffer.alloc(0)) });
    expect(record?.leafHash).toEqual(receipt.leafHash);
  });

  test("the entry is in the file when the promise resolves", async () => {
    const directory = await temporaryDirectory();
    const ledger = await openLedger({ directory, writer: "w0" });
    await ledger.append("startup", { marker: "first" });
    expect(await readFile(segmentFile(directory), "utf8")).toContain('"marker":"first"');
    await ledger.close();
  });

  test("refuses what cannot be recorded and goes on without a gap", async () => {
    const directory = await temporaryDirectory();
    const ledger = await openLedger({ directory, writer: "w0" });
    const overhead = '{"apiVersion":"ledger.writ.dev/v1alpha1","kind":"decision","spec":{"s":""}}'.length;
    const fits = ledger.append("decision", { s: "x".repeat(65_535 - overhead) });
    const tooLarge = ledger.append("decision", { s: "x".repeat(65_536 - overhead) });
    await expect(tooLarge).rejects.toThrow(expect.objectContaining({ name: "EntryTooLargeError" }));
    await expect(ledger.append("decision", { at: new Date(0) })).rejects.toThrow(/\$\.spec\.at/);
    expect((await fits).index).toBe(0n);
    expect((await ledger.append("decision", {})).index).toBe(1n);
    await ledger.close();
    expect(await readAll(directory)).toHaveLength(2);
  });

  test("sheds with a clear error when more waits than is held in memory, and loses nothing it took", async () => {
    const directory = await temporaryDirectory();
    const ledger = await openLedger({ directory, writer: "w0" });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 17_000 }, (_, n) => ledger.append("decision", { n })),
    );
    const refused = outcomes.filter((outcome) => outcome.status === "rejected");
    expect(refused.length).toBe(17_000 - 16_384);
    expect(refused[0]?.reason).toMatchObject({ name: "LedgerOverloadedError" });
    await ledger.append("decision", {});
    await ledger.close();
    expect(await readAll(directory)).toHaveLength(16_385);
  });
});

test("close waits for what was appended, then refuses, and may be called twice", async () => {
  const directory = await temporaryDirectory();
  const ledger = await openLedger({ directory, writer: "w0" });
  const appended = ledger.append("shutdown", {});
  await Promise.all([ledger.close(), ledger.close()]);
  expect((await appended).index).toBe(0n);
  await expect(ledger.append("decision", {})).rejects.toThrow(/ledger is closed/);
});

test("a new segment, named by its first index, begins before one outgrows the bound", async () => {
  const directory = await temporaryDirectory();
  for (const round of [0, 1]) {
    const ledger = await openLedger({ directory, writer: "w0", segmentBytes: 300 });
    for (let n = 0; n < 5; n++) await ledger.append("decision", { n, round });
    await ledger.close();
  }
  const names = await readdir(join(directory, "w0", "wal"));
  expect(names).toEqual([0, 3, 6, 9].map((first) => `${String(first).padStart(20, "0")}.wal`));
  expect(await readAll(directory)).toHaveLength(10);
});

test("files and directories are for their owner alone", async () => {
  const parent = await temporaryDirectory();
  const directory = join(parent, "a", "ledger");
  const ledger = await openLedger({ directory, writer: "w0" });
  expect(await Promise.all(["", "w0", "w0/wal"].map((path) => mode(join(directory, path))))).toEqual([
    0o700, 0o700, 0o700,
  ]);
  const files = [segmentFile(directory), join(directory, "w0", "lock"), join(directory, "w0", "holder.json")];
  expect(await Promise.all(files.map(mode))).toEqual([0o600, 0o600, 0o600]);
  await ledger.close();
});

test.each(["..", "", "a/b", "W0", "a_b", "-a", "a".repeat(64)])("the writer name %j is refused", async (writer) => {
  await expect(openLedger({ directory: "/nonexistent", writer })).rejects.toThrow(
    /lower-case letters, digits and dashes/,
  );
});

test("a file that is not a segment is not passed over", async () => {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, "w0", "wal"), { recursive: true });
  await writeFile(join(directory, "w0", "wal", "1.wal"), "");
  await expect(openLedger({ directory, writer: "w0" })).rejects.toThrow(/1\.wal at byte 0: this is not the name/);
});

describe("one writer per log", () => {
  test("a second one in this process is refused until the first has closed, and the lock outlives the attempt", async () => {
    const directory = await temporaryDirectory();
    const ledger = await openLedger({ directory, writer: "w0" });
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(openLedger({ directory, writer: "w0" })).rejects.toThrow(
        expect.objectContaining({
          name: "LedgerLockedError",
          message: expect.stringContaining(`"pid":${process.pid}`) as string,
        }),
      );
    }
    const other = await openLedger({ directory, writer: "w1" });
    await other.close();
    await ledger.append("decision", {});
    await ledger.close();
    const next = await openLedger({ directory, writer: "w0" });
    expect(next.recovered.entries).toBe(1n);
    await next.close();
  });

  test("another process is refused by name of the holder, and takes over once that is dead", async () => {
    const directory = await temporaryDirectory();
    const holder = spawn(process.execPath, [join(import.meta.dirname, "../../fault/append-loop.ts"), directory], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void holder.kill("SIGKILL"));
    await once(createInterface(holder.stdout), "line");
    await expect(openLedger({ directory, writer: "w0" })).rejects.toThrow(`"pid":${holder.pid}`);
    holder.kill("SIGKILL");
    await once(holder, "exit");
    const ledger = await openLedger({ directory, writer: "w0" });
    expect(ledger.recovered.entries).toBeGreaterThan(0n);
    await ledger.close();
  });
});
