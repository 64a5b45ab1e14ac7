import { existsSync, readFileSync, statSync } from "node:fs";
import { memberKeys, sshKeyId } from "../../api/people.ts";
import { parsePublicKey } from "../../api/ssh/public-key.ts";
import type { IdentityOwner } from "../../api/types.gen.ts";
import { agentKeys, sshPublicKey } from "./ssh-keygen.ts";
import type { SigningKey } from "./ssh-keygen.ts";

export interface ChosenKey {
  readonly signing: SigningKey;
  /** `TYPE BASE64`, which our own verifier accepts. */
  readonly line: string;
  readonly fingerprint: string;
}

/** No key file is longer. */
const maximumBytes = 64 * 1024;

/**
 * The key that `--key` names: a file, private or public, or for `agent` the one of the ssh-agent's keys that the owner
 * lists (for `by`, where it is given), or its only one where no owner is known. Throws one line.
 */
export async function chooseKey(
  key: string,
  owner: IdentityOwner | undefined,
  by: string | undefined,
): Promise<ChosenKey> {
  if (key === "agent") {
    const line = agentKey(await agentKeys(), owner, by);
    return { signing: { kind: "agent", line }, ...accepted(line, "the agent's key") };
  }
  // A public key's file will do: ssh-keygen asks the agent, or takes the private key beside it.
  return { signing: { kind: "file", file: key }, ...accepted(await publicLineOf(key), key) };
}

/** The user name under which the owner lists the key. Throws when it is nobody's, or several people's. */
export function holderOf(owner: IdentityOwner, { line, fingerprint }: ChosenKey): string {
  const name = owner.metadata.name;
  const holders = owner.spec.members.flatMap(({ user, sshKeys = [] }) =>
    user !== undefined && sshKeys.some((listed) => sshKeyId(listed) === sshKeyId(line)) ? [user] : [],
  );
  const [holder, ...more] = holders;
  if (holder === undefined) {
    throw new Error(
      `IdentityOwner "${name}" lists nobody with the key ${fingerprint}: add it to sshKeys, or sign with another`,
    );
  }
  if (more.length > 0)
    throw new Error(`IdentityOwner "${name}" lists the key of ${holders.join(" and ")}: say who you are with --by`);
  return holder;
}

function agentKey(held: readonly string[], owner: IdentityOwner | undefined, by: string | undefined): string {
  if (!owner) {
    const [only = "", ...more] = held;
    if (more.length > 0)
      throw new Error(`the ssh-agent holds ${held.length} keys: name one with --key FILE.pub, or give --owners`);
    return plainLine(only);
  }
  const name = owner.metadata.name;
  const listed =
    by === undefined ? owner.spec.members.flatMap((member) => member.sshKeys ?? []) : memberKeys(owner, by);
  if (!listed) throw new Error(`IdentityOwner "${name}" lists no member ${by ?? ""}`);
  const ids = new Set(listed.map(sshKeyId));
  const [line, ...more] = held.filter((candidate) => {
    const id = sshKeyId(plainLine(candidate));
    return id !== undefined && ids.has(id);
  });
  if (line === undefined)
    throw new Error(
      `IdentityOwner "${name}" lists none of the ssh-agent's keys${by === undefined ? "" : ` for ${by}`}`,
    );
  if (more.length > 0)
    throw new Error(`IdentityOwner "${name}" lists several of the ssh-agent's keys: name one with --key FILE.pub`);
  return plainLine(line);
}

async function publicLineOf(file: string): Promise<string> {
  const text = readKeyFile(file);
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return plainLine(text);
  const beside = `${file}.pub`;
  return plainLine(existsSync(beside) ? readKeyFile(beside) : await sshPublicKey(file));
}

function readKeyFile(file: string): string {
  try {
    if (statSync(file).size > maximumBytes) throw new Error("it is too large for a key");
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`the key ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** Without the comment, which says nothing about the key and may hold anything. */
function plainLine(text: string): string {
  return text.trim().replace(/^(\S+ [A-Za-z0-9+/=]+) .*$/, "$1");
}

function accepted(line: string, what: string): Pick<ChosenKey, "line" | "fingerprint"> {
  const key = parsePublicKey(line);
  if (key.kind === "problem") throw new Error(`${what}: ${key.problem}`);
  return { line, fingerprint: key.value.fingerprint };
}
