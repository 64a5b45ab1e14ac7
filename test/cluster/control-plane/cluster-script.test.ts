import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { identify } from "../../control-plane/process-identity.ts";

const script = fileURLToPath(new URL("../../../scripts/cluster.ts", import.meta.url));

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), "writ-cluster-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}

function cluster(...args: readonly string[]): { readonly code: number | null; readonly out: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    encoding: "utf8",
    timeout: 20_000,
  });
  return { code: status, out: stdout + stderr };
}

describe("npm run cluster refuses", () => {
  test.each([
    ["no directory", [], "--dir is missing"],
    ["an unknown flag", ["--dir", "d", "--agents", "x"], "Unknown option '--agents'"],
    ["a word that is no flag", ["--dir", "d", "x"], "Unexpected argument 'x'"],
    ["a name that is no namespace", ["--dir", "d", "--agent-namespace", "A'B"], `"A'B" is no namespace name`],
    [
      "a namespace of the cluster",
      ["--dir", "d", "--agent-namespace", "kube-system"],
      "kube-system cannot hold agents",
    ],
  ])("%s, with its usage", (_, args, message) => {
    const result = cluster(...args);
    expect(result.code).toBe(2);
    expect(result.out).toContain(message);
    expect(result.out).toContain("Usage: npm run cluster -- --dir DIR");
  });

  test("a directory that cannot be made", () => {
    const file = join(directory(), "file");
    writeFileSync(file, "");
    const result = cluster("--dir", join(file, "d"));
    expect(result.code).toBe(1);
    expect(result.out).toContain(`cannot make the directory ${file}/d`);
  });

  test("a directory with somebody else's file of a name that it would write, and leaves that file", () => {
    const dir = directory();
    writeFileSync(join(dir, "kubeconfig"), "mine");
    const result = cluster("--dir", dir);
    expect(result.code).toBe(1);
    expect(result.out).toContain("kubeconfig that no earlier run wrote");
    expect(readFileSync(join(dir, "kubeconfig"), "utf8")).toBe("mine");
  });
});

interface Environment {
  readonly kubeconfig: string;
  readonly clusterId: string;
  readonly webhookPid: number;
}

async function up(dir: string) {
  const child = spawn(process.execPath, [script, "--dir", dir, "--agent-namespace", "robots"], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const output = { text: "" };
  const exited = new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
  });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (output.text += String(text)));
  await vi.waitFor(
    () => {
      if (child.exitCode !== null) throw new Error(`it ended: ${output.text}`);
      expect(output.text).toContain(`KUBECONFIG=${join(dir, "kubeconfig")}\n`);
    },
    { timeout: 60_000, interval: 100 },
  );
  const environment = JSON.parse(readFileSync(join(dir, "env.json"), "utf8")) as Environment;
  const pids = Object.entries(environment).flatMap(([key, value]) => (key.endsWith("Pid") ? [Number(value)] : []));
  return { child, exited, output, environment, pids };
}

describe("npm run cluster", () => {
  test("brings Writ up twice in one directory, ends all of it with Ctrl-C, and leaves other files alone", async () => {
    const dir = directory();
    writeFileSync(join(dir, "notes"), "mine");
    const first = await up(dir);
    expect(first.pids).toHaveLength(4);
    expect(first.environment).toMatchObject({
      agentNamespaces: ["robots"],
      clusterApprovalNamespace: "writ-approvals",
    });
    expect(cluster("--dir", dir).out).toContain(`in use by a running cluster (process ${first.child.pid})`);
    process.kill(-(first.child.pid ?? 0), "SIGINT");
    expect(await first.exited).toBe(0);
    expect(first.pids.filter((pid) => identify(pid) !== undefined)).toEqual([]);
    expect(existsSync(join(dir, "env.json"))).toBe(false);

    const second = await up(dir);
    expect(second.environment.clusterId).not.toBe(first.environment.clusterId);
    second.child.kill("SIGKILL");
    await vi.waitFor(() => expect(second.pids.filter((pid) => identify(pid) !== undefined)).toEqual([]), {
      timeout: 10_000,
    });
    expect(readFileSync(join(dir, "notes"), "utf8")).toBe("mine");
  });

  test("says so when the webhook dies, and stays up", async () => {
    const { environment, output, child, exited } = await up(directory());
    process.kill(environment.webhookPid, "SIGKILL");
    await vi.waitFor(() => expect(output.text).toContain("webhook HAS ENDED (SIGKILL): agents are denied"), {
      timeout: 10_000,
    });
    expect(child.exitCode).toBeNull();
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
  });
});
