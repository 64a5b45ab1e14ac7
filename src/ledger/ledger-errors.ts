/** The entry cannot be stored in this format; the log is unharmed and takes other entries. */
export class EntryTooLargeError extends Error {
  override readonly name = "EntryTooLargeError";
}

/** More entries wait for the disk than the log holds in memory; the log is unharmed, a later append may succeed. */
export class LedgerOverloadedError extends Error {
  override readonly name = "LedgerOverloadedError";
}

/** The disk refused a write, or the log was closed: nothing more can be recorded by this process. */
export class LedgerFailedError extends Error {
  override readonly name = "LedgerFailedError";
}

/** Another process (or this one) has the writer's log open. */
export class LedgerLockedError extends Error {
  override readonly name = "LedgerLockedError";
}

/** What is on disk is not what a writer leaves behind, a torn tail included. `offset` is in bytes from the file's start. */
export class LedgerCorruptError extends Error {
  override readonly name = "LedgerCorruptError";
  readonly file: string;
  readonly offset: number;

  constructor(file: string, offset: number, problem: string) {
    super(
      `the ledger is damaged in ${file} at byte ${offset}: ${problem}. ` +
        `Nothing was changed; restore the file from a copy, or move the whole log away and keep it as evidence`,
    );
    this.file = file;
    this.offset = offset;
  }
}
