import { canonicalJson } from "./canonical-json.ts";
import type { FileOperations } from "./file-operations.ts";
import { ensureDirectory, nodeFileOperations } from "./file-operations.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import { logLayout, SEGMENT_BYTES, segmentPath } from "./log-layout.ts";
import type { Recovered } from "./recover-log.ts";
import { recoverLog } from "./recover-log.ts";
import { startWriteAheadLog } from "./write-ahead-log.ts";
import { lockWriter } from "./writer-lock.ts";

const LEDGER_API_VERSION = "ledger.writ.dev/v1alpha1";

export interface LedgerOptions {
  /** Holds one directory per writer; created (0700) if missing. */
  readonly directory: string;
  /** DNS label, the same after a restart (a StatefulSet's pod name): names this process's log. */
  readonly writer: string;
  readonly apiVersion?: string;
  /** For tests. */
  readonly files?: FileOperations;
  /** For tests: a new segment begins before one would exceed this. */
  readonly segmentBytes?: number;
}

/** The open log, with what start-up found: a `truncatedBytes` above 0 is worth a log line. */
export interface OpenedLedger extends LedgerWriter {
  readonly recovered: Recovered;
}

/**
 * Opens one writer's log under `<directory>/<writer>/`: takes its lock, replays and checks all of it, cuts a torn tail.
 *
 * @throws {RangeError} for a writer name that is no DNS label
 * @throws {LedgerLockedError} when the log has a writer already
 * @throws {LedgerCorruptError} naming file and offset, when what is on disk is damaged beyond a torn tail
 */
export async function openLedger(options: LedgerOptions): Promise<OpenedLedger> {
  const { directory, writer, apiVersion = LEDGER_API_VERSION, files = nodeFileOperations } = options;
  const { root, wal } = logLayout(directory, writer);
  await ensureDirectory(directory, wal);
  const lock = lockWriter(root);
  try {
    const { recovered, segment } = await recoverLog(wal, files);
    const log = startWriteAheadLog({
      segment,
      nextIndex: recovered.entries,
      segmentBytes: options.segmentBytes ?? SEGMENT_BYTES,
      createSegment: (first) => files.create(segmentPath(wal, first)),
    });
    const close = async (): Promise<void> => {
      try {
        await log.close();
      } finally {
        lock.release();
      }
    };
    let closing: Promise<void> | undefined;
    return {
      writer,
      recovered,
      failed: log.failed,
      async append(kind, spec) {
        const { index, leafHash } = await log.append(canonicalJson({ apiVersion, kind, spec }));
        return { writer, index, leafHash };
      },
      close: () => (closing ??= close()),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}
