import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { LedgerLockedError } from "./ledger-errors.ts";

export interface WriterLock {
  release(): void;
}

const SQLITE_BUSY = 5;

/**
 * Takes the exclusive lock on one writer's log, or throws. The kernel releases it when the process ends, however it
 * ends, so nothing stale is left to judge. Node has no call for file locks: SQLite takes one on its database file, which
 * stays empty (docs/decisions/2026-11-24-ledger-lock.md).
 *
 * @throws {LedgerLockedError} naming the holder, when another process or this one has it
 */
export function lockWriter(root: string): WriterLock {
  const path = join(root, "lock");
  const holder = join(root, "holder.json");
  createOnce(path);
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
    writeFileSync(holder, `${JSON.stringify({ host: hostname(), pid: process.pid })}\n`, { mode: 0o600 });
  } catch (error) {
    database.close();
    if ((error as { readonly errcode?: unknown }).errcode !== SQLITE_BUSY) throw error;
    throw new LedgerLockedError(
      `the ledger in ${root} has a writer already (${describe(holder)}): a log has one writer at a time. ` +
        `Stop that process, or give this one a writer name of its own`,
      { cause: error },
    );
  }
  return {
    release() {
      rmSync(holder, { force: true });
      database.close();
    },
  };
}

/** Only if it is not there: POSIX drops a process's locks on a file when it closes any descriptor of that file. */
function createOnce(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** For the message alone: the lock is what counts. */
function describe(holder: string): string {
  try {
    return readFileSync(holder, "utf8").trim().slice(0, 200);
  } catch {
    return "holder unknown";
  }
}
