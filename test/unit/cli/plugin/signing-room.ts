import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import type { IdentityOwnerMember } from "../../../../src/api/types.gen.ts";
import { pluginProgram } from "../../../../src/cli/plugin/run-plugin.ts";
import { exitCodeOf } from "../../../../src/cli/run-main.ts";
import { printable } from "../../../../src/cli/terminal-text.ts";
import { run as runTool } from "./run.ts";
import type { Result } from "./run.ts";

const repository = fileURLToPath(new URL("../../../../", import.meta.url));

export const clusterId = "0b0bd8a2-8d3c-4a4b-a1a4-0f4c5e0c7d11";
const uid = "7d5e0000-0000-4000-8000-000000000000";

/** A directory with the samples, keys by the real ssh-keygen, and `kubectl-writ` run as a process in it. */
export interface SigningRoom {
  readonly directory: string;
  readonly path: (name: string) => string;
  readonly read: (name: string) => string;
  readonly write: (name: string, text: string) => void;
  /** Makes a key and gives the line of its `.pub` file. */
  readonly makeKey: (name: string, ...args: readonly string[]) => Promise<string>;
  /** Writes owners.yaml: the owners payments and platform with the same members. */
  readonly writeOwners: (members: readonly IdentityOwnerMember[]) => void;
  /** `kubectl-writ` in this process, which is quicker: files are named from the room. */
  readonly writ: (words: readonly string[]) => Promise<Result>;
  /** `kubectl-writ` as a process, with a HOME of its own, without a kubeconfig and without a terminal. */
  readonly process: (
    words: readonly string[],
    env?: Readonly<Record<string, string>>,
    stdin?: string,
  ) => Promise<Result>;
  readonly remove: () => void;
}

export function signingRoom(): SigningRoom {
  const directory = mkdtempSync(join(tmpdir(), "writ-signing-"));
  const path = (name: string): string => join(directory, name);
  const room: SigningRoom = {
    directory,
    path,
    read: (name) => readFileSync(path(name), "utf8"),
    write: (name, text) => writeFileSync(path(name), text),
    makeKey: async (name, ...args) => {
      const made = await runTool("ssh-keygen", ["-q", "-N", "", "-C", `${name}@laptop`, "-f", path(name), ...args]);
      if (made.code !== 0) throw new Error(`ssh-keygen: ${made.stderr}`);
      return readFileSync(path(`${name}.pub`), "utf8").trimEnd();
    },
    writeOwners: (members) => {
      const owners = ["payments", "platform"].map((name) =>
        stringify({ apiVersion: "writ.dev/v1alpha1", kind: "IdentityOwner", metadata: { name }, spec: { members } }),
      );
      room.write("owners.yaml", owners.join("---\n"));
    },
    writ: async (words) => {
      const output = { stdout: "", stderr: "" };
      const note = (line: string): void => void (output.stderr += `${printable(line)}\n`);
      const program = pluginProgram({
        print: (line) => void (output.stdout += `${printable(line)}\n`),
        write: (text) => void (output.stdout += text),
        note,
        confirm: () => Promise.resolve("unasked"),
      });
      const before = process.cwd();
      process.chdir(directory);
      const code = await exitCodeOf(program, words, note).finally(() => process.chdir(before));
      return { code, ...output };
    },
    process: (words, env = {}, stdin = "") =>
      runTool(process.execPath, [join(repository, "src/kubectl-writ.ts"), ...words], {
        cwd: directory,
        env: { PATH: process.env["PATH"] ?? "", HOME: directory, ...env },
        stdin,
      }),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
  copyFileSync(join(repository, "manifests/samples/capability.yaml"), path("capability.yaml"));
  const sample = readFileSync(join(repository, "manifests/samples/approval.yaml"), "utf8");
  room.write("without-uid.yaml", sample);
  room.write("approval.yaml", sample.replace("payments-bot }\n", `payments-bot }\n    uid: ${uid}\n`));
  return room;
}

/** An ssh-agent of its own with these keys; gives its socket. */
export async function startAgent(room: SigningRoom, keys: readonly string[]): Promise<Agent> {
  const socket = room.path("agent.sock");
  const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  const env = { SSH_AUTH_SOCK: socket };
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const added = await runTool("ssh-add", ["-q", ...keys.map(room.path)], { env: { ...process.env, ...env } });
    if (added.code === 0) return { env, stop: () => void child.kill() };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill();
  throw new Error("the ssh-agent takes no keys");
}

export interface Agent {
  readonly env: Readonly<Record<string, string>>;
  readonly stop: () => void;
}
