import { createHash, createPublicKey } from "node:crypto";
import type { JsonWebKey, KeyObject } from "node:crypto";
import { ed25519PointProblem } from "./ed25519-point.ts";
import { parseKeyLine } from "./key-line.ts";
import type { KeyLine, SshKeyType } from "./key-line.ts";
import { ok, quote, refuse } from "./parsed.ts";
import type { Parsed } from "./parsed.ts";
import { exactStrings, positiveMpint } from "./wire.ts";

export type SignatureScheme =
  | { readonly kind: "ed25519" }
  | { readonly kind: "ecdsa"; readonly hash: "sha256" | "sha384" | "sha512"; readonly coordinateBytes: number }
  | { readonly kind: "rsa"; readonly modulusBytes: number };

/** A public key that signatures can be verified with. */
export interface SshPublicKey {
  readonly type: SshKeyType;
  /** RFC 4253 section 6.6. One key has one blob, so equal bytes are the same key. */
  readonly blob: Buffer;
  /** `SHA256:` and unpadded base64, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  readonly scheme: SignatureScheme;
  readonly keyObject: KeyObject;
  /** What a security key (`sk-`) was made for, most often `ssh:`; undefined for other keys. */
  readonly application: Buffer | undefined;
}

/** What differs between types: the rest of `SshPublicKey` follows from the blob. */
type KeyMaterial = Pick<SshPublicKey, "scheme" | "keyObject" | "application">;

/**
 * Reads a public key line, `TYPE BASE64 [COMMENT]`, strictly: what is not accepted has one line that says why. The
 * formats: RFC 8709 (Ed25519), RFC 5656 (ECDSA), RFC 4253 (RSA), OpenSSH PROTOCOL.u2f (`sk-`). Never throws.
 */
export function parsePublicKey(line: string): Parsed<SshPublicKey> {
  const parsed = parseKeyLine(line);
  if (parsed.kind === "problem") return parsed;
  const { type, blob } = parsed.value;
  const material = keyMaterial(parsed.value);
  return material.kind === "problem" ? material : ok({ type, blob, fingerprint: fingerprint(blob), ...material.value });
}

/** Why decisions signed with this key would never count, in one line; undefined for a key that is accepted. */
export function sshKeyProblem(line: string): string | undefined {
  const parsed = parsePublicKey(line);
  return parsed.kind === "problem" ? parsed.problem : undefined;
}

