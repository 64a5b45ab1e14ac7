import { spawn } from "node:child_process";

export interface ToolResult {
  readonly code: number;
  readonly stdout: string;
  /** Empty where the tool spoke to the terminal itself. */
  readonly stderr: string;
}

/**
 * Runs a tool of OpenSSH. It shares our terminal, so that it can ask for a passphrase or a touch; where there is none its
 * complaints are kept. Ctrl-C ends it, not us: whoever called has files to remove. Throws when it cannot be started.
 */
export function runTool(file: string, args: readonly string[]): Promise<ToolResult> {
  const shared = process.stderr.isTTY ? "inherit" : "pipe";
  const ignore = (): void => undefined;
  process.on("SIGINT", ignore);
  return new Promise<ToolResult>((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: ["inherit", "pipe", shared],
      env: { ...process.env, LC_ALL: "C" },
    });
    const output = { stdout: "", stderr: "" };
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    child.once("error", (error) => {
      const missing = "code" in error && error.code === "ENOENT";
      const why = missing ? "it is not installed, or not on PATH; it is part of OpenSSH" : error.message;
      reject(new Error(`${file} cannot be started: ${why}`));
    });
    child.once("close", (code, signal) => {
      if (signal === null) resolve({ code: code ?? 1, ...output });
      else reject(new Error(`${file} was ended by ${signal}: nothing is signed`));
    });
  }).finally(() => process.off("SIGINT", ignore));
}
