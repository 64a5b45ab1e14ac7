import { createHash } from "node:crypto";
import { wireString } from "../../../../src/api/ssh/wire.ts";
import type { SoftwareKey } from "./software-keys.ts";

/** The parts of an SSHSIG signature that can be made wrong; the key signs what they say. */
export interface SshsigParts {
  readonly magic?: string;
  readonly version?: number;
  readonly publicKey?: Buffer;
  readonly namespace?: string;
  readonly reserved?: string;
  readonly hash?: string;
  /** Changes the signature after it was made. */
  readonly signature?: (signature: Buffer) => Buffer;
  readonly trailer?: Buffer;
}

export const namespace = "writ.dev/decision";

/** An armored signature (OpenSSH PROTOCOL.sshsig), written without the code that is tested. */
export function signWith(key: SoftwareKey, message: string, parts: SshsigParts = {}): string {
  return armor(sshsig(key, message, parts));
}

export function sshsig(key: SoftwareKey, message: string, parts: SshsigParts = {}): Buffer {
  const { magic = "SSHSIG", version = 1, hash = "sha512", reserved = "" } = parts;
  const named = wireString(parts.namespace ?? namespace);
  const digest = createHash(hash).update(message).digest();
  const rest = [named, wireString(reserved), wireString(hash)];
  const signature = key.sign(Buffer.concat([Buffer.from("SSHSIG"), ...rest, wireString(digest)]));
  const versionBytes = Buffer.alloc(4);
  versionBytes.writeUInt32BE(version);
  return Buffer.concat([
    Buffer.from(magic),
    versionBytes,
    wireString(parts.publicKey ?? key.blob),
    ...rest,
    wireString(parts.signature?.(signature) ?? signature),
    parts.trailer ?? Buffer.alloc(0),
  ]);
}

export function armor(blob: Buffer, columns = 70): string {
  return armorText(blob.toString("base64"), columns);
}

export function armorText(base64: string, columns = 70): string {
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += columns) lines.push(base64.slice(at, at + columns));
  return ["-----BEGIN SSH SIGNATURE-----", ...lines, "-----END SSH SIGNATURE-----", ""].join("\n");
}

export function dearmored(text: string): Buffer {
  return Buffer.from(text.split("\n").slice(1, -2).join(""), "base64");
}

/** The blob with one byte changed. */
export function flipped(blob: Buffer, at: number, mask: number): Buffer {
  const copy = Buffer.from(blob);
  copy[at] = (copy[at] ?? 0) ^ mask;
  return copy;
}
