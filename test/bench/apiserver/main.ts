import { readFileSync, writeFileSync } from "node:fs";
import { formatted, writeSection } from "../page.ts";
import { type ApiserverOptions, apiserverUsage, parseApiserverOptions } from "./options.ts";
import { renderApiserver } from "./report.ts";
import type { ApiserverResults } from "./results.ts";
import { runApiserver } from "./run.ts";

/** `npm run bench -- apiserver`; `dir` takes what the processes write. */
export async function benchApiserver(words: readonly string[], dir: string): Promise<void> {
  const options = parseApiserverOptions(words);
  if (options === "help") {
    process.stdout.write(apiserverUsage);
    return;
  }
  const results = await resultsOf(options, dir);
  // Before the report, so that a mistake in that does not cost the run.
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 1)}\n`);
  if (options.write && !results.whole) throw new Error("--write needs the figures of a whole run");
  const markdown = renderApiserver(results);
  if (options.write) await writeSection("apiserver", markdown);
  process.stdout.write(await formatted(markdown));
}

async function resultsOf(options: ApiserverOptions, dir: string): Promise<ApiserverResults> {
  if (options.from !== undefined) return JSON.parse(readFileSync(options.from, "utf8")) as ApiserverResults;
  return runApiserver(dir, options, (line) => process.stderr.write(`${line}\n`));
}
