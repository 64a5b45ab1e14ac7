import { signedMessage } from "../../../../src/api/signed-statement.ts";
import type { SignedStatement } from "../../../../src/api/signed-statement.ts";
import { signStatement, sshKey } from "../../../builders/ssh-key.ts";
import type { SshKey } from "../../../builders/ssh-key.ts";

const keys = new Map<string, SshKey>();
const signatures = new Map<string, string>();

/** The key of somebody, made once. */
export function keyOf(name: string): SshKey {
  const known = keys.get(name);
  if (known) return known;
  const key = sshKey(name);
  keys.set(name, key);
  return key;
}

/** What the key of that name makes of the statement; the same statement is signed once. */
export function signatureOf(statement: SignedStatement, name: string): string {
  const text = `${name}\n${signedMessage(statement).toString()}`;
  const known = signatures.get(text);
  if (known !== undefined) return known;
  const signature = signStatement(statement, keyOf(name));
  signatures.set(text, signature);
  return signature;
}
