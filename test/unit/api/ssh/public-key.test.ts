import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sshKeyTypes } from "../../../../src/api/ssh/key-line.ts";
import { parsePublicKey, sshKeyProblem } from "../../../../src/api/ssh/public-key.ts";
import { wireString } from "../../../../src/api/ssh/wire.ts";
import { ecdsaKey, ed25519Key, ed25519SecurityKey, keyLine, mpint, oneKeyOfEachType, rsaKey } from "./software-keys.ts";

const keys = oneKeyOfEachType();
const ed25519 = ed25519Key();
const p256 = ecdsaKey(256);
const rsa = rsaKey();

describe("a key of each type", () => {
  test("there is one of every type that is accepted", () => {
    expect(keys.map(({ type }) => type)).toEqual(expect.arrayContaining([...sshKeyTypes]));
  });

  test.each(keys.map((key) => [key.type, key] as const))("%s is read", (type, { line, blob }) => {
    expect(parsePublicKey(line)).toMatchObject({ kind: "ok", value: { type, blob } });
    expect(sshKeyProblem(`${line} a comment, of any words: ssh-rsa`)).toBeUndefined();
  });

  test.each(keys.map((key) => [key.type, key] as const))("%s may not be cut off or go on", (type, { blob }) => {
    expect(sshKeyProblem(keyLine(type, Buffer.concat([blob, Buffer.of(0)])))).toBe(
      "the key has extra bytes at its end: 1",
    );
    for (let length = 0; length < blob.length; length += 1) {
      expect(sshKeyProblem(keyLine(type, blob.subarray(0, length)))).toBeDefined();
    }
  });
});

describe("a line that is refused says why", () => {
  const certificate = "ssh-ed25519-cert-v01@openssh.com";
  test.each<[string, string, string]>([
    ["nothing", "", "the key line is empty or begins with a space: expected TYPE BASE64"],
    ["a leading space", ` ${ed25519.line}`, "the key line is empty or begins with a space: expected TYPE BASE64"],
    ["two lines", `${ed25519.line}\n${p256.line}`, "a key is one line, and this text has several"],
    ["a line feed at its end", `${ed25519.line}\n`, "ends with a line break"],
    ["a carriage return", `${ed25519.line}\r`, "ends with a line break"],
    ["a tab", ed25519.line.replace(" ", "\t"), "the key line holds a control character"],
    ["options", `no-pty ${ed25519.line}`, 'the key line begins with options, "no-pty": give TYPE BASE64 without them'],
    ["options with spaces", `command="a b" ${rsa.line}`, 'begins with options, "command=\\"a"'],
    ["options of a certificate", `cert-authority ${certificate} AAAA`, "the key line begins with options"],
    ["a certificate", `${certificate} AAAA`, `"${certificate}" is a certificate: give the plain public key`],
    ["DSA", "ssh-dss AAAA", '"ssh-dss" is no key type that is accepted: use one of ssh-ed25519, '],
    ["an upper-case type", ed25519.line.replace("ssh-", "SSH-"), '"SSH-ed25519" is no key type'],
    ["an object's member as type", "constructor AAAA", '"constructor" is no key type'],
    ["no key", "ssh-ed25519", "what follows ssh-ed25519 and one space is not the key in canonical base64"],
    ["two spaces", ed25519.line.replace(" ", "  "), "is not the key in canonical base64"],
    ["no padding", p256.line.replace("=", ""), "is not the key in canonical base64"],
    ["base64url", rsa.line.replace(/[+/]/, "-"), "is not the key in canonical base64"],
    [
      "stray bits",
      p256.line.replace(/.(?==)/, (digit) => String.fromCharCode(digit.charCodeAt(0) + 1)),
      "is not the key in canonical base64",
    ],
    [
      "another type than the key's",
      `ssh-rsa ${ed25519.line.split(" ")[1]}`,
      "the line says ssh-rsa, but the key in it",
    ],
    ["too many characters", `${ed25519.line} ${"x".repeat(2048)}`, "characters: at most 2048 are read"],
  ])("%s", (_, line, problem) => {
    expect(sshKeyProblem(line)).toContain(problem);
  });

  test("a private key, of which nothing is repeated", () => {
    const secret = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n";
    expect(sshKeyProblem(secret)).toBe("this is a private key: give the line of its .pub file, and make a new key");
  });

  test("hostile text is quoted, made printable and cut", () => {
    expect(sshKeyProblem(`${"\u202e\u0085".repeat(50)} x`)).toMatch(/^"\?{64}"\.\.\. is no key type/);
  });
});

