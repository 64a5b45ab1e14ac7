import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** What Argo CD would show, or the error because of which it would show "Unknown". */
export interface Health {
  readonly status?: string;
  readonly message?: string;
  readonly error?: string;
}

const moduleDirectory = fileURLToPath(new URL(".", import.meta.url));

/**
 * Runs a health check in the Lua of Argo CD (gopher-lua), once for each object, in their order.
 * @throws when Go is missing, or when the objects are no JSON
 */
export async function runHealth(script: string, objects: readonly unknown[]): Promise<readonly Health[]> {
  const binary = await buildOnce();
  const child = spawn(binary, [script], { stdio: ["pipe", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  child.stdin.end(JSON.stringify(objects));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`${binary} ${script} ended with ${code}: ${output.stderr}`);
  return JSON.parse(output.stdout) as readonly Health[];
}

/** Two that build at the same time disturb nobody: it takes seconds, and the file appears whole. */
async function buildOnce(): Promise<string> {
  const hash = createHash("sha256");
  for (const name of ["main.go", "go.mod", "go.sum"]) hash.update(readFileSync(join(moduleDirectory, name)));
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const binary = join(cache, "writ", "lua", hash.digest("hex"), "lua");
  if (existsSync(binary)) return binary;
  mkdirSync(dirname(binary), { recursive: true });
  const partial = `${binary}.partial-${process.pid}`;
  try {
    await promisify(execFile)("go", ["build", "-trimpath", "-buildvcs=false", "-o", partial, "."], {
      cwd: moduleDirectory,
      env: { ...process.env, CGO_ENABLED: "0" },
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the Lua of the tests cannot be built: ${reason}\nInstall Go (https://go.dev/dl).`, {
      cause: error,
    });
  }
  renameSync(partial, binary);
  return binary;
}
