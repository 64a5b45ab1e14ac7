import { createHash, generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { SshKeyType } from "../../../../src/api/ssh/key-line.ts";
import { wireString } from "../../../../src/api/ssh/wire.ts";

/** A key that signs as OpenSSH and FIDO authenticators do, with every part open to be made wrong. */
export interface SoftwareKey {
  readonly type: SshKeyType;
  readonly blob: Buffer;
  /** `TYPE BASE64`. */
  readonly line: string;
  /** Algorithm and value (RFC 4253 section 6.6), for security keys with flags and counter. */
  readonly sign: (data: Buffer) => Buffer;
}

export function mpint(magnitude: Buffer): Buffer {
  const first = magnitude.findIndex((byte) => byte !== 0);
  const shortest = magnitude.subarray(first);
  return wireString((shortest[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), shortest]) : shortest);
}

export function keyLine(type: string, blob: Buffer): string {
  return `${type} ${blob.toString("base64")}`;
}

export function softwareKey(type: SshKeyType, blob: Buffer, sign: SoftwareKey["sign"]): SoftwareKey {
  return { type, blob, line: keyLine(type, blob), sign };
}

export function ed25519Key(): SoftwareKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const blob = Buffer.concat([wireString("ssh-ed25519"), wireString(jwk(publicKey, "x"))]);
  return softwareKey("ssh-ed25519", blob, (data) =>
    Buffer.concat([wireString("ssh-ed25519"), wireString(sign(null, data, privateKey))]),
  );
}

export interface EcdsaOptions {
  readonly encode?: (number: Buffer) => Buffer;
  readonly trailer?: Buffer;
}

export function ecdsaKey(bits: 256 | 384 | 521, options: EcdsaOptions = {}): SoftwareKey {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: `P-${bits}` });
  const type = `ecdsa-sha2-nistp${bits}` as const;
  const hash = { 256: "sha256", 384: "sha384", 521: "sha512" }[bits];
  return softwareKey(type, Buffer.concat([wireString(type), ecPoint(`nistp${bits}`, publicKey)]), (data) =>
    Buffer.concat([wireString(type), ecdsaValue(hash, data, privateKey, options)]),
  );
}

export interface RsaOptions {
  readonly bits?: number;
  readonly algorithm?: "rsa-sha2-256" | "rsa-sha2-512" | "ssh-rsa";
  readonly encode?: (number: Buffer) => Buffer;
  readonly value?: (value: Buffer) => Buffer;
}

export function rsaKey(options: RsaOptions = {}): SoftwareKey {
  const { bits = 2048, algorithm = "rsa-sha2-512", encode = mpint, value = (value) => value } = options;
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const blob = Buffer.concat([wireString("ssh-rsa"), encode(jwk(publicKey, "e")), encode(jwk(publicKey, "n"))]);
  const hash = { "rsa-sha2-256": "sha256", "rsa-sha2-512": "sha512", "ssh-rsa": "sha1" }[algorithm];
  return softwareKey("ssh-rsa", blob, (data) =>
    Buffer.concat([wireString(algorithm), wireString(value(sign(hash, data, privateKey)))]),
  );
}

/** What the authenticator says of a touch, in OpenSSH PROTOCOL.u2f. */
export interface AuthenticatorOptions {
  readonly application?: string;
  readonly flags?: number;
  readonly counter?: number;
}

export function ed25519SecurityKey(options: AuthenticatorOptions = {}): SoftwareKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const type = "sk-ssh-ed25519@openssh.com";
  const application = options.application ?? "ssh:";
  const blob = Buffer.concat([wireString(type), wireString(jwk(publicKey, "x")), wireString(application)]);
  return softwareKey(type, blob, (data) => {
    const { signed, state } = authenticatorData(data, options);
    return Buffer.concat([wireString(type), wireString(sign(null, signed, privateKey)), state]);
  });
}

export function ecdsaSecurityKey(options: AuthenticatorOptions = {}): SoftwareKey {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const type = "sk-ecdsa-sha2-nistp256@openssh.com";
  const application = options.application ?? "ssh:";
  const blob = Buffer.concat([wireString(type), ecPoint("nistp256", publicKey), wireString(application)]);
  return softwareKey(type, blob, (data) => {
    const { signed, state } = authenticatorData(data, options);
    return Buffer.concat([wireString(type), ecdsaValue("sha256", signed, privateKey, {}), state]);
  });
}

/** All seven types. */
export function oneKeyOfEachType(): readonly SoftwareKey[] {
  return [
    ed25519Key(),
    ecdsaKey(256),
    ecdsaKey(384),
    ecdsaKey(521),
    rsaKey(),
    ed25519SecurityKey(),
    ecdsaSecurityKey(),
  ];
}

function authenticatorData(data: Buffer, { application = "ssh:", flags = 1, counter = 7 }: AuthenticatorOptions) {
  const state = Buffer.alloc(5);
  state.writeUInt8(flags, 0);
  state.writeUInt32BE(counter, 1);
  return { signed: Buffer.concat([sha256(application), state, sha256(data)]), state };
}

function ecPoint(curve: string, publicKey: KeyObject): Buffer {
  const point = Buffer.concat([Buffer.of(4), jwk(publicKey, "x"), jwk(publicKey, "y")]);
  return Buffer.concat([wireString(curve), wireString(point)]);
}

function ecdsaValue(hash: string, data: Buffer, key: KeyObject, { encode = mpint, trailer }: EcdsaOptions): Buffer {
  const value = sign(hash, data, { key, dsaEncoding: "ieee-p1363" });
  const half = value.length / 2;
  const numbers = [encode(value.subarray(0, half)), encode(value.subarray(half))];
  return wireString(Buffer.concat([...numbers, trailer ?? Buffer.alloc(0)]));
}

function jwk(key: KeyObject, member: "x" | "y" | "n" | "e"): Buffer {
  return Buffer.from(String(key.export({ format: "jwk" })[member]), "base64url");
}

function sha256(bytes: string | Buffer): Buffer {
  return createHash("sha256").update(bytes).digest();
}
