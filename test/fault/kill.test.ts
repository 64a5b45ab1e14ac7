import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import { readAll, temporaryDirectory } from "../unit/ledger/temporary-ledger.ts";

test("20 kills at random: every acknowledged entry is in the log, and the next process takes over", async () => {
  const directory = await temporaryDirectory();
  const acknowledged = new Map<string, string>();
  for (let round = 0; round < 20; round++) {
    const child = spawn(process.execPath, [join(import.meta.dirname, "append-loop.ts"), directory, "16"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const output = text(child.stdout);
    await once(child.stdout, "readable");
    await setTimeout(Math.random() * 60);
    child.kill("SIGKILL");
    await once(child, "exit");
    const before = acknowledged.size;
    // The last line may be cut short.
    for (const line of (await output).split("\n").slice(0, -1)) {
      const [index = "", hash = ""] = line.split(" ");
      expect(acknowledged.has(index), `index ${index} was given twice`).toBe(false);
      acknowledged.set(index, hash);
    }
    expect(acknowledged.size).toBeGreaterThan(before);
  }
  const found = new Map(
    (await readAll(directory)).map(({ index, leafHash }) => [`${index}`, leafHash.toString("hex")]),
  );
  for (const [index, hash] of acknowledged) expect(found.get(index)).toBe(hash);
  const ledger = await openLedger({ directory, writer: "w0" });
  expect(ledger.recovered.entries).toBe(BigInt(found.size));
  await ledger.close();
});
