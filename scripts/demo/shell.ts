import { spawn } from "node:child_process";
import type { Outcome } from "./expectation.ts";

export interface ShellOptions {
  /** How kubectl is started: a file and the arguments before its own. */
  readonly kubectl: readonly string[];
  readonly kubeconfig: string;
  /** Takes kubectl's caches. */
  readonly home: string;
  readonly cwd: string;
  /** Ends the command and all that it started. */
  readonly signal: AbortSignal;
}

/**
 * Runs a command line as a person would type it at a shell whose KUBECONFIG is theirs. `kubectl` is the control plane's,
 * as a shell function, so that it need not be on PATH. Never throws for a command that fails.
 */
export function typeCommand(line: string, options: ShellOptions): Promise<Outcome> {
  const kubectl = options.kubectl.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
  return new Promise((resolve) => {
    // A process group of its own, so that the end of the demo ends kubectl as well as the shell.
    const child = spawn("sh", ["-c", `kubectl() { ${kubectl} "$@"; }\n${line}`], {
      cwd: options.cwd,
      detached: true,
      env: { PATH: process.env["PATH"] ?? "", HOME: options.home, KUBECONFIG: options.kubeconfig },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const abort = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has ended already.
      }
    };
    if (options.signal.aborted) abort();
    options.signal.addEventListener("abort", abort);
    const end = (outcome: Outcome): void => {
      options.signal.removeEventListener("abort", abort);
      resolve(outcome);
    };
    const collected = { output: "" };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (collected.output += text));
    }
    child.once("error", (error) => end({ code: 127, output: `sh: ${error.message}` }));
    child.once("close", (code) => end({ code: code ?? 137, ...collected }));
  });
}
