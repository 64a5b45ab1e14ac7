import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { formatIdentity, identify, isAlive, parseIdentity } from "./process-identity.ts";

export interface Build {
  /** The file to make. */
  readonly binary: string;
  readonly ldflags: string;
  /** The Go version that go.mod asks for, such as `1.26.0`. */
  readonly goVersion: string;
  readonly moduleDirectory: string;
  readonly report: (line: string) => void;
}

const progressMs = 10_000;
const lockPollMs = 1_000;
const partialPrefix = "control-plane.partial-";

/** Builds the control plane once, also when several processes ask at the same time. */
export async function buildControlPlane(build: Build): Promise<void> {
  const directory = dirname(build.binary);
  mkdirSync(directory, { recursive: true });
  const lock = join(directory, "build.lock");
  await takeLock(lock, build);
  // A name of its own: a Go process that outlived an interrupted build may still write to that build's file.
  const partial = join(directory, `${partialPrefix}${process.pid}`);
  try {
    if (existsSync(build.binary)) return;
    for (const name of readdirSync(directory)) {
      if (name.startsWith(partialPrefix)) rmSync(join(directory, name), { force: true });
    }
    build.report("Building etcd, kube-apiserver, kube-controller-manager and kubectl with Go, once (about 7 minutes).");
    await goBuild(build, partial);
    // Renamed when whole: nobody ever finds half a binary.
    renameSync(partial, build.binary);
    build.report(`Control plane built: ${build.binary}`);
  } finally {
    rmSync(partial, { force: true });
    rmSync(lock, { force: true });
  }
}

async function takeLock(lock: string, build: Build): Promise<void> {
  const self = identify(process.pid);
  const content = self === undefined ? "" : formatIdentity(self);
  for (let waited = 0; ; waited += lockPollMs) {
    try {
      writeFileSync(lock, content, { flag: "wx" });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = parseIdentity(readIfThere(lock));
    if (holder === undefined || !isAlive(holder)) {
      // Left by a build that was killed; a lock just being written is given a moment to get its content.
      if (holder !== undefined || waited > 0) rmSync(lock, { force: true });
    } else if (waited % progressMs === 0) {
      build.report(`[${waited / 1_000} s] process ${holder.pid} is building the control plane: waiting for it`);
    }
    await sleep(lockPollMs);
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

async function goBuild(build: Build, output: string): Promise<void> {
  const started = Date.now();
  const elapsed = (): number => Math.round((Date.now() - started) / 1_000);
  const child = spawn(
    "go",
    ["build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", build.ldflags, "-o", output, "."],
    {
      cwd: build.moduleDirectory,
      env: { ...process.env, CGO_ENABLED: "0" },
      stdio: ["ignore", "inherit", "pipe"],
    },
  );
  const progress = { packages: 0, downloads: 0, last: "starting" };
  const lastLines: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => {
    lastLines.splice(0, Math.max(0, lastLines.length - 19));
    lastLines.push(line);
    progress.last = line;
    if (line.startsWith("go: downloading")) progress.downloads++;
    else progress.packages++;
  });
  const timer = setInterval(() => {
    const done = `${progress.downloads} modules downloaded, ${progress.packages} packages compiled`;
    build.report(`[${elapsed()} s] ${done}; last: ${progress.last}`);
  }, progressMs);
  const install =
    `install Go ${build.goVersion} or newer (https://go.dev/dl), or set KUBEBUILDER_ASSETS to a directory with ` +
    "etcd, kube-apiserver and kube-controller-manager";
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", (error: NodeJS.ErrnoException) =>
        reject(
          error.code === "ENOENT"
            ? new Error(`the control plane for tests is not built yet and there is no \`go\` on PATH: ${install}`)
            : error,
        ),
      );
      child.once("close", resolve);
    });
    if (code !== 0) {
      const output = lastLines.map((line) => `  ${line}`).join("\n");
      throw new Error(
        `go build failed after ${elapsed()} s; its last lines:\n${output}\nIf Go is too old: ${install}.`,
      );
    }
  } finally {
    clearInterval(timer);
  }
}
