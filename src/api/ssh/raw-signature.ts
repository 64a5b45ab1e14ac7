import { createHash, verify } from "node:crypto";
import type { VerifyKeyObjectInput } from "node:crypto";
import { ok, quote, refuse } from "./parsed.ts";
import type { Parsed } from "./parsed.ts";
import type { SshPublicKey } from "./public-key.ts";
import { exactStrings, positiveMpint, takeStrings } from "./wire.ts";

/** User presence (WebAuthn section 6.1): somebody touched the security key. */
const userPresent = 0x01;

/**
 * Why `signature` (algorithm and bytes, RFC 4253 section 6.6) is none of `data` by `key`; undefined when it is one.
 * The formats: RFC 8709, RFC 5656, RFC 8332, and OpenSSH PROTOCOL.u2f for security keys.
 */
export function signatureProblem(key: SshPublicKey, signature: Buffer, data: Buffer): string | undefined {
  const taken = takeStrings("the signature", signature, ["algorithm", "value"]);
  if (taken.kind === "problem") return taken.problem;
  const { strings, rest } = taken.value;
  const algorithm = strings.algorithm.toString("latin1");
  const accepted = algorithms(key);
  if (!accepted.includes(algorithm)) {
    return `the signature's algorithm is ${quote(algorithm)}: a key of type ${key.type} signs with ${accepted.join(" or ")}`;
  }
  const signed = signedBySuchKey(key, rest, data);
  if (signed.kind === "problem") return signed.problem;
  const value = nodeSignature(key, strings.value);
  if (value.kind === "problem") return value.problem;
  return verifies(key, algorithm, signed.value, value.value)
    ? undefined
    : `the key ${key.fingerprint} did not sign this: the signature is of something else, or was changed`;
}

/** For RSA the algorithm names the hash; `ssh-rsa`, which is SHA-1, is none of them (RFC 8332). */
function algorithms(key: SshPublicKey): readonly string[] {
  return key.scheme.kind === "rsa" ? ["rsa-sha2-256", "rsa-sha2-512"] : [key.type];
}

/** What the key put its signature on: security keys sign a digest of the data with their own flags and counter. */
function signedBySuchKey(key: SshPublicKey, rest: Buffer, data: Buffer): Parsed<Buffer> {
  if (key.application === undefined) {
    return rest.length === 0 ? ok(data) : refuse(`the signature has extra bytes at its end: ${rest.length}`);
  }
  const [flags] = rest;
  if (flags === undefined || rest.length !== 5) {
    return refuse(`${rest.length} bytes follow the security key's signature: its flags and counter are 5`);
  }
  if ((flags & userPresent) === 0) {
    return refuse("nobody touched the security key for this signature: a key that does not ask for it cannot decide");
  }
  return ok(Buffer.concat([sha256(key.application), rest, sha256(data)]));
}

/** The signature as node:crypto takes it; ECDSA as r and s of fixed length (IEEE P1363). */
function nodeSignature({ scheme }: SshPublicKey, value: Buffer): Parsed<Buffer> {
  switch (scheme.kind) {
    case "ed25519":
      return ofLength(value, 64);
    case "rsa":
      return ofLength(value, scheme.modulusBytes);
    case "ecdsa": {
      const fields = exactStrings("the ECDSA signature", value, ["r", "s"]);
      if (fields.kind === "problem") return fields;
      const [r, s] = [positiveMpint(fields.value.r), positiveMpint(fields.value.s)];
      if (!r || !s) return refuse("a number of the ECDSA signature is not positive or not in its shortest form");
      const { coordinateBytes } = scheme;
      if (r.length > coordinateBytes || s.length > coordinateBytes) {
        return refuse("a number of the ECDSA signature is too long for the curve");
      }
      const padding = [r, s].map((number) => Buffer.alloc(coordinateBytes - number.length));
      return ok(Buffer.concat([padding[0] ?? r, r, padding[1] ?? s, s]));
    }
  }
}

function ofLength(value: Buffer, expected: number): Parsed<Buffer> {
  return value.length === expected
    ? ok(value)
    : refuse(`the signature's value has ${value.length} bytes: this key makes ${expected}`);
}

function verifies(key: SshPublicKey, algorithm: string, signed: Buffer, signature: Buffer): boolean {
  const input: VerifyKeyObjectInput = { key: key.keyObject, dsaEncoding: "ieee-p1363" };
  try {
    return verify(hashOf(key, algorithm), signed, input, signature);
  } catch {
    // OpenSSL's own errors, such as of an RSA modulus that it cannot calculate with: nothing was verified.
    return false;
  }
}

function hashOf({ scheme }: SshPublicKey, algorithm: string): string | null {
  switch (scheme.kind) {
    case "ed25519":
      return null;
    case "ecdsa":
      return scheme.hash;
    case "rsa":
      return algorithm === "rsa-sha2-256" ? "sha256" : "sha512";
  }
}

function sha256(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}