describe("an Ed25519 key is refused when its point", () => {
  const line = (point: Buffer): string =>
    keyLine("ssh-ed25519", Buffer.concat([wireString("ssh-ed25519"), wireString(point)]));
  const littleEndian = (y: bigint): Buffer =>
    Buffer.from(Buffer.from(y.toString(16).padStart(64, "0"), "hex").toReversed());
  const prime = 2n ** 255n - 19n;

  test("has another length", () => {
    expect(sshKeyProblem(line(Buffer.alloc(31, 1)))).toBe("the key's point has 31 bytes: Ed25519 has 32");
  });

  // RFC 8032 section 5.1.3: no x has a square of (y² - 1) / (d y² + 1). These were found with another implementation.
  test.each([2n, 7n, 8n])("is not on the curve (y = %s)", (y) => {
    expect(sshKeyProblem(line(littleEndian(y)))).toBe("the key's point is not on the curve");
  });

  test.each([3n, 4n, 5n])("but not a point that is (y = %s)", (y) => {
    expect(sshKeyProblem(line(littleEndian(y)))).toBeUndefined();
  });

  test.each([0n, 1n, 3n, 18n])("has a coordinate beyond the field (p + %s)", (above) => {
    expect(sshKeyProblem(line(littleEndian(prime + above)))).toContain("is not canonical");
  });

  // The eight points of which 8 times is the neutral element, with either sign of x.
  test.each([
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  ])("has a small order (%s)", (hex) => {
    const point = Buffer.from(hex, "hex");
    const negative = Buffer.from(point);
    negative[31] = (negative[31] ?? 0) ^ 0x80;
    expect(sshKeyProblem(line(point))).toContain("small order");
    expect(sshKeyProblem(line(negative))).toContain("small order");
  });

  test("and never when it was made by a key generator", () => {
    for (let count = 0; count < 64; count += 1) {
      expect(sshKeyProblem(ed25519Key().line)).toBeUndefined();
      expect(sshKeyProblem(ed25519SecurityKey().line)).toBeUndefined();
    }
  });
});

describe("an ECDSA key is refused when", () => {
  const type = "ecdsa-sha2-nistp256";
  const point = p256.blob.subarray(-65);
  const line = (point: Buffer, curve = "nistp256"): string =>
    keyLine(type, Buffer.concat([wireString(type), wireString(curve), wireString(point)]));

  test("its curve is another", () => {
    expect(sshKeyProblem(line(point, "nistp384"))).toBe(
      'the key\'s curve is "nistp384": ecdsa-sha2-nistp256 has nistp256',
    );
  });

  test("its point is compressed", () => {
    const compressed = Buffer.concat([Buffer.of(2 + ((point[64] ?? 0) & 1)), point.subarray(1, 33)]);
    expect(sshKeyProblem(line(compressed))).toBe("the key's point is compressed: give it uncompressed");
  });

  test("its point is the hybrid form, the point at infinity, or of another length", () => {
    const hybrid = Buffer.concat([Buffer.of(6 + ((point[64] ?? 0) & 1)), point.subarray(1)]);
    for (const other of [hybrid, Buffer.of(0), Buffer.alloc(0), Buffer.concat([point, Buffer.of(0)])]) {
      expect(sshKeyProblem(line(other))).toContain("no uncompressed point of nistp256, which has 65 bytes");
    }
  });

  test("its point is not on the curve", () => {
    const moved = Buffer.from(point);
    moved[64] = (moved[64] ?? 0) ^ 1;
    for (const other of [moved, Buffer.concat([Buffer.of(4), Buffer.alloc(64)]), Buffer.alloc(65, 4)]) {
      expect(sshKeyProblem(line(other))).toBe("the key's point is not on the curve");
    }
  });

  test("a coordinate is given a second time, beyond the field", () => {
    // (0, y) with x written as the prime: the same point, were it reduced. 0 + b is a square on P-256.
    const prime = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
    const y = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";
    expect(sshKeyProblem(line(Buffer.from(`04${"00".repeat(32)}${y}`, "hex")))).toBeUndefined();
    expect(sshKeyProblem(line(Buffer.from(`04${prime}${y}`, "hex")))).toBe("the key's point is not on the curve");
  });
});

