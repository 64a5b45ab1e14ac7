import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SshSignatureInput } from "../../../../src/api/ssh/ssh-signature.ts";
import { verifySshSignature } from "../../../../src/api/ssh/verify-signature.ts";
import { wireString } from "../../../../src/api/ssh/wire.ts";
import {
  ecdsaKey,
  ecdsaSecurityKey,
  ed25519Key,
  ed25519SecurityKey,
  keyLine,
  oneKeyOfEachType,
  rsaKey,
  softwareKey,
} from "./software-keys.ts";
import type { SoftwareKey } from "./software-keys.ts";
import { armor, armorText, namespace, signWith, sshsig } from "./sshsig.ts";
import type { SshsigParts } from "./sshsig.ts";

const message = "message";
const key = ed25519Key();
const other = ed25519Key();

function input(signature: string, keys: readonly string[]): SshSignatureInput {
  return { namespace, message: Buffer.from(message), signature, keys };
}

/** What is wrong, or "valid". */
function problem(signature: string, keys: readonly string[] = [key.line]): string {
  const verdict = verifySshSignature(input(signature, keys));
  return verdict.kind === "valid" ? "valid" : verdict.problem;
}

function problemOf(key: SoftwareKey, parts: SshsigParts = {}): string {
  return problem(signWith(key, message, parts), [key.line]);
}

test.each(oneKeyOfEachType().map((key) => [key.type, key] as const))("a signature by %s is valid", (_, key) => {
  expect(problemOf(key)).toBe("valid");
  expect(problemOf(key, { hash: "sha256" })).toBe("valid");
});

test("an RSA key signs with either hash, never with SHA-1", () => {
  expect(problemOf(rsaKey({ algorithm: "rsa-sha2-256" }))).toBe("valid");
  expect(problemOf(rsaKey({ algorithm: "rsa-sha2-512" }))).toBe("valid");
  expect(problemOf(rsaKey({ algorithm: "ssh-rsa" }))).toBe(
    'the signature\'s algorithm is "ssh-rsa": a key of type ssh-rsa signs with rsa-sha2-256 or rsa-sha2-512',
  );
});

test("the key that signed is found among others, unusable ones too, and told by its fingerprint", () => {
  const signature = signWith(key, message);
  const alone = verifySshSignature(input(signature, [key.line]));
  const among = verifySshSignature(input(signature, ["", "ssh-rsa AAAA", other.line, `${key.line} alice`]));
  expect(alone).toEqual({ kind: "valid", fingerprint: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/) });
  expect(among).toEqual(alone);
});

describe("who signed", () => {
  test("a key that is not the signer's is named", () => {
    const fingerprint = verifySshSignature(input(signWith(key, message), [key.line]));
    expect(fingerprint.kind).toBe("valid");
    const expected = `the key that signed, ${fingerprint.kind === "valid" ? fingerprint.fingerprint : ""}, is none of the signer's keys`;
    expect(problem(signWith(key, message), [other.line])).toBe(expected);
    expect(problem(signWith(key, message), [])).toBe(expected);
  });

  test("a signature that claims another's key is refused", () => {
    expect(problem(signWith(other, message, { publicKey: key.blob }))).toContain("did not sign this");
  });

  test("a key that is listed but not accepted says why", () => {
    const short = rsaKey({ bits: 1024 });
    expect(problemOf(short)).toBe(
      "the key that signed is not accepted: the RSA key has 1024 bits: 2048 to 8192 are accepted",
    );
  });

  test("a key for which anybody can sign is refused", () => {
    const neutral = Buffer.alloc(32);
    neutral[0] = 1;
    const forged = Buffer.concat([neutral, Buffer.alloc(32)]);
    const blob = Buffer.concat([wireString("ssh-ed25519"), wireString(neutral)]);
    const weak = softwareKey("ssh-ed25519", blob, () => Buffer.concat([wireString("ssh-ed25519"), wireString(forged)]));
    expect(problemOf(weak)).toContain("small order");
  });
});

