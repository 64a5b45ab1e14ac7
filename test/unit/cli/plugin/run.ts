import { spawn } from "node:child_process";
import type { SpawnOptions } from "node:child_process";

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, without a terminal. */
export function run(
  file: string,
  args: readonly string[],
  options: SpawnOptions & { readonly stdin?: string } = {},
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const { stdin, ...rest } = options;
    // A session of its own: what asks for a passphrase must not find the terminal of whoever runs the tests.
    const child = spawn(file, args, { ...rest, detached: true, stdio: ["pipe", "pipe", "pipe"] });
    const output = { stdout: "", stderr: "" };
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...output }));
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(stdin ?? "");
  });
}
