import { readLedger } from "../ledger/read-ledger.ts";
import type { LedgerRecord } from "../ledger/read-ledger.ts";
import { trailEntry, trailTable } from "./trail.ts";
import type { TrailEntry } from "./trail.ts";

/** Entries whose columns are measured together; a longer log is a table every so many lines. */
const pageSize = 1000;

/**
 * Prints a ledger's entries in their order: as one JSON document a line (writer, index, leaf hash, entry), or as a table
 * for people. Works beside a live writer.
 */
export async function ledgerCat(
  directory: string,
  format: "json" | "table",
  print: (line: string) => void,
): Promise<void> {
  let page: TrailEntry[] = [];
  const flush = (): void => {
    for (const line of trailTable(page)) print(line);
    page = [];
  };
  for await (const record of readLedger(directory)) {
    if (format === "json") print(jsonLine(record));
    else if (page.push(trailEntry(record)) === pageSize) flush();
  }
  if (page.length > 0) flush();
}

function jsonLine({ writer, index, leafHash, entry }: LedgerRecord): string {
  return JSON.stringify({ writer, index: String(index), leafHash: leafHash.toString("hex"), ...entry });
}