describe("what was signed", () => {
  test("another namespace is named beside the expected one", () => {
    expect(problemOf(key, { namespace: "git" })).toBe(
      `the signature is for the namespace "git": expected "${namespace}"`,
    );
    expect(problemOf(key, { namespace: `${namespace}\0` })).toContain('namespace "writ.dev/decision\\u0000"');
  });

  test("an empty namespace is none, even where it is asked for", () => {
    const signature = signWith(key, message, { namespace: "" });
    expect(verifySshSignature({ ...input(signature, [key.line]), namespace: "" })).toEqual({
      kind: "invalid",
      problem: "the signature's namespace is empty",
    });
  });

  test("another message, and the hash of another algorithm", () => {
    expect(problem(signWith(key, "massage"))).toContain("did not sign this");
    expect(problemOf(key, { hash: "sha384" })).toBe(
      'the signature\'s hash algorithm is "sha384": sha256 and sha512 are accepted',
    );
    expect(problemOf(key, { hash: "sha1" })).toContain('"sha1"');
    expect(problemOf(key, { hash: "SHA512" })).toContain('"SHA512"');
  });
});

describe("the blob", () => {
  test.each<[string, SshsigParts, string]>([
    ["another magic", { magic: "SSHSIH" }, "the signature's content is no SSHSIG signature"],
    ["version 2", { version: 2 }, "the signature's format has version 2: version 1 is accepted"],
    // ssh-keygen accepts it.
    ["version 0", { version: 0 }, "the signature's format has version 0: version 1 is accepted"],
    ["a reserved field", { reserved: "x" }, "the signature's reserved field is not empty"],
    ["bytes at its end", { trailer: Buffer.of(0) }, "the signature has extra bytes at its end: 1"],
    [
      "bytes after the key's signature",
      { signature: (signature) => Buffer.concat([signature, Buffer.of(0)]) },
      "the signature has extra bytes at its end: 1",
    ],
    [
      "a longer value",
      { signature: () => Buffer.concat([wireString("ssh-ed25519"), wireString(Buffer.alloc(65))]) },
      "the signature's value has 65 bytes: this key makes 64",
    ],
    [
      "the algorithm of another type",
      { signature: () => Buffer.concat([wireString("rsa-sha2-256"), wireString(Buffer.alloc(64))]) },
      'the signature\'s algorithm is "rsa-sha2-256": a key of type ssh-ed25519 signs with ssh-ed25519',
    ],
    [
      "no signature",
      { signature: () => Buffer.alloc(0) },
      "the signature is cut off: it ends before its algorithm does",
    ],
    ["no key", { publicKey: Buffer.alloc(0) }, "is none of the signer's keys"],
  ])("with %s is refused", (_, parts, expected) => {
    expect(problemOf(key, parts)).toContain(expected);
  });

  test("that is cut off is refused", () => {
    expect(problem(armor(Buffer.from("SSHSIG")))).toBe("the signature is cut off: it ends before its version does");
    expect(problem(armor(sshsig(key, message).subarray(0, 60)))).toBe(
      "the signature is cut off: it ends before its public key does",
    );
  });

  test("that gives a field a length of 4 GiB is refused", () => {
    const blob = sshsig(key, message);
    blob.writeUInt32BE(0xffffffff, 10);
    expect(problem(armor(blob))).toContain("cut off");
  });
});

describe("numbers have one spelling", () => {
  test.each<[string, (number: Buffer) => Buffer]>([
    ["leading zeros", (number) => wireString(Buffer.concat([Buffer.of(0, 0), number]))],
    ["the sign bit", (number) => wireString(Buffer.concat([Buffer.of(0xff), number]))],
    ["no bytes", () => wireString("")],
    ["a zero", () => wireString(Buffer.of(0))],
  ])("ECDSA with %s is refused", (_, encode) => {
    expect(problemOf(ecdsaKey(256, { encode }))).toContain("shortest form");
  });

  test("ECDSA with a number that is too long, or with a third one, is refused", () => {
    const long = (number: Buffer): Buffer => wireString(Buffer.concat([Buffer.of(1), number]));
    expect(problemOf(ecdsaKey(256, { encode: long }))).toContain("too long for the curve");
    expect(problemOf(ecdsaKey(256, { trailer: wireString(Buffer.of(1)) }))).toBe(
      "the ECDSA signature has extra bytes at its end: 5",
    );
  });

  test("an RSA signature is as long as the modulus", () => {
    const longer = rsaKey({ value: (value) => Buffer.concat([Buffer.of(0), value]) });
    const shorter = rsaKey({ value: (value) => value.subarray(1) });
    expect(problemOf(longer)).toBe("the signature's value has 257 bytes: this key makes 256");
    expect(problemOf(shorter)).toBe("the signature's value has 255 bytes: this key makes 256");
  });
});

