import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished, vi } from "vitest";
import type { KubectlResult } from "../../control-plane/kubectl.ts";
import type { Bench } from "../writ/bench.ts";

const source = fileURLToPath(new URL("../../../src/kubectl-writ.ts", import.meta.url));

/** `kubectl writ`, found by the real kubectl on PATH, as one of the bench's people. */
export interface Plugin {
  readonly run: (who: string, words: readonly string[]) => Promise<KubectlResult>;
  /** On a terminal of its own. */
  readonly onTerminal: (who: string, words: readonly string[]) => Terminal;
  readonly remove: () => void;
}

export interface Terminal {
  readonly until: (text: string) => Promise<void>;
  /** Types; `\u0003` is Ctrl-C. */
  readonly type: (text: string) => void;
  readonly end: Promise<{ readonly code: number | null; readonly output: string }>;
}

/** Puts the plugin on PATH and its people into the kubeconfig, with payments-prod as their namespace. */
export function installPlugin(bench: Bench, people: readonly string[]): Plugin {
  const directory = mkdtempSync(join(tmpdir(), "writ-plugin-"));
  const wrapper = join(directory, "kubectl-writ");
  writeFileSync(wrapper, `#!/bin/sh\nexec "${process.execPath}" "${source}" "$@"\n`);
  chmodSync(wrapper, 0o755);
  for (const who of people) {
    bench.cluster.addContext({ name: who, credentials: bench.credentials(who), namespace: "payments-prod" });
  }
  const env = {
    PATH: `${directory}:${process.env["PATH"] ?? ""}`,
    HOME: directory,
    KUBECONFIG: bench.cluster.kubeconfig,
    TERM: "xterm",
  };
  return {
    run: (who, words) => bench.cluster.kubectl(["writ", ...words, "--context", who], { plugins: directory }),
    onTerminal: (who, words) => {
      // script(1) gives a terminal to what kubectl would replace itself by.
      const command = ["kubectl-writ", ...words, "--context", who].map((word) => `'${word}'`).join(" ");
      const child = spawn("script", ["-qec", command, "/dev/null"], { env, stdio: ["pipe", "pipe", "pipe"] });
      onTestFinished(() => void child.kill("SIGKILL"));
      let output = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
      return {
        until: (text) =>
          vi.waitFor(
            () => {
              if (!output.includes(text)) throw new Error(`"${text}" is not in: ${output}`);
            },
            { timeout: 20_000, interval: 25 },
          ),
        type: (text) => void child.stdin.write(text),
        end: new Promise((resolve) => {
          child.once("close", (code) => resolve({ code, output }));
        }),
      };
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
