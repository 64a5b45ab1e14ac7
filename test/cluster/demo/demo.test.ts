import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";

const script = fileURLToPath(new URL("../../../scripts/demo.ts", import.meta.url));

/** Starts the demo as a shell would, with a directory for temporary files of its own. */
function startDemo(...args: readonly string[]) {
  const temporary = mkdtempSync(join(tmpdir(), "writ-demo-"));
  const child = spawn(process.execPath, [script, ...args], {
    detached: true,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
    rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
  });
  const printed = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (printed.text += text));
  }
  const exitCode = new Promise<number | null>((resolve) => {
    child.once("close", resolve);
  });
  const pressCtrlC = (): boolean => process.kill(-(child.pid ?? 0), "SIGINT");
  const until = (text: string): Promise<void> =>
    vi.waitFor(() => expect(printed.text).toContain(text), { timeout: 90_000, interval: 50 });
  const left = (): readonly string[] => (existsSync(temporary) ? readdirSync(temporary) : []);
  return { child, printed, exitCode, pressCtrlC, until, left };
}

describe("npm run demo", () => {
  test("goes as told to its end, without colour where there is no terminal, and leaves nothing behind", async () => {
    const demo = startDemo();
    expect(await demo.exitCode, demo.printed.text).toBe(0);
    for (const told of ["NoApproval", "NotAPerson", "NotAMember", "ApprovalPending", "NoRule", "ApprovalRejected"]) {
      expect(demo.printed.text).toContain(`✓ refused: ${told}`);
    }
    expect(demo.printed.text).toMatch(/All \d+ steps went as told/);
    expect(demo.printed.text).not.toContain("\u001B");
    expect(demo.left()).toEqual([]);
  });

  test.each(["Starting etcd", "4. The agent requests"])(
    "ends at Ctrl-C after “%s” and leaves nothing behind",
    async (moment) => {
      const demo = startDemo();
      await demo.until(moment);
      demo.pressCtrlC();
      expect(await demo.exitCode).toBe(130);
      expect(demo.printed.text).not.toContain("✗");
      await vi.waitFor(() => expect(demo.left()).toEqual([]), { timeout: 20_000, interval: 100 });
    },
  );

  test("with --keep leaves the cluster up until Ctrl-C, with Writ alive again", async () => {
    const demo = startDemo("--keep");
    await demo.until("KUBECONFIG=");
    const kubeconfig = /^KUBECONFIG=(.+)$/m.exec(demo.printed.text)?.[1] ?? "";
    expect(existsSync(kubeconfig)).toBe(true);
    demo.pressCtrlC();
    expect(await demo.exitCode).toBe(0);
    expect(demo.left()).toEqual([]);
  });

  test.each([
    ["--help", 0],
    ["--kepe", 2],
    ["word", 2],
  ])("prints its usage for %s, with exit code %i", (argument, code) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, argument], { encoding: "utf8" });
    expect(status).toBe(code);
    expect(stdout + stderr).toContain("Usage: npm run demo [-- --keep]");
  });
});
