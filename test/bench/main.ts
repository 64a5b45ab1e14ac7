import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchApiserver } from "./apiserver/main.ts";
import { parseOptions, usage } from "./options.ts";
import { formatted, writeSection } from "./page.ts";
import { renderGate } from "./report.ts";
import { runBench } from "./run.ts";

async function benchGate(words: readonly string[], dir: string): Promise<void> {
  const options = parseOptions(words);
  if (options === "help") {
    process.stdout.write(usage);
    return;
  }
  const markdown = renderGate(await runBench(dir, options, (line) => process.stderr.write(`${line}\n`)));
  if (options.write) await writeSection("gate", markdown);
  process.stdout.write(await formatted(markdown));
}

async function main(words: readonly string[]): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "writ-bench-"));
  try {
    await (words[0] === "apiserver" ? benchApiserver(words.slice(1), dir) : benchGate(words, dir));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`bench: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
