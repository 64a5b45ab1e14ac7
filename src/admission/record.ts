import type { EntryKind, LedgerWriter, Receipt } from "../ledger/ledger-writer.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** Appends an entry and resolves when it is durable; measures and counts. */
export type Recorder = (kind: EntryKind, spec: object) => Promise<Receipt>;

export function recorder(ledger: LedgerWriter, metrics: Metrics): Recorder {
  return async (kind, spec) => {
    const stop = metrics.ledgerAppend.startTimer();
    const receipt = await ledger.append(kind, spec);
    stop();
    metrics.ledgerEntries.inc({ kind });
    return receipt;
  };
}

/**
 * Audit annotation of a recorded call, which makes the API server's audit log a second witness. The key is unique to
 * the call: the API server keeps the first value of a key and one client request can be several calls.
 */
export function auditAnnotations(requestUid: string, receipt: Receipt): Record<string, string> {
  const key = `d.${requestUid.replaceAll(/[^A-Za-z0-9]/g, "").slice(0, 12)}`;
  return { [key]: `${receipt.writer};${receipt.index};${receipt.leafHash.toString("hex")}` };
}
