import { setImmediate } from "node:timers/promises";
import type { LogFile } from "./file-operations.ts";
import { encodeFrame, entryOf, MAX_BATCH_BYTES, MAX_ENTRY_BYTES } from "./frame.ts";
import { leafHash } from "./leaf-hash.ts";
import { EntryTooLargeError, LedgerFailedError, LedgerOverloadedError } from "./ledger-errors.ts";
import type { OpenSegment } from "./recover-log.ts";

const MAX_BATCH_ENTRIES = 512;
const MAX_QUEUED_ENTRIES = 16_384;
const MAX_QUEUED_BYTES = 32 * 1024 * 1024;

/** Where an entry stands: its index in the log and the RFC 6962 leaf hash of its bytes. */
interface Position {
  readonly index: bigint;
  readonly leafHash: Buffer;
}

export interface WriteAheadLog {
  /** Resolves once the entry is durable. Indices follow the order of calls. Rejects as `LedgerWriter.append` does. */
  append(entry: string): Promise<Position>;
  /** Resolves with the cause once the disk has refused something; never rejects. */
  readonly failed: Promise<Error>;
  /** Refuses further entries, waits until those appended before are durable or refused, and closes the file. */
  close(): Promise<void>;
}

interface Waiting {
  readonly frame: Buffer;
  readonly position: Position;
  resolve(position: Position): void;
  reject(error: Error): void;
}

/**
 * The write-ahead log by group commit: one durable write at a time, started at once when none is under way; what
 * arrives meanwhile is the next batch (docs/decisions/2026-11-24-group-commit.md).
 */
export function startWriteAheadLog(options: {
  readonly segment: OpenSegment;
  readonly nextIndex: bigint;
  readonly segmentBytes: number;
  readonly createSegment: (first: bigint) => Promise<LogFile>;
}): WriteAheadLog {
  const failed = Promise.withResolvers<Error>();
  let { file, size } = options.segment;
  let nextIndex = options.nextIndex;
  let refusal: LedgerFailedError | undefined;
  let queue: Waiting[] = [];
  let queuedBytes = 0;
  let committing = false;
  let commits = Promise.resolve();

  function append(entry: string): Promise<Position> {
    const byteLength = Buffer.byteLength(entry);
    const error = refusal ?? tooLarge(byteLength) ?? overloaded(queue.length, queuedBytes);
    if (error !== undefined) return Promise.reject(error);
    const frame = encodeFrame(nextIndex, entry, byteLength);
    const position = { index: nextIndex, leafHash: leafHash(entryOf(frame)) };
    nextIndex += 1n;
    queuedBytes += frame.length;
    return new Promise((resolve, reject) => {
      queue.push({ frame, position, resolve, reject });
      if (!committing) commits = commitQueue();
    });
  }

  async function commitQueue(): Promise<void> {
    committing = true;
    let batch: readonly Waiting[] = [];
    try {
      while (queue.length > 0) {
        // Requests that the event loop is handling in this turn join the batch: it costs them microseconds, not a write.
        await setImmediate();
        batch = takeBatch();
        await write(batch);
        for (const waiting of batch) waiting.resolve(waiting.position);
      }
    } catch (cause) {
      fail(batch, cause as Error);
    } finally {
      committing = false;
    }
  }

  function takeBatch(): readonly Waiting[] {
    let bytes = 0;
    const end = queue.findIndex((waiting, count) => {
      bytes += waiting.frame.length;
      return count === MAX_BATCH_ENTRIES || bytes > MAX_BATCH_BYTES;
    });
    const batch = end < 0 ? queue : queue.slice(0, end);
    queue = end < 0 ? [] : queue.slice(end);
    return batch;
  }

  async function write(batch: readonly Waiting[]): Promise<void> {
    const bytes = Buffer.concat(batch.map((waiting) => waiting.frame));
    const first = batch[0];
    if (first !== undefined && size > 0 && size + bytes.length > options.segmentBytes) {
      await file.close();
      file = await options.createSegment(first.position.index);
      size = 0;
    }
    await file.write(bytes, size);
    size += bytes.length;
    queuedBytes -= bytes.length;
  }

  /** Nothing is tried again: after a failed write nobody can say what the disk holds, and a second one may lie. */
  function fail(batch: readonly Waiting[], cause: Error): void {
    const error = new LedgerFailedError(
      `the disk refused to record a batch of entries (${cause.message}): nothing more is recorded by this process. ` +
        `Look to the disk (space, health), then start again`,
      { cause },
    );
    refusal = error;
    for (const waiting of [...batch, ...queue]) waiting.reject(error);
    queue = [];
    failed.resolve(error);
  }

  return {
    append,
    failed: failed.promise,
    async close() {
      refusal ??= new LedgerFailedError("the ledger is closed and takes no more entries");
      await commits;
      await file.close();
    },
  };
}

function tooLarge(byteLength: number): EntryTooLargeError | undefined {
  if (byteLength <= MAX_ENTRY_BYTES) return undefined;
  return new EntryTooLargeError(`an entry of ${byteLength} bytes, where a ledger entry has at most ${MAX_ENTRY_BYTES}`);
}

function overloaded(entries: number, bytes: number): LedgerOverloadedError | undefined {
  if (entries < MAX_QUEUED_ENTRIES && bytes < MAX_QUEUED_BYTES) return undefined;
  return new LedgerOverloadedError(
    `${entries} entries of ${bytes} bytes wait for the disk, where ${MAX_QUEUED_ENTRIES} and ${MAX_QUEUED_BYTES} are ` +
      `the bounds: decisions come faster than the disk takes them`,
  );
}
