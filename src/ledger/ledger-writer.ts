/** Entry kinds of one writer's log; `docs/reference/ledger.md` says when each is written. */
export type EntryKind =
  "decision" | "approval" | "capability" | "owner" | "policy-snapshot" | "startup" | "shutdown" | "coverage-gap";

/** Where an entry stands: contiguous index in the writer's log and RFC 6962 leaf hash of its bytes. */
export interface Receipt {
  readonly writer: string;
  readonly index: bigint;
  /** SHA-256(0x00 || entry), 32 bytes. */
  readonly leafHash: Buffer;
}

/**
 * One append-only log with one writer.
 *
 * The promise of `append` MUST NOT resolve before the entry's bytes are durable (O_DSYNC), and indices are contiguous
 * in the order in which `append` was called. After a disk error every pending and later `append` MUST reject and
 * `failed` resolves: the process answers denials and exits, since an fsync that failed once cannot be retried.
 */
export interface LedgerWriter {
  readonly writer: string;
  /**
   * Rejects with `CanonicalJsonError` or `EntryTooLargeError` when the entry cannot be recorded, with
   * `LedgerOverloadedError` when too much waits for the disk (the log is unharmed in these cases), and with
   * `LedgerFailedError` for good after a disk error or `close`.
   */
  append(kind: EntryKind, spec: object): Promise<Receipt>;
  /** Resolves with the error once the log has become unusable; never rejects. */
  readonly failed: Promise<Error>;
  /** Waits for what was appended before, refuses what comes after, releases the lock. */
  close(): Promise<void>;
}
