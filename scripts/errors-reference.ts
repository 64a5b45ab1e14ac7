/**
 * Writes docs/reference/errors.md from the tables of codes in src/. With `--check` writes nothing and exits 1 when the
 * file is not what would be written.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { codeGroups } from "./check/code-groups.ts";
import { errorsPage } from "./check/errors-page.ts";

const file = new URL("../docs/reference/errors.md", import.meta.url);
const page = await errorsPage(codeGroups);

if (!process.argv.includes("--check")) writeFileSync(file, page);
else if (read() !== page) {
  process.stderr.write(
    "docs/reference/errors.md: not what the tables of codes generate; run: npx node scripts/errors-reference.ts\n",
  );
  process.exitCode = 1;
}

function read(): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // absent
  }
}
