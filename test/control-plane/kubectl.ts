import { spawn } from "node:child_process";
import { delimiter } from "node:path";

export interface KubectlOptions {
  /** A context of the kubeconfig; the admin's when absent. */
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly stdin?: string;
  readonly cwd?: string;
  /** A directory that comes first in PATH, with plugins (kubectl-NAME). */
  readonly plugins?: string;
}

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs kubectl and gives what it said; never throws for what kubectl refuses. `home` takes its caches. */
export function runKubectl(
  kubectl: readonly string[],
  args: readonly string[],
  options: KubectlOptions & { readonly kubeconfig: string; readonly home: string },
): Promise<KubectlResult> {
  const context = options.context === undefined ? [] : ["--context", options.context];
  const [file = "", ...leading] = kubectl;
  return new Promise((resolve) => {
    const child = spawn(file, [...leading, ...context, ...args], {
      env: { PATH: pathWith(options.plugins), HOME: options.home, KUBECONFIG: options.kubeconfig },
      cwd: options.cwd,
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    child.once("error", (error) => resolve({ code: 127, stdout: "", stderr: `${file}: ${error.message}` }));
    child.once("close", (code) => resolve({ code: code ?? 137, ...output }));
    // A kubectl that ends before it has read everything closes the pipe.
    child.stdin.on("error", () => {});
    child.stdin.end(options.stdin ?? "");
  });
}

function pathWith(directory: string | undefined): string {
  return [...(directory === undefined ? [] : [directory]), process.env["PATH"] ?? ""].join(delimiter);
}
