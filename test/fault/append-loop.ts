/**
 * Child process of the fault tests: `append-loop.ts DIRECTORY [WRITERS]` appends from WRITERS loops at once, prints
 * every acknowledged entry as a line `INDEX LEAFHASH`, and `failed NAME` with exit code 3 once the ledger refuses.
 */
import { writeSync } from "node:fs";
import { openLedger } from "../../src/ledger/open-ledger.ts";

const [directory = "", loops = "8"] = process.argv.slice(2);
const ledger = await openLedger({ directory, writer: "w0", segmentBytes: 64 * 1024 });

void ledger.failed.then((error) => {
  // A synchronous write: what is acknowledged below must be in the pipe before the process is killed.
  writeSync(1, `failed ${error.name}\n`);
  process.exit(3);
});

async function loop(name: number): Promise<void> {
  for (let n = 0; ; n++) {
    const { index, leafHash } = await ledger.append("decision", { loop: name, n, filler: "x".repeat((n * 37) % 900) });
    writeSync(1, `${index} ${leafHash.toString("hex")}\n`);
  }
}

await Promise.allSettled(Array.from({ length: Number(loops) }, (_, name) => loop(name)));
