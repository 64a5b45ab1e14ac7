import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format } from "prettier";

/** The parts of docs/reference/performance.md, each written by a run of its own. */
export type Section = "apiserver" | "gate";

const pageFile = fileURLToPath(new URL("../../docs/reference/performance.md", import.meta.url));

export function formatted(markdown: string): Promise<string> {
  return format(markdown, { parser: "markdown", printWidth: 120 });
}

/** Replaces one section of docs/reference/performance.md. */
export async function writeSection(section: Section, markdown: string): Promise<void> {
  writeFileSync(pageFile, await formatted(withSection(readFileSync(pageFile, "utf8"), section, markdown)));
}

/**
 * The page with other content between `<!-- SECTION: ... -->` and `<!-- end of SECTION -->`.
 * @throws when one of the marks is missing.
 */
export function withSection(page: string, section: Section, markdown: string): string {
  const begin = page.indexOf(`<!-- ${section}: `);
  const content = page.indexOf("-->", begin) + "-->".length;
  const end = page.indexOf(`<!-- end of ${section} -->`);
  if (begin === -1 || end < content) {
    throw new Error(`the page has no section "${section}": put its two marks back (test/bench/page.ts)`);
  }
  return `${page.slice(0, content)}\n\n${markdown.trim()}\n\n${page.slice(end)}`;
}