describe.each([
  ["sk-ssh-ed25519", ed25519SecurityKey],
  ["sk-ecdsa-sha2-nistp256", ecdsaSecurityKey],
] as const)("a security key, %s,", (_, securityKey) => {
  test.each([0x01, 0x05, 0x1d])("counts when it was touched (flags %i)", (flags) => {
    expect(problemOf(securityKey({ flags }))).toBe("valid");
  });

  test.each([0x00, 0x04, 0xfe])("does not when it was not (flags %i)", (flags) => {
    expect(problemOf(securityKey({ flags }))).toContain("nobody touched the security key");
  });

  test("covers its flags and its counter", () => {
    const key = securityKey({ flags: 0x00, counter: 1 });
    const touched = (signature: Buffer): Buffer => {
      signature[signature.length - 5] = 0x01;
      return signature;
    };
    const counted = (signature: Buffer): Buffer => {
      signature[signature.length - 1] = 0x02;
      return signature;
    };
    expect(problemOf(key, { signature: touched })).toContain("did not sign this");
    expect(problemOf(securityKey({ counter: 1 }), { signature: counted })).toContain("did not sign this");
  });

  test("signs for its own application", () => {
    const options = { application: "ssh:work" };
    const key = securityKey(options);
    expect(problemOf(key)).toBe("valid");
    // The same key, listed for another application.
    const blob = Buffer.concat([key.blob.subarray(0, -12), wireString("ssh:")]);
    const moved = softwareKey(key.type, blob, key.sign);
    expect(problemOf(moved)).toContain("did not sign this");
  });

  test("has flags and counter at the end, no more and no less", () => {
    const cut = (signature: Buffer): Buffer => signature.subarray(0, -1);
    const extended = (signature: Buffer): Buffer => Buffer.concat([signature, Buffer.of(0)]);
    expect(problemOf(securityKey(), { signature: cut })).toContain("4 bytes follow the security key's signature");
    expect(problemOf(securityKey(), { signature: extended })).toContain("6 bytes follow");
  });

  test("signs by its own algorithm alone", () => {
    const renamed = Buffer.concat([wireString("webauthn-sk-ecdsa-sha2-nistp256@openssh.com"), wireString("")]);
    expect(problemOf(securityKey(), { signature: () => renamed })).toContain(
      'algorithm is "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"',
    );
  });
});

