import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { startControlPlane } from "../../control-plane/control-plane.ts";
import { type ProcessIdentity, formatIdentity, identify, isAlive } from "../../control-plane/process-identity.ts";

interface Runner {
  readonly process: ChildProcess;
  readonly dir: string;
  readonly supervisor: ProcessIdentity;
  readonly components: readonly ProcessIdentity[];
}

async function startRunner(env: Readonly<Record<string, string>> = {}): Promise<Runner> {
  const script = fileURLToPath(new URL("kill-runner.ts", import.meta.url));
  // In a process group of its own, as a shell would start it, so that the test can press Ctrl-C.
  const runner = spawn(process.execPath, [script], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
  });
  onTestFinished(() => void runner.kill("SIGKILL"));
  for await (const line of createInterface({ input: runner.stdout })) {
    const { dir, pids } = JSON.parse(line) as { readonly dir: string; readonly pids: readonly number[] };
    const [supervisor, ...components] = pids.map((pid) => identify(pid) ?? { pid, startTime: "gone" });
    if (supervisor === undefined) break;
    return { process: runner, dir, supervisor, components };
  }
  throw new Error("the runner ended without bringing up a control plane");
}

async function expectNothingLeft(runner: Runner): Promise<void> {
  await vi.waitFor(
    () => {
      expect([runner.supervisor, ...runner.components].filter(isAlive)).toEqual([]);
      expect(existsSync(runner.dir)).toBe(false);
    },
    { timeout: 20_000, interval: 100 },
  );
}

describe("a control plane leaves nothing behind", () => {
  test("after kill -9 of its runner", async () => {
    const runner = await startRunner();
    expect([runner.supervisor, ...runner.components].every(isAlive)).toBe(true);
    runner.process.kill("SIGKILL");
    await expectNothingLeft(runner);
  });

  test("after Ctrl-C", async () => {
    const runner = await startRunner();
    process.kill(-(runner.process.pid ?? 0), "SIGINT");
    await expectNothingLeft(runner);
  });

  test("after kill -9 of the process that the environment names as the test runner, while a worker lives on", async () => {
    const main = spawn("sleep", ["600"], { stdio: "ignore" });
    const identity = identify(main.pid ?? 0);
    if (identity === undefined) throw new Error("sleep did not start");
    const worker = await startRunner({ WRIT_TEST_RUNNER: formatIdentity(identity) });
    main.kill("SIGKILL");
    await expectNothingLeft(worker);
    expect(worker.process.exitCode).toBeNull();
  });

  test.runIf(process.platform === "linux")("not even processes after kill -9 of the supervisor itself", async () => {
    const runner = await startRunner();
    process.kill(runner.supervisor.pid, "SIGKILL");
    await vi.waitFor(() => expect(runner.components.filter(isAlive)).toEqual([]), { timeout: 10_000 });
    // The directory is the next control plane's to sweep.
    const next = await startControlPlane();
    onTestFinished(() => next.stop());
    expect(existsSync(runner.dir)).toBe(false);
  });
});
