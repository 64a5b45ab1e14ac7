import { afterAll, describe, expect, test } from "vitest";
import { verifySshSignature } from "../../../../src/api/ssh/verify-signature.ts";
import { wireString } from "../../../../src/api/ssh/wire.ts";
import * as software from "./software-keys.ts";
import { sshKeygen } from "./ssh-keygen.ts";
import { armor, dearmored, flipped, namespace, signWith, sshsig } from "./sshsig.ts";
import type { SshsigParts } from "./sshsig.ts";

const keygen = sshKeygen();
afterAll(keygen.remove);

const message = "message";

interface Case {
  readonly line: string;
  readonly signature: string;
  readonly namespace?: string;
  readonly message?: string;
}

function ours(given: Case): "accepts" | "refuses" {
  const { line, signature } = given;
  const verdict = verifySshSignature({
    namespace: given.namespace ?? namespace,
    message: Buffer.from(given.message ?? message),
    signature,
    keys: [line],
  });
  return verdict.kind === "valid" ? "accepts" : "refuses";
}

function theirs({ line, signature, ...given }: Case): "accepts" | "refuses" {
  return keygen.accepts(line, given.namespace ?? namespace, given.message ?? message, signature)
    ? "accepts"
    : "refuses";
}

function both(given: Case) {
  return { writ: ours(given), "ssh-keygen": theirs(given) };
}

function of(key: software.SoftwareKey, parts: SshsigParts = {}): Case {
  return { line: key.line, signature: signWith(key, message, parts) };
}

const bothAccept = { writ: "accepts", "ssh-keygen": "accepts" };
const bothRefuse = { writ: "refuses", "ssh-keygen": "refuses" };
const stricter = { writ: "refuses", "ssh-keygen": "accepts" };

describe.each([
  ["ed25519", ["-t", "ed25519"]],
  ["ecdsa-256", ["-t", "ecdsa", "-b", "256"]],
  ["ecdsa-384", ["-t", "ecdsa", "-b", "384"]],
  ["ecdsa-521", ["-t", "ecdsa", "-b", "521"]],
  ["rsa-2048", ["-t", "rsa", "-b", "2048"]],
  ["rsa-3072", ["-t", "rsa", "-b", "3072"]],
])("a key that ssh-keygen makes, %s", (name, args) => {
  const line = keygen.makeKey(name, args);
  const otherLine = keygen.makeKey(`${name}-other`, args);

  test.each(["sha256", "sha512"])("signs with %s, and both agree on what was signed", (hash) => {
    const signature = keygen.sign(name, namespace, message, ["-O", `hashalg=${hash}`]);
    const signed: Case = { line, signature };
    expect(both(signed)).toEqual(bothAccept);
    expect(both({ ...signed, signature: signature.trimEnd() })).toEqual(bothAccept);
    for (const other of [
      { ...signed, message: "massage" },
      { ...signed, message: `${message}\n` },
      { ...signed, message: "" },
      { ...signed, namespace: "writ.dev/definition" },
      { ...signed, namespace: "WRIT.dev/decision" },
      { ...signed, line: otherLine },
    ]) {
      expect(both(other)).toEqual(bothRefuse);
    }
  });

  test("both refuse the signature with any part of it changed", () => {
    const blob = dearmored(keygen.sign(name, namespace, message));
    // Bytes 6 to 9 are the version, of which ssh-keygen accepts 0: it stands in the table below.
    const places = Array.from({ length: 40 }, (_, step) => Math.floor((step * blob.length) / 40));
    for (const at of places.filter((at) => at < 6 || at > 9)) {
      expect({ at, ...both({ line, signature: armor(flipped(blob, at, 0x01)) }) }).toEqual({ at, ...bothRefuse });
    }
  });

  test("fills the last line of its armor to any length", () => {
    for (let length = 1; length <= 210; length += 13) {
      const namespace = "n".repeat(length);
      expect(both({ line, namespace, signature: keygen.sign(name, namespace, message) })).toEqual(bothAccept);
    }
  });
});

describe("an authenticator in software", () => {
  const keys = [
    ["Ed25519", software.ed25519SecurityKey],
    ["ECDSA", software.ecdsaSecurityKey],
  ] as const;

  test.each(keys)("both accept a touch (%s)", (_, securityKey) => {
    for (const options of [{}, { flags: 5 }, { counter: 0xffffffff }, { application: "ssh:work" }]) {
      expect(both(of(securityKey(options)))).toEqual(bothAccept);
    }
  });

  test.each(keys)("both refuse what the key did not sign (%s)", (_, securityKey) => {
    const key = securityKey();
    const blob = sshsig(key, message);
    // From the end: counter, flags, the end of the signature.
    for (const back of [1, 4, 5, 6, 30]) {
      expect(both({ line: key.line, signature: armor(flipped(blob, blob.length - back, 0x02)) })).toEqual(bothRefuse);
    }
    expect(both({ ...of(key), message: "massage" })).toEqual(bothRefuse);
    expect(both({ ...of(key), line: securityKey().line })).toEqual(bothRefuse);
  });
});

