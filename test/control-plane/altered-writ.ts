import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A passage of a source file, by what stands in its place in the copy. */
export interface Alteration {
  /** Under `src`. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly source: string;
  readonly replacement: string;
}

export interface AlteredWrit {
  /** For `startWrit`. */
  readonly command: readonly string[];
  readonly remove: () => void;
}

const repository = fileURLToPath(new URL("../../", import.meta.url));

/**
 * A copy of Writ's sources with passages altered: to show that a test against real processes would see what is missing,
 * or to make rare timing the rule.
 */
export function alteredWrit(alterations: readonly Alteration[]): AlteredWrit {
  const dir = mkdtempSync(join(tmpdir(), "writ-altered-"));
  for (const path of ["src", "package.json"]) cpSync(join(repository, path), join(dir, path), { recursive: true });
  symlinkSync(join(repository, "node_modules"), join(dir, "node_modules"));
  for (const { file, source, replacement } of alterations) {
    const path = join(dir, "src", file);
    const [before = "", after, ...more] = readFileSync(path, "utf8").split(source);
    if (after === undefined || more.length > 0) throw new Error(`src/${file} does not hold the passage exactly once`);
    writeFileSync(path, `${before}${replacement}${after}`);
  }
  return {
    command: [process.execPath, "--max-semi-space-size=8", join(dir, "src", "main.ts")],
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}
