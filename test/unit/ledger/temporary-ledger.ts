import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { readLedger } from "../../../src/ledger/read-ledger.ts";
import type { LedgerRecord } from "../../../src/ledger/read-ledger.ts";

/** A directory that is gone when the test has ended. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "writ-ledger-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export async function readAll(directory: string, writer?: string): Promise<readonly LedgerRecord[]> {
  const records: LedgerRecord[] = [];
  for await (const record of readLedger(directory, writer)) records.push(record);
  return records;
}

export function segmentFile(directory: string, first = 0, writer = "w0"): string {
  return join(directory, writer, "wal", `${String(first).padStart(20, "0")}.wal`);
}
