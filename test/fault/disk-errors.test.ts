import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import type { FileOperations, LogFile } from "../../src/ledger/file-operations.ts";
import { nodeFileOperations } from "../../src/ledger/file-operations.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import { readAll, temporaryDirectory } from "../unit/ledger/temporary-ledger.ts";

type Operation = "create" | "write" | "sync" | "flush";

/**
 * A disk that works until `arm` is called; then the named operation fails: `write` after half of the bytes, `sync` after
 * all of them.
 */
function failingDisk(code: string): { files: FileOperations; arm(operation: Operation): void; calls: Operation[] } {
  let broken: Operation | undefined;
  const calls: Operation[] = [];
  function enter(operation: Operation): void {
    calls.push(operation);
    if (operation === broken) throw Object.assign(new Error(`${code}: injected`), { code });
  }
  function wrap(file: LogFile): LogFile {
    return {
      ...file,
      async write(bytes, position) {
        if (broken === "write") await file.write(bytes.subarray(0, bytes.length / 2), position);
        enter("write");
        await file.write(bytes, position);
        enter("sync");
      },
      async flush() {
        enter("flush");
        await file.flush();
      },
    };
  }
  return {
    calls,
    arm(operation) {
      broken = operation;
      calls.length = 0;
    },
    files: {
      async create(path) {
        enter("create");
        return wrap(await nodeFileOperations.create(path));
      },
      open: async (path) => wrap(await nodeFileOperations.open(path)),
    },
  };
}

describe.each([
  ["sync", "EIO"],
  ["write", "ENOSPC"],
  ["write", "EIO"],
  ["create", "ENOSPC"],
] as const)("%s fails with %s", (operation, code) => {
  test("pending and later appends reject, `failed` resolves, nothing is tried again, nothing acknowledged is lost", async () => {
    const directory = await temporaryDirectory();
    const disk = failingDisk(code);
    const ledger = await openLedger({ directory, writer: "w0", files: disk.files, segmentBytes: 2000 });
    await Promise.all(Array.from({ length: 15 }, (_, n) => ledger.append("decision", { n })));

    disk.arm(operation);
    const attempts = 600; // more than one batch
    const pending = await Promise.allSettled(
      Array.from({ length: attempts }, (_, n) => ledger.append("decision", { n })),
    );
    expect(pending.filter((outcome) => outcome.status === "fulfilled")).toEqual([]);
    const failure = await ledger.failed;
    expect(failure).toMatchObject({ name: "LedgerFailedError", cause: { code } });
    await expect(ledger.append("decision", {})).rejects.toBe(failure);
    await ledger.close();
    expect(disk.calls.filter((call) => call === operation)).toHaveLength(1);
    expect(disk.calls.at(-1)).toBe(operation);

    const next = await openLedger({ directory, writer: "w0" });
    expect(next.recovered.entries).toBeGreaterThanOrEqual(15n);
    await next.append("startup", {});
    await next.close();
    const specs = (await readAll(directory)).map((record) => record.entry.spec);
    expect(specs.slice(0, 15)).toEqual(Array.from({ length: 15 }, (_, n) => ({ n })));
  });
});

test.each(["sync", "flush"] as const)(
  "a disk that cannot %s what was recovered is not built upon",
  async (operation) => {
    const directory = await temporaryDirectory();
    const ledger = await openLedger({ directory, writer: "w0" });
    await ledger.append("decision", {});
    await ledger.close();
    const disk = failingDisk("EIO");
    disk.arm(operation);
    await expect(openLedger({ directory, writer: "w0", files: disk.files })).rejects.toThrow(/EIO/);
    // Written anew: after a durable write that failed the system takes the pages in memory for clean.
    expect(disk.calls).toEqual(["write", "sync", "flush"].slice(0, operation === "sync" ? 2 : 3));
    await (await openLedger({ directory, writer: "w0" })).close();
  },
);

/** With strace killed alone, what it traces would go on. */
function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

describe("errors of the system calls themselves (skipped where strace is not installed or may not trace)", () => {
  const strace = spawnSync("strace", ["-qq", "-o", "/dev/null", "true"]).status === 0;

  test.skipIf(!strace).for(["pwrite64:error=EIO:when=6", "pwrite64:error=ENOSPC:when=6"])("%s", async (inject) => {
    const directory = await temporaryDirectory();
    const loop = [process.execPath, join(import.meta.dirname, "append-loop.ts"), directory, "8"];
    const trace = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", `inject=${inject}`];
    const child = spawn("strace", [...trace, ...loop], { detached: true, stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => killGroup(child.pid));
    const [output, [exitCode]] = await Promise.all([text(child.stdout), once(child, "exit")]);
    const lines = output.trimEnd().split("\n");
    expect(lines.pop()).toBe("failed LedgerFailedError");
    expect(exitCode).toBe(3);
    const found = new Map(
      (await readAll(directory)).map(({ index, leafHash }) => [`${index}`, leafHash.toString("hex")]),
    );
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      const [index = "", hash] = line.split(" ");
      expect(found.get(index)).toBe(hash);
    }
  });
});
