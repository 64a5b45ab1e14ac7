import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { parsePublicKey } from "../../../../src/api/ssh/public-key.ts";
import { verifySshSignature } from "../../../../src/api/ssh/verify-signature.ts";
import { armor, dearmored, flipped } from "./sshsig.ts";
import { sshKeygen } from "./ssh-keygen.ts";

interface Vector {
  readonly name: string;
  readonly madeBy: string;
  readonly key: string;
  readonly namespace: string;
  readonly message: string;
  readonly signature: string;
  readonly valid: boolean;
  readonly fingerprint: string;
}

const file = new URL("../../../../docs/reference/signatures.vectors.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as readonly Vector[];
const named = vectors.map((vector) => [vector.name, vector] as const);

const keygen = sshKeygen();
afterAll(keygen.remove);

function verdict({ namespace, message, signature, key }: Vector) {
  return verifySshSignature({ namespace, message: Buffer.from(message), signature, keys: [key] });
}

describe("the published vectors", () => {
  test("hold every type of key, and both hashes for those that ssh-keygen makes without hardware", () => {
    const types = vectors.filter(({ valid }) => valid).map(({ key }) => key.split(" ")[0]);
    expect(new Set(types).size).toBe(7);
    expect(vectors.filter(({ madeBy }) => madeBy.startsWith("ssh-keygen -Y sign"))).toHaveLength(12);
  });

  test.each(named)("%s: the verdict is the published one", (_, vector) => {
    expect(verdict(vector).kind).toBe(vector.valid ? "valid" : "invalid");
    expect(parsePublicKey(vector.key)).toMatchObject({ kind: "ok", value: { fingerprint: vector.fingerprint } });
  });

  test.each(named)("%s: ssh-keygen verifies it and prints the same fingerprint", (_, vector) => {
    expect(keygen.accepts(vector.key, vector.namespace, vector.message, vector.signature)).toBe(true);
    expect(keygen.fingerprint(vector.key)).toBe(vector.fingerprint);
  });

  test("an untouched security key is refused by its flags alone", () => {
    const untouched = vectors.filter(({ name }) => name.endsWith("not touched"));
    expect(untouched.map((vector) => verdict(vector))).toEqual([
      expect.objectContaining({ problem: expect.stringContaining("nobody touched the security key") }),
      expect.objectContaining({ problem: expect.stringContaining("nobody touched the security key") }),
    ]);
  });
});

describe("of each signature", () => {
  const valid = named.filter(([, vector]) => vector.valid);

  test.each(valid)("%s: every byte matters", (_, vector) => {
    const blob = dearmored(vector.signature);
    const accepted: number[] = [];
    for (let at = 0; at < blob.length; at += 1) {
      for (const mask of [0x01, 0x80]) {
        if (verdict({ ...vector, signature: armor(flipped(blob, at, mask)) }).kind === "valid") accepted.push(at);
      }
    }
    expect(accepted).toEqual([]);
  });

  test.each(valid)("%s: no part of it is a signature", (_, vector) => {
    const blob = dearmored(vector.signature);
    const accepted: number[] = [];
    for (let length = 0; length < blob.length; length += 1) {
      if (verdict({ ...vector, signature: armor(blob.subarray(0, length)) }).kind === "valid") accepted.push(length);
    }
    expect(accepted).toEqual([]);
  });

  test.each(valid)("%s: every character of its armor matters", (_, vector) => {
    const { signature } = vector;
    const accepted: number[] = [];
    for (let at = 0; at < signature.length - 1; at += 1) {
      for (const other of ["", signature[at] === "A" ? "B" : "A"]) {
        const changed = signature.slice(0, at) + other + signature.slice(at + 1);
        if (verdict({ ...vector, signature: changed }).kind === "valid") accepted.push(at);
      }
    }
    expect(accepted).toEqual([]);
  });

  test.each(valid)("%s: it is of this message, namespace and key alone", (_, vector) => {
    const { message, namespace } = vector;
    const others: readonly Vector[] = [
      { ...vector, message: `${message}\n` },
      { ...vector, message: message.slice(1) },
      { ...vector, message: "" },
      { ...vector, namespace: `${namespace}s` },
      { ...vector, namespace: "git" },
      { ...vector, namespace: "" },
      ...vectors.filter(({ key }) => key !== vector.key).map(({ key }) => ({ ...vector, key })),
    ];
    expect(others.filter((other) => verdict(other).kind === "valid")).toEqual([]);
  });
});
