import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "prettier";
import { parseOptions, usage } from "./options.ts";
import { renderPage } from "./report.ts";
import { runBench } from "./run.ts";

const page = fileURLToPath(new URL("../../docs/reference/performance.md", import.meta.url));

async function main(words: readonly string[]): Promise<void> {
  const options = parseOptions(words);
  if (options === "help") {
    process.stdout.write(usage);
    return;
  }
  const dir = mkdtempSync(join(tmpdir(), "writ-bench-"));
  try {
    const results = await runBench(dir, options, (line) => process.stderr.write(`${line}\n`));
    const text = await format(renderPage(results), { parser: "markdown", printWidth: 120 });
    if (options.write) writeFileSync(page, text);
    process.stdout.write(text);
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
