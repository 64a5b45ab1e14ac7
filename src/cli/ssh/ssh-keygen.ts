import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool } from "./run-tool.ts";
import type { ToolResult } from "./run-tool.ts";

/** What is handed to `ssh-keygen -f`: the file of a key, private or public, or the line of a key that the agent holds. */
export type SigningKey =
  { readonly kind: "file"; readonly file: string } | { readonly kind: "agent"; readonly line: string };

/**
 * Signs a message with the real `ssh-keygen -Y sign` (OpenSSH 8.1 and later), which knows passphrases, agents, PKCS#11
 * and security keys. Gives the armored signature. Throws one line when it cannot be had.
 */
export async function sshSign(key: SigningKey, namespace: string, message: Uint8Array): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "kubectl-writ-"));
  try {
    // A file and not the standard input, which ssh-keygen needs to ask for a passphrase.
    const statement = join(directory, "statement");
    writeFileSync(statement, message, { mode: 0o600 });
    const keyFile = key.kind === "file" ? key.file : join(directory, "key.pub");
    if (key.kind === "agent") writeFileSync(keyFile, `${key.line}\n`, { mode: 0o600 });
    const result = await runTool("ssh-keygen", ["-q", "-Y", "sign", "-n", namespace, "-f", keyFile, statement]);
    if (result.code !== 0) throw failure(result, "could not sign");
    return readFileSync(`${statement}.sig`, "utf8");
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The public key of a private key's file, as one line; asks for its passphrase where it has one. */
export async function sshPublicKey(file: string): Promise<string> {
  const result = await runTool("ssh-keygen", ["-y", "-f", file]);
  if (result.code !== 0) throw failure(result, `could not read the key ${file}`);
  return result.stdout.trim();
}

/** The lines of the keys that the ssh-agent holds. */
export async function agentKeys(): Promise<readonly string[]> {
  const result = await runTool("ssh-add", ["-L"]);
  if (result.code === 1) throw new Error("the ssh-agent holds no key: ssh-add FILE gives it one");
  if (result.code !== 0) throw new Error("there is no ssh-agent to ask: start one, or give --key FILE");
  return result.stdout.split("\n").filter((line) => line !== "");
}

function failure({ stderr, code }: ToolResult, what: string): Error {
  if (/unknown option|illegal option|Unsupported operation|^usage:/m.test(stderr)) {
    return new Error("ssh-keygen is too old: signing needs OpenSSH 8.1 or later");
  }
  const said = stderr
    .split("\n")
    .filter((line) => line.trim() !== "")
    .at(-1);
  return new Error(`ssh-keygen ${what}: ${said ?? `it ended with code ${code}`}`);
}
