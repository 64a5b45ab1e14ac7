import { constants } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** An open file of the log. Positions, lengths and sizes are in bytes. */
export interface LogFile {
  size(): Promise<number>;
  /**
   * Writes all of `bytes` at `position` and resolves once they are on the disk: the file is opened with O_DSYNC (open(2)),
   * so that one call does what write(2) and fdatasync(2) do. Rejects otherwise (a disk that is full may then hold part
   * of them). After a failure it MUST NOT be called again.
   */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Reads `length` bytes at `position`; fewer at the end of the file. */
  read(position: number, length: number): Promise<Buffer>;
  truncate(size: number): Promise<void>;
  /** fdatasync(2): when it resolves, content and size are on the disk. As `write` after a failure. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** What the writer asks of the disk: the seam at which tests inject faults. */
export interface FileOperations {
  /** Creates a file that must not exist (0600) and makes its name durable. */
  create(path: string): Promise<LogFile>;
  open(path: string): Promise<LogFile>;
}

const { O_RDWR, O_DSYNC, O_CREAT, O_EXCL } = constants;

/** Where a platform has no such flag, Node leaves the constant out and would open without it. */
function durably(flags: number): number {
  if (!O_DSYNC) throw new Error("the ledger needs a system whose files can be opened with O_DSYNC, such as Linux");
  return flags | O_DSYNC;
}

export const nodeFileOperations: FileOperations = {
  async create(path) {
    const handle = await open(path, durably(O_RDWR | O_CREAT | O_EXCL), 0o600);
    try {
      await syncDirectory(dirname(path));
    } catch (error) {
      await handle.close();
      throw error;
    }
    return logFile(handle);
  },
  async open(path) {
    return logFile(await open(path, durably(O_RDWR)));
  },
};

export async function openToRead(path: string): Promise<Pick<LogFile, "size" | "read" | "close">> {
  return logFile(await open(path, "r"));
}

/**
 * Creates `path` (0700, with what is missing above it) and makes the names durable, down from `base`, which is `path` or
 * above it. Names that were there already are flushed too: a predecessor may have died between making and flushing them.
 */
export async function ensureDirectory(base: string, path: string): Promise<void> {
  const created = await mkdir(path, { recursive: true, mode: 0o700 });
  const top = resolve(base);
  // Above `base` nothing is ours to read, unless this call has made it.
  const end = created !== undefined && top.startsWith(resolve(created)) ? dirname(resolve(created)) : top;
  for (let at = resolve(path); ; at = dirname(at)) {
    await syncDirectory(at);
    if (at === end) return;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function logFile(handle: FileHandle): LogFile {
  return {
    size: async () => (await handle.stat()).size,
    async write(bytes, position) {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    },
    async read(position, length) {
      const bytes = Buffer.allocUnsafe(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await handle.read(bytes, done, length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return bytes.subarray(0, done);
    },
    truncate: (size) => handle.truncate(size),
    flush: () => handle.datasync(),
    close: () => handle.close(),
  };
}
