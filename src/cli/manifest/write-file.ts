import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, realpathSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { ManifestError } from "./manifest-error.ts";

/**
 * Writes a file as a whole or not at all: beside it, then renamed over it, with the mode that it had. A symbolic link
 * stays one. Throws a ManifestError.
 */
export function writeFileAtomically(file: string, text: string): void {
  const target = resolved(file);
  const temporary = `${target}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const handle = openSync(temporary, "wx", modeOf(target));
    try {
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new ManifestError(`${file}: cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function resolved(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file; // new
  }
}

function modeOf(file: string): number {
  return (statSync(file, { throwIfNoEntry: false })?.mode ?? 0o644) & 0o777;
}
