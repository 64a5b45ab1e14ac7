const newline = 0x0a;
/** More than any object (the API server takes bodies of 3 MiB), less than what would hurt us. */
const maxLineBytes = 16 * 1024 * 1024;

export interface LineSplitter {
  push(chunk: Buffer): void;
  /** Hands on what stands after the last newline: a line that was cut off, or nothing. */
  end(): void;
}

/** Splits bytes, not strings, since a piece may end inside of a character. Empty lines are dropped. */
export function createLineSplitter(onLine: (line: string) => void): LineSplitter {
  let pending: Buffer[] = [];
  let pendingBytes = 0;

  function take(last: Buffer): string {
    const line = pending.length === 0 ? last : Buffer.concat([...pending, last]);
    pending = [];
    pendingBytes = 0;
    return line.toString("utf8");
  }

  return {
    push: (chunk) => {
      let start = 0;
      for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
        const line = take(chunk.subarray(start, end));
        start = end + 1;
        if (line.trim() !== "") onLine(line);
      }
      if (start === chunk.length) return;
      pending.push(chunk.subarray(start));
      pendingBytes += chunk.length - start;
      if (pendingBytes > maxLineBytes) {
        throw new Error(`a line of the watch is longer than ${String(maxLineBytes)} bytes`);
      }
    },
    end: () => {
      const line = take(Buffer.alloc(0));
      if (line.trim() !== "") onLine(line);
    },
  };
}