export function fingerprint(blob: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

function keyMaterial({ type, blob }: KeyLine): Parsed<KeyMaterial> {
  switch (type) {
    case "ssh-ed25519": {
      const fields = exactStrings("the key", blob, ["type", "point"]);
      return fields.kind === "problem" ? fields : ed25519(fields.value.point);
    }
    case "sk-ssh-ed25519@openssh.com": {
      const fields = exactStrings("the key", blob, ["type", "point", "application"]);
      return fields.kind === "problem" ? fields : ofSecurityKey(ed25519(fields.value.point), fields.value.application);
    }
    case "ecdsa-sha2-nistp256":
    case "ecdsa-sha2-nistp384":
    case "ecdsa-sha2-nistp521": {
      const fields = exactStrings("the key", blob, ["type", "curve", "point"]);
      return fields.kind === "problem" ? fields : ecdsa(type, fields.value.curve, fields.value.point);
    }
    case "sk-ecdsa-sha2-nistp256@openssh.com": {
      const fields = exactStrings("the key", blob, ["type", "curve", "point", "application"]);
      if (fields.kind === "problem") return fields;
      const { curve, point, application } = fields.value;
      return ofSecurityKey(ecdsa("ecdsa-sha2-nistp256", curve, point), application);
    }
    case "ssh-rsa": {
      const fields = exactStrings("the key", blob, ["type", "exponent", "modulus"]);
      return fields.kind === "problem" ? fields : rsa(fields.value.exponent, fields.value.modulus);
    }
  }
}

function ofSecurityKey(material: Parsed<KeyMaterial>, application: Buffer): Parsed<KeyMaterial> {
  if (material.kind === "problem") return material;
  if (application.length === 0) return refuse("the security key names no application");
  return ok({ ...material.value, application });
}

function ed25519(point: Buffer): Parsed<KeyMaterial> {
  if (point.length !== 32) return refuse(`the key's point has ${point.length} bytes: Ed25519 has 32`);
  const problem = ed25519PointProblem(point);
  if (problem !== undefined) return refuse(`the key's point ${problem}`);
  return material({ kind: "ed25519" }, { kty: "OKP", crv: "Ed25519", x: point.toString("base64url") });
}

const curves = {
  "ecdsa-sha2-nistp256": { name: "nistp256", crv: "P-256", hash: "sha256", coordinateBytes: 32 },
  "ecdsa-sha2-nistp384": { name: "nistp384", crv: "P-384", hash: "sha384", coordinateBytes: 48 },
  "ecdsa-sha2-nistp521": { name: "nistp521", crv: "P-521", hash: "sha512", coordinateBytes: 66 },
} as const;

function ecdsa(type: keyof typeof curves, curve: Buffer, point: Buffer): Parsed<KeyMaterial> {
  const { name, crv, hash, coordinateBytes } = curves[type];
  if (!curve.equals(Buffer.from(name))) return refuse(`the key's curve is ${quote(curve)}: ${type} has ${name}`);
  // SEC 1 section 2.3.3: 2 and 3 begin the compressed form, which would be a second spelling of the key.
  if (point[0] === 2 || point[0] === 3) return refuse("the key's point is compressed: give it uncompressed");
  if (point[0] !== 4 || point.length !== 1 + 2 * coordinateBytes) {
    return refuse(`the key's point is no uncompressed point of ${name}, which has ${1 + 2 * coordinateBytes} bytes`);
  }
  return material(
    { kind: "ecdsa", hash, coordinateBytes },
    {
      kty: "EC",
      crv,
      x: point.subarray(1, 1 + coordinateBytes).toString("base64url"),
      y: point.subarray(1 + coordinateBytes).toString("base64url"),
    },
  );
}

function rsa(exponentBytes: Buffer, modulusBytes: Buffer): Parsed<KeyMaterial> {
  const exponent = positiveMpint(exponentBytes);
  const modulus = positiveMpint(modulusBytes);
  if (!exponent || !modulus) return refuse("a number of the key is not positive or not in its shortest form");
  const bits = modulus.length * 8 - (Math.clz32(modulus[0] ?? 0) - 24);
  if (bits < 2048 || bits > 8192) return refuse(`the RSA key has ${bits} bits: 2048 to 8192 are accepted`);
  if (isEven(modulus)) return refuse("the RSA key's modulus is even, so it is no product of two primes");
  // One would make every message its own signature; long ones cost time. ssh-keygen makes 65537, and once made 35.
  if (exponent.length > 4 || isEven(exponent) || exponent.equals(Buffer.of(1))) {
    return refuse("the RSA key's exponent is not an odd number from 3 to 2^32 - 1; ssh-keygen makes 65537");
  }
  return material(
    { kind: "rsa", modulusBytes: modulus.length },
    { kty: "RSA", n: modulus.toString("base64url"), e: exponent.toString("base64url") },
  );
}

function isEven(magnitude: Buffer): boolean {
  return ((magnitude.at(-1) ?? 0) & 1) === 0;
}

function material(scheme: SignatureScheme, key: JsonWebKey): Parsed<KeyMaterial> {
  try {
    return ok({ scheme, keyObject: createPublicKey({ format: "jwk", key }), application: undefined });
  } catch {
    // All else was looked at: OpenSSL refuses coordinates outside the field and points that are not on the curve.
    return refuse("the key's point is not on the curve");
  }
}