describe("an RSA key is refused when", () => {
  const line = (exponent: Buffer, modulus: Buffer): string =>
    keyLine("ssh-rsa", Buffer.concat([wireString("ssh-rsa"), exponent, modulus]));
  const modulus = rsa.blob.subarray(-256);
  const ofBits = (bits: number): Buffer => {
    const bytes = Buffer.alloc(Math.ceil(bits / 8), 0xff);
    bytes[0] = 0xff >> ((8 - (bits % 8)) % 8);
    return bytes;
  };
  const e = mpint(Buffer.of(1, 0, 1));

  test.each([512, 1024, 2047, 8193])("it has %s bits", (bits) => {
    expect(sshKeyProblem(line(e, mpint(ofBits(bits))))).toBe(`the RSA key has ${bits} bits: 2048 to 8192 are accepted`);
  });

  test.each([2048, 2049, 3071, 4096, 8192])("but not with %s bits", (bits) => {
    expect(sshKeyProblem(line(e, mpint(ofBits(bits))))).toBeUndefined();
  });

  test("its modulus is even", () => {
    const even = Buffer.from(modulus);
    even[255] = (even[255] ?? 0) & 0xfe;
    expect(sshKeyProblem(line(e, mpint(even)))).toContain("modulus is even");
  });

  test.each([
    ["1", Buffer.of(1)],
    ["2", Buffer.of(2)],
    ["65536", Buffer.of(1, 0, 0)],
    ["2^32 + 1", Buffer.of(1, 0, 0, 0, 1)],
  ])("its exponent is %s", (_, exponent) => {
    expect(sshKeyProblem(line(mpint(exponent), mpint(modulus)))).toContain("exponent is not an odd number from 3");
  });

  test.each([
    ["3", Buffer.of(3)],
    ["35", Buffer.of(35)],
    ["2^32 - 1", Buffer.alloc(4, 0xff)],
  ])("but not when its exponent is %s", (_, exponent) => {
    expect(sshKeyProblem(line(mpint(exponent), mpint(modulus)))).toBeUndefined();
  });

  test("a number is negative, zero or has leading zeros", () => {
    for (const exponent of ["", "00", "00010001", "81"]) {
      expect(sshKeyProblem(line(wireString(Buffer.from(exponent, "hex")), mpint(modulus)))).toContain("shortest form");
    }
    for (const wrong of [modulus, Buffer.concat([Buffer.of(0, 0), modulus])]) {
      const bytes = Buffer.concat([wrong.subarray(0, -256), Buffer.of(0xff), wrong.subarray(-255)]);
      expect(sshKeyProblem(line(e, wireString(bytes)))).toContain("shortest form");
    }
  });
});

test("a security key without an application is refused", () => {
  expect(sshKeyProblem(ed25519SecurityKey({ application: "" }).line)).toBe("the security key names no application");
  expect(sshKeyProblem(ed25519SecurityKey({ application: "ssh:work" }).line)).toBeUndefined();
});

describe("whatever it is given, it never throws, and its problem is one printable line", () => {
  const oneLine = /^[\x20-\x7e]+$/;
  const check = (line: string): void => {
    const problem = sshKeyProblem(line);
    if (problem !== undefined) expect(problem).toMatch(oneLine);
  };

  test("texts", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), check));
    fc.assert(fc.property(fc.constantFrom(...sshKeyTypes), fc.string(), (type, rest) => check(`${type} ${rest}`)));
  });

  test("blobs of any bytes and of any fields", () => {
    const field = fc.oneof(fc.uint8Array({ maxLength: 70 }), fc.constantFrom("nistp256", "nistp521", "ssh:"));
    fc.assert(
      fc.property(fc.constantFrom(...sshKeyTypes), fc.array(field, { maxLength: 5 }), (type, fields) => {
        check(keyLine(type, Buffer.concat([type, ...fields].map(wireString))));
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...sshKeyTypes), fc.uint8Array({ maxLength: 300 }), (type, bytes) => {
        check(keyLine(type, Buffer.concat([wireString(type), bytes])));
      }),
    );
  });
});