describe("both refuse", () => {
  const key = software.ed25519Key();
  const append = (signature: Buffer): Buffer => Buffer.concat([signature, Buffer.of(0)]);

  test.each<[string, Case]>([
    ["nothing", { ...of(key), signature: "" }],
    ["text before the armor", { ...of(key), signature: `x\n${of(key).signature}` }],
    ["carriage returns", { ...of(key), signature: of(key).signature.replaceAll("\n", "\r\n") }],
    ["another magic", of(key, { magic: "SSHSIH" })],
    ["a later version", of(key, { version: 2 })],
    ["a reserved field", of(key, { reserved: "x" })],
    ["an empty namespace", { ...of(key, { namespace: "" }), namespace: "" }],
    ["SHA-1 of the message", of(key, { hash: "sha1" })],
    ["SHA-384 of the message", of(key, { hash: "sha384" })],
    ["bytes after the blob", of(key, { trailer: Buffer.of(0) })],
    ["bytes after the key's signature", of(key, { signature: append })],
    ["bytes after an authenticator's counter", of(software.ecdsaSecurityKey(), { signature: append })],
    ["a third number in an ECDSA signature", of(software.ecdsaKey(256, { trailer: wireString(Buffer.of(1)) }))],
    ["RSA with SHA-1", of(software.rsaKey({ algorithm: "ssh-rsa" }))],
    [
      "an RSA signature longer than the modulus",
      of(software.rsaKey({ value: (value) => Buffer.concat([Buffer.of(0), value]) })),
    ],
    ["the signature of another key", of({ ...software.ed25519Key(), blob: key.blob, line: key.line })],
  ])("%s", (_, given) => {
    expect(both(given)).toEqual(bothRefuse);
  });
});

/** The table in docs/reference/signatures.md. Writ is never the more lenient one. */
describe("ssh-keygen accepts and Writ refuses", () => {
  const key = software.ed25519Key();
  const blob = sshsig(key, message);
  const signature = armor(blob);
  const leadingZeros = (number: Buffer): Buffer => wireString(Buffer.concat([Buffer.of(0, 0), number]));
  const neutral = Buffer.concat([Buffer.of(1), Buffer.alloc(31)]);
  const weak = software.softwareKey(
    "ssh-ed25519",
    Buffer.concat([wireString("ssh-ed25519"), wireString(neutral)]),
    () => Buffer.concat([wireString("ssh-ed25519"), wireString(Buffer.concat([neutral, Buffer.alloc(32)]))]),
  );

  test.each<[string, Case]>([
    ["text after the armor", { line: key.line, signature: `${signature}x\n` }],
    ["an empty line after the armor", { line: key.line, signature: `${signature}\n` }],
    ["lines of another length", { line: key.line, signature: armor(blob, 64) }],
    ["white space between the lines", { line: key.line, signature: signature.replace("\n", "\n\n ") }],
    ["version 0", of(key, { version: 0 })],
    ["a security key without touch, Ed25519", of(software.ed25519SecurityKey({ flags: 0 }))],
    ["a security key without touch, ECDSA", of(software.ecdsaSecurityKey({ flags: 4 }))],
    ["a security key without application", of(software.ecdsaSecurityKey({ application: "" }))],
    ["numbers with leading zeros in an ECDSA signature", of(software.ecdsaKey(256, { encode: leadingZeros }))],
    ["numbers with leading zeros in an RSA key", of(software.rsaKey({ encode: leadingZeros }))],
    ["an RSA key of 1024 bits", of(software.rsaKey({ bits: 1024 }))],
    ["an RSA signature without its leading zero", shortRsaSignature()],
    ["an Ed25519 key for which anybody can sign", of(weak)],
    ["options before the key", { line: `namespaces="${namespace}" ${key.line}`, signature }],
    ["other white space in the key line", { line: key.line.replace(" ", "\t "), signature }],
  ])("%s", (_, given) => {
    expect(both(given)).toEqual(stricter);
  });
});

/** One signature in 256 begins with a zero. */
function shortRsaSignature(): Case {
  const lengths: number[] = [];
  const key = software.rsaKey({
    value: (value) => {
      const short = value[0] === 0 ? value.subarray(1) : value;
      lengths.push(short.length);
      return short;
    },
  });
  for (let count = 0; ; count += 1) {
    const signature = signWith(key, `${count}`);
    if (lengths.at(-1) === 255) return { line: key.line, message: `${count}`, signature };
  }
}
