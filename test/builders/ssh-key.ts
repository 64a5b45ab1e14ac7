import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { signatureNamespace, signedMessage } from "../../src/api/signed-statement.ts";
import type { SignedStatement } from "../../src/api/signed-statement.ts";

/** An Ed25519 key of somebody, made of their name, so that fixtures are the same in every run. */
export interface SshKey {
  /** As an owner lists it. */
  readonly line: string;
  /** Armored SSHSIG (OpenSSH PROTOCOL.sshsig), as `ssh-keygen -Y sign` makes it. */
  readonly sign: (namespace: string, message: Uint8Array) => string;
}

export function sshKey(name: string): SshKey {
  const seed = createHash("sha256").update(`test ssh key of ${name}`).digest();
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const raw = createPublicKey(privateKey).export({ type: "spki", format: "der" }).subarray(-32);
  const publicKey = Buffer.concat([wire("ssh-ed25519"), wire(raw)]);
  return {
    line: `ssh-ed25519 ${publicKey.toString("base64")} ${name}`,
    sign: (namespace, message) => {
      const head = [wire(namespace), wire(""), wire("sha512")];
      const hash = createHash("sha512").update(message).digest();
      const signature = sign(null, Buffer.concat([Buffer.from("SSHSIG"), ...head, wire(hash)]), privateKey);
      const version = Buffer.from([0, 0, 0, 1]);
      const signed = wire(Buffer.concat([wire("ssh-ed25519"), wire(signature)]));
      return armor(Buffer.concat([Buffer.from("SSHSIG"), version, wire(publicKey), ...head, signed]));
    },
  };
}

/** What somebody's key makes of a statement. */
export function signStatement(statement: SignedStatement, key: SshKey = sshKey(statement.by)): string {
  return key.sign(signatureNamespace(statement), signedMessage(statement));
}

/** A string of RFC 4251 section 5: its length in four bytes, then its bytes. */
function wire(bytes: string | Uint8Array): Buffer {
  const body = Buffer.from(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

function armor(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN SSH SIGNATURE-----", ...lines, "-----END SSH SIGNATURE-----", ""].join("\n");
}
