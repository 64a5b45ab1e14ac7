import { spawnSync } from "node:child_process";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { encodeFrame } from "../../../src/ledger/frame.ts";
import { openLedger } from "../../../src/ledger/open-ledger.ts";
import { readAll, segmentFile, temporaryDirectory } from "./temporary-ledger.ts";

const page = await readFile(join(import.meta.dirname, "../../../docs/reference/ledger.md"), "utf8");
const python = spawnSync("python3", ["--version"]).status === 0;

test("the page's frame is what is written", () => {
  const frame = encodeFrame(258n, '{"a":1}', 7).toString("hex");
  expect(page.replaceAll(" ", "")).toContain(`\n${frame}\n`);
});

test.skipIf(!python)("the page's Python reads a log (skipped without python3)", async () => {
  const directory = await temporaryDirectory();
  const ledger = await openLedger({ directory, writer: "w0", segmentBytes: 400 });
  for (const kind of ["startup", "decision", "owner", "decision", "shutdown"] as const) {
    await ledger.append(kind, { name: "päyments", padding: "x".repeat(80) });
  }
  await ledger.close();
  await appendFile(segmentFile(directory, 4), encodeFrame(5n, '{"kind":"torn"}', 15).subarray(0, 25));
  const [, program = ""] = /```python\n(.*?)```/s.exec(page) ?? [];
  const run = spawnSync("python3", ["-", directory], { input: program, encoding: "utf8" });
  expect(run.stderr).toBe("");
  const records = await readAll(directory);
  expect(run.stdout.trimEnd().split("\n")).toEqual(
    records.map(({ writer, index, leafHash, entry }) => `${writer} ${index} ${leafHash.toString("hex")} ${entry.kind}`),
  );
  expect(records).toHaveLength(5);
});