describe("the armor", () => {
  const blob = sshsig(key, message);
  const text = armor(blob);
  const begin = "-----BEGIN SSH SIGNATURE-----";
  const end = "-----END SSH SIGNATURE-----";

  test("may lack the last line feed and nothing else", () => {
    expect(problem(text)).toBe("valid");
    expect(problem(text.trimEnd())).toBe("valid");
  });

  test.each([
    ["nothing", "", "does not begin"],
    ["the header alone", begin, "does not end"],
    ["an empty body", `${begin}\n${end}\n`, "not wrapped at 70"],
    ["an empty line as body", `${begin}\n\n${end}\n`, "not wrapped at 70"],
    ["text before it", `x\n${text}`, "does not begin"],
    ["text after it", `${text}x\n`, "does not end"],
    ["an empty line after it", `${text}\n`, "does not end"],
    ["two signatures", text + text, "not wrapped at 70"],
    ["carriage returns", text.replaceAll("\n", "\r\n"), "carriage returns"],
    ["a byte order mark", `\ufeff${text}`, "does not begin"],
    ["the armor of PGP", text.replaceAll("SSH", "PGP"), "does not begin"],
    ["lines of 64 characters", armor(blob, 64), "not wrapped at 70"],
    ["one long line", armor(blob, 8000), "not wrapped at 70"],
    ["an indented line", text.replace("\n", "\n "), "not wrapped at 70"],
    ["white space within", text.replace(/(\n.{9})./, "$1 "), "not in canonical base64"],
    ["base64url", text.replace("\nU", "\n-"), "not in canonical base64"],
    ["too many characters", `${text}${"\n".repeat(8192)}`, "characters: at most 8192 are read"],
  ])("%s is refused", (_, signature, expected) => {
    expect(problem(signature)).toContain(expected);
  });

  test("another padding or stray bits are refused", () => {
    // The namespace pads the blob so that its base64 ends in two equals signs.
    const padded = ["a", "bb", "ccc"].map((namespace) => ({
      namespace,
      base64: sshsig(key, message, { namespace }).toString("base64"),
    }));
    const { namespace, base64 } = padded.find(({ base64 }) => base64.endsWith("==")) ?? { namespace: "", base64: "" };
    const verify = (base64: string) => verifySshSignature({ ...input(armorText(base64), [key.line]), namespace });
    expect(verify(base64).kind).toBe("valid");
    const stray = base64.replace(/.(?===)/, (digit) => String.fromCharCode(digit.charCodeAt(0) + 1));
    for (const spelling of [base64.slice(0, -1), base64.slice(0, -2), `${base64}=`, stray]) {
      expect(verify(spelling)).toEqual({ kind: "invalid", problem: "the signature is not in canonical base64" });
    }
  });

  test("may end with a full line", () => {
    const full = Array.from({ length: 210 }, (_, length) => "n".repeat(length + 1)).find(
      (namespace) => sshsig(key, message, { namespace }).toString("base64").length % 70 === 0,
    );
    const signature = signWith(key, message, { namespace: full ?? "" });
    expect(verifySshSignature({ ...input(signature, [key.line]), namespace: full ?? "" }).kind).toBe("valid");
  });
});

describe("whatever it is given, it never throws, and its problem is one printable line", () => {
  const check = (signature: string, keys: readonly string[], namespaceAsked = namespace): void => {
    const verdict = verifySshSignature({ ...input(signature, keys), namespace: namespaceAsked });
    if (verdict.kind === "invalid") expect(verdict.problem).toMatch(/^[\x20-\x7e]+$/);
  };
  const text = fc.string({ unit: "binary", maxLength: 300 });

  test("texts", () => {
    fc.assert(fc.property(text, fc.array(text, { maxLength: 3 }), text, check));
  });

  test("blobs of any bytes, armored", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        check(armor(Buffer.from(bytes)), [key.line]);
        check(armor(Buffer.concat([Buffer.from("SSHSIG\0\0\0\u0001"), bytes])), [key.line]);
      }),
    );
  });

  test("any fields, for any key", () => {
    const keys = oneKeyOfEachType();
    const bytes = fc.uint8Array({ maxLength: 140 }).map((bytes) => Buffer.from(bytes));
    const algorithm = fc.constantFrom("rsa-sha2-256", "rsa-sha2-512", ...keys.map(({ type }) => type));
    fc.assert(
      fc.property(
        fc.constantFrom(...keys),
        algorithm,
        fc.array(bytes, { maxLength: 3 }),
        bytes,
        (key, name, parts, end) => {
          const signature = (): Buffer =>
            Buffer.concat([wireString(name), wireString(Buffer.concat(parts.map(wireString))), end]);
          check(signWith(key, message, { signature }), [key.line]);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("a key line that is the signature's own, whatever is in it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const publicKey = Buffer.concat([wireString("ssh-rsa"), bytes]);
        check(signWith(key, message, { publicKey }), [keyLine("ssh-rsa", publicKey)]);
      }),
    );
  });
});
