import { constants } from "node:fs";
import { readdir, readFile, readlink, realpath } from "node:fs/promises";
import { expect, test } from "vitest";
import { openLedger } from "../../../src/ledger/open-ledger.ts";
import { temporaryDirectory } from "./temporary-ledger.ts";

/** Flags of every open file of this process under `directory`, by path (proc_pid_fdinfo(5), in octal). */
async function flagsUnder(directory: string): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (const fd of await readdir("/proc/self/fd")) {
    const path = await readlink(`/proc/self/fd/${fd}`).catch(() => "");
    if (!path.startsWith(`${directory}/`)) continue;
    const flags = /^flags:\s*([0-7]+)$/m.exec(await readFile(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
    found.set(path, Number.parseInt(flags ?? "", 8));
  }
  return found;
}

test("segments are written durably: one that is made, one that is gone on with, and the next", async () => {
  const directory = await realpath(await temporaryDirectory());
  const segments = async (): Promise<readonly [string, number][]> =>
    [...(await flagsUnder(directory))].filter(([path]) => path.includes("/wal/"));
  const open = () => openLedger({ directory, writer: "w0", segmentBytes: 200 });

  for (const _ of ["made", "gone on with"]) {
    const ledger = await open();
    const before = await segments();
    for (const n of [1, 2, 3]) await ledger.append("decision", { n });
    const opened = new Map([...before, ...(await segments())]);
    expect(opened.size).toBe(2);
    for (const flags of opened.values()) expect(flags & constants.O_DSYNC).toBe(constants.O_DSYNC);
    await ledger.close();
  }
});
