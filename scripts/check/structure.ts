import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { codeGroups } from "./code-groups.ts";
import { type CodeGroup, undocumentedCodes } from "./errors-page.ts";

/** One concept per file: beyond this many lines a file holds more than one. */
const maxLines = 300;
const errorsPath = "docs/reference/errors.md";

export interface Sources {
  /** Text of each file under src, by path from the root. */
  readonly files: ReadonlyMap<string, string>;
  readonly errorsPage: string;
  readonly codeGroups: readonly CodeGroup[];
}

/** What breaks the house's rules of structure that no other tool checks: one sentence each. */
export function structureProblems({ files, errorsPage, codeGroups }: Sources): readonly string[] {
  const long = [...files].flatMap(([path, text]) => {
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
    const isGenerated = path.endsWith(".gen.ts");
    return lines > maxLines && !isGenerated ? [`${path} has ${lines} lines: split it, at most ${maxLines}`] : [];
  });
  const undocumented = undocumentedCodes(errorsPage, codeGroups).map(
    (code) => `the reason code ${code} is not in ${errorsPath}: run npx node scripts/errors-reference.ts`,
  );
  return [...long, ...undocumented];
}

export function readSources(root: string): Sources {
  const paths = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .sort();
  const files = new Map(paths.map((path) => [`src/${path}`, readFileSync(join(root, "src", path), "utf8")]));
  return { files, errorsPage: readFileSync(join(root, errorsPath), "utf8"), codeGroups };
}
