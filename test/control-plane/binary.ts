import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildControlPlane } from "./build.ts";

/** How each component is started: a file and the arguments that come before its own. */
export interface Components {
  readonly etcd: readonly string[];
  readonly kubeApiserver: readonly string[];
  /** Absent when KUBEBUILDER_ASSETS does not have it. */
  readonly kubeControllerManager?: readonly string[];
  readonly kubectl: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const moduleDirectory = fileURLToPath(new URL(".", import.meta.url));

/**
 * The components of a control plane: from KUBEBUILDER_ASSETS (etcd and kube-apiserver as separate files), else from the
 * cache, else built with Go into the cache, which takes minutes and tells its progress.
 */
export async function ensureControlPlane(
  report: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): Promise<Components> {
  const source = readSource(process.env);
  if (process.env["KUBEBUILDER_ASSETS"] === undefined && !existsSync(source.binary)) {
    await buildControlPlane({ ...source, moduleDirectory, report });
  }
  return findControlPlane();
}

/**
 * The same without building.
 * @throws when there is none, or when it is there but does not run; the message says what to do.
 */
export async function findControlPlane(env: Environment = process.env): Promise<Components> {
  const components = locate(env);
  await proveThatItRuns(components.kubeApiserver);
  return components;
}

function locate(env: Environment): Components {
  const assets = env["KUBEBUILDER_ASSETS"];
  if (assets !== undefined) return fromAssets(assets, env);
  const { binary } = readSource(env);
  if (!existsSync(binary)) {
    throw new Error(`no control plane at ${binary}: run \`npm run control-plane\`, or set KUBEBUILDER_ASSETS`);
  }
  return {
    etcd: [binary, "etcd"],
    kubeApiserver: [binary, "kube-apiserver"],
    kubeControllerManager: [binary, "kube-controller-manager"],
    kubectl: [onPath("kubectl", env) ?? binary, ...(onPath("kubectl", env) === undefined ? ["kubectl"] : [])],
  };
}

function fromAssets(directory: string, env: Environment): Components {
  const file = (name: string): string | undefined => executable(join(directory, name));
  const etcd = file("etcd");
  const kubeApiserver = file("kube-apiserver");
  const kubectl = onPath("kubectl", env) ?? file("kubectl");
  const missing = Object.entries({ etcd, "kube-apiserver": kubeApiserver }).filter(([, found]) => found === undefined);
  if (etcd === undefined || kubeApiserver === undefined) {
    throw new Error(
      `KUBEBUILDER_ASSETS is ${directory}, which has no executable ${missing.map(([name]) => name).join(" and no ")}: ` +
        "point it to a directory that has them, or unset it to build a control plane with Go",
    );
  }
  if (kubectl === undefined) throw new Error(`no kubectl on PATH nor in KUBEBUILDER_ASSETS (${directory}): install it`);
  const controllerManager = file("kube-controller-manager");
  return {
    etcd: [etcd],
    kubeApiserver: [kubeApiserver],
    ...(controllerManager === undefined ? {} : { kubeControllerManager: [controllerManager] }),
    kubectl: [kubectl],
  };
}

async function proveThatItRuns(kubeApiserver: readonly string[]): Promise<void> {
  const [file = "", ...args] = kubeApiserver;
  try {
    const { stdout } = await promisify(execFile)(file, [...args, "--version"], { timeout: 30_000 });
    if (stdout.startsWith("Kubernetes v")) return;
    throw new Error(`it answered ${JSON.stringify(stdout.slice(0, 200))}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${file} is there but \`kube-apiserver --version\` does not work: ${reason}\n` +
        "Remove the file and run `npm run control-plane`, or correct KUBEBUILDER_ASSETS.",
      { cause: error },
    );
  }
}

interface Source {
  /** Where the built binary belongs. */
  readonly binary: string;
  readonly ldflags: string;
  readonly goVersion: string;
}

function stamp(name: string, value: string): readonly string[] {
  return ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].map((path) => `-X ${path}.${name}=${value}`);
}

/** The cache key covers all that decides what the build yields. */
function readSource(env: Environment): Source {
  const goMod = readFileSync(join(moduleDirectory, "go.mod"), "utf8");
  const version = /^\s*k8s\.io\/kubernetes (v1\.(\d+)\.\d+)$/m.exec(goMod);
  const goVersion = /^go (\S+)$/m.exec(goMod)?.[1];
  if (version === null || goVersion === undefined) throw new Error("go.mod names no k8s.io/kubernetes v1.x.y or no go");
  // Without the stamps kubectl cannot parse the server's version.
  const ldflags = [
    "-s -w",
    ...stamp("gitVersion", version[1] ?? ""),
    ...stamp("gitMajor", "1"),
    ...stamp("gitMinor", version[2] ?? ""),
  ].join(" ");
  const hash = createHash("sha256");
  for (const name of ["main.go", "go.mod", "go.sum"]) hash.update(readFileSync(join(moduleDirectory, name)));
  const key = hash.update(ldflags).digest("hex");
  const cache = env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return { binary: join(cache, "writ", "control-plane", key, "control-plane"), ldflags, goVersion };
}

function onPath(name: string, env: Environment): string | undefined {
  const directories = (env["PATH"] ?? "").split(":").filter((directory) => directory !== "");
  return directories.flatMap((directory) => executable(join(directory, name)) ?? [])[0];
}

function executable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return undefined;
  }
}
