import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";

const script = fileURLToPath(new URL("../../../scripts/control-plane.ts", import.meta.url));

/** A cache of its own, and in place of Go a shell script, so that a build takes a second instead of minutes. */
function bench(go: string | undefined) {
  const root = mkdtempSync(join(tmpdir(), "writ-build-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const bin = join(root, "bin");
  mkdirSync(bin);
  if (go !== undefined) writeFileSync(join(bin, "go"), `#!/bin/sh\n${go}`, { mode: 0o755 });
  const env = {
    HOME: root,
    XDG_CACHE_HOME: join(root, "cache"),
    PATH: go === undefined ? bin : `${bin}:/usr/bin:/bin`,
  };
  const run = (): Promise<{ readonly code: number | null; readonly output: string }> => {
    const child = spawn(process.execPath, [script], { env, stdio: ["ignore", "ignore", "pipe"] });
    const text: string[] = [];
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => text.push(chunk));
    return new Promise((resolve) => {
      child.once("close", (code) => resolve({ code, output: text.join("") }));
    });
  };
  const cached = (): readonly string[] => {
    const base = join(root, "cache", "writ", "control-plane");
    return readdirSync(base).flatMap((key) => readdirSync(join(base, key)));
  };
  return { root, run, cached };
}

describe("building the control plane", () => {
  test("happens once when two ask at the same time, and is silent when it is there", async () => {
    const { root, run, cached } = bench(`
      echo built >> "$HOME/builds"
      sleep 1
      while [ "$1" != -o ]; do shift; done
      printf '#!/bin/sh\\necho Kubernetes v1.0.0\\n' > "$2"
      chmod +x "$2"
    `);
    const both = await Promise.all([run(), run()]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(readFileSync(join(root, "builds"), "utf8")).toBe("built\n");
    expect(cached()).toEqual(["control-plane"]);
    expect(await run()).toEqual({ code: 0, output: "" });
  });

  test("shows what Go said when it fails, and leaves no half binary", async () => {
    const { run, cached } = bench("echo 'go: go.mod requires go >= 99' >&2\nexit 1\n");
    const { code, output } = await run();
    expect(code).toBe(1);
    expect(output).toContain("go: go.mod requires go >= 99");
    expect(cached()).toEqual([]);
  });

  test("says what to install where there is no Go", async () => {
    const { code, output } = await bench(undefined).run();
    expect(code).toBe(1);
    expect(output).toMatch(/no `go` on PATH: install Go 1\.\d+\.\d+ or newer .*KUBEBUILDER_ASSETS/);
  });
});
