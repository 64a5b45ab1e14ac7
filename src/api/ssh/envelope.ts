import { createHash } from "node:crypto";
import { ok, quote, refuse } from "./parsed.ts";
import type { Parsed } from "./parsed.ts";
import { exactStrings, wireString } from "./wire.ts";

/**
 * The blob of OpenSSH PROTOCOL.sshsig, and what is signed in it. `reserved` has to be empty: nothing says what it would
 * mean.
 */
const magic = Buffer.from("SSHSIG");

export type MessageHash = "sha256" | "sha512";

export interface Envelope {
  readonly publicKey: Buffer;
  readonly namespace: Buffer;
  readonly hash: MessageHash;
  /** With its algorithm, as RFC 4253 section 6.6 encodes it. */
  readonly signature: Buffer;
}

export function parseEnvelope(bytes: Buffer): Parsed<Envelope> {
  if (!bytes.subarray(0, magic.length).equals(magic)) return refuse("the signature's content is no SSHSIG signature");
  const content = bytes.subarray(magic.length);
  if (content.length < 4) return refuse("the signature is cut off: it ends before its version does");
  const version = content.readUInt32BE(0);
  if (version !== 1) return refuse(`the signature's format has version ${version}: version 1 is accepted`);
  const fields = exactStrings("the signature", content.subarray(4), [
    "public key",
    "namespace",
    "reserved field",
    "hash algorithm",
    "signature bytes",
  ]);
  if (fields.kind === "problem") return fields;
  const { value } = fields;
  if (value.namespace.length === 0) return refuse("the signature's namespace is empty");
  if (value["reserved field"].length > 0) return refuse("the signature's reserved field is not empty");
  const algorithm = value["hash algorithm"].toString("latin1");
  if (algorithm !== "sha256" && algorithm !== "sha512") {
    return refuse(`the signature's hash algorithm is ${quote(algorithm)}: sha256 and sha512 are accepted`);
  }
  return ok({
    publicKey: value["public key"],
    namespace: value.namespace,
    hash: algorithm,
    signature: value["signature bytes"],
  });
}

/** What the key signs in place of the message. */
export function signedData(namespace: Uint8Array, hash: MessageHash, message: Uint8Array): Buffer {
  return Buffer.concat([
    magic,
    wireString(namespace),
    wireString(""),
    wireString(hash),
    wireString(createHash(hash).update(message).digest()),
  ]);
}
