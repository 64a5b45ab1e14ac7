import * as fc from "fast-check";
import { expect, test } from "vitest";
import { rememberingSshVerifier } from "../../../../src/api/ssh/remembering-verifier.ts";
import type { SshSignatureInput, SshVerifier } from "../../../../src/api/ssh/ssh-signature.ts";

function counting(capacity: number) {
  const asked: SshSignatureInput[] = [];
  const verifier: SshVerifier = (input) => {
    asked.push(input);
    return input.signature.startsWith("bad")
      ? { kind: "invalid", problem: input.signature }
      : { kind: "valid", fingerprint: input.signature };
  };
  return { asked, verify: rememberingSshVerifier(verifier, capacity) };
}

function input(signature: string): SshSignatureInput {
  return { namespace: "n", message: Buffer.from("m"), signature, keys: ["a", "b"] };
}

test("what was verified once, valid or not, is not verified again", () => {
  const { asked, verify } = counting(2);
  for (const signature of ["good", "bad"]) {
    const first = verify(input(signature));
    expect(verify({ ...input(signature), message: Uint8Array.of(109) })).toEqual(first);
  }
  expect(asked).toHaveLength(2);
});

test("the oldest is forgotten", () => {
  const { asked, verify } = counting(2);
  for (const signature of ["1", "2", "3", "3", "2", "1"]) verify(input(signature));
  expect(asked.map(({ signature }) => signature)).toEqual(["1", "2", "3", "1"]);
});

test("invalid signatures do not push valid ones out", () => {
  const { asked, verify } = counting(2);
  verify(input("good"));
  for (let count = 0; count < 10; count += 1) verify(input(`bad${count}`));
  verify(input("good"));
  expect(asked.filter(({ signature }) => signature === "good")).toHaveLength(1);
});

test.each<[string, Partial<SshSignatureInput>]>([
  ["namespace", { namespace: "o" }],
  ["message of the same length", { message: Buffer.from("o") }],
  ["signature", { signature: "o" }],
  ["list of keys", { keys: ["a", "c"] }],
  ["order of keys", { keys: ["b", "a"] }],
])("another %s is verified for itself", (_, other) => {
  const { asked, verify } = counting(10);
  verify(input("good"));
  verify({ ...input("good"), ...other });
  expect(asked).toHaveLength(2);
});

test("no two inputs share a memory", () => {
  // Texts that run into each other, and lone surrogates, which UTF-8 cannot tell apart.
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom("a", ",", '"', "\\", "\ud800", "\udc00", "\ufffd"), maxLength: 4 }),
  );
  const inputs = fc.record({
    namespace: text,
    message: fc.uint8Array({ maxLength: 3 }),
    signature: text,
    keys: fc.array(text, { maxLength: 3 }),
  });
  fc.assert(
    fc.property(inputs, inputs, (first, second) => {
      const { asked, verify } = counting(10);
      verify(first);
      verify(second);
      expect(asked).toHaveLength(same(first, second) ? 1 : 2);
    }),
    { numRuns: 2000 },
  );
});

function same(first: SshSignatureInput, second: SshSignatureInput): boolean {
  return (
    first.namespace === second.namespace &&
    first.signature === second.signature &&
    Buffer.compare(first.message, second.message) === 0 &&
    first.keys.length === second.keys.length &&
    first.keys.every((key, index) => key === second.keys[index])
  );
}
