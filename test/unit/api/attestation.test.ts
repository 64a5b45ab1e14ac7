import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attestationSigner, attestationVerifier, keyId, rememberingVerifier } from "../../../src/api/attestation.ts";
import type { AttestationPayload, DecisionStatement, DefinitionStatement } from "../../../src/api/attestation.ts";
import { attestationKeys } from "../../builders/installation.ts";

const keys = attestationKeys(1);
const signer = attestationSigner(keys.privateKey);
const verify = attestationVerifier([keys.publicKey]);

const statement: DecisionStatement = {
  type: "writ.dev/decision/v1",
  clusterId: "cluster",
  approvalUid: "uid",
  specDigest: "sha256:1",
  verdict: "Approve",
  by: "alice@example.com",
  ownerName: "payments",
  at: "2026-06-01T12:00:00Z",
  policyDigest: "sha256:2",
  reason: "",
};
const payload: AttestationPayload = {
  credentialId: "JTI=1",
  member: "user:alice@example.com",
  userInfoDigest: "sha256:3",
};
const attestation = signer.attest(statement, payload);
const [version = "", id = "", payloadPart = "", signature = ""] = attestation.split(".");

test("a genuine attestation gives back its payload", () => {
  expect(verify(statement, attestation)).toEqual(payload);
});

test.each(Object.keys(statement) as (keyof DecisionStatement)[])(
  "a statement with another %s is not attested",
  (key) => {
    expect(verify({ ...statement, [key]: `${statement[key]}x` }, attestation)).toBeUndefined();
  },
);

test("the attestation of a definition is none of a decision", () => {
  const { clusterId, by, ownerName, at, policyDigest } = statement;
  const definition: DefinitionStatement = {
    type: "writ.dev/definition/v1",
    clusterId,
    by,
    ownerName,
    at,
    policyDigest,
  };
  expect(verify(statement, signer.attest(definition, payload))).toBeUndefined();
});

test("an unknown key, or a known one under another's id, attests nothing", () => {
  const other = attestationKeys(2);
  const foreign = attestationSigner(other.privateKey).attest(statement, payload);
  expect(verify(statement, foreign)).toBeUndefined();
  expect(verify(statement, foreign.replace(keyId(other.publicKey), keyId(keys.publicKey)))).toBeUndefined();
  expect(attestationVerifier([])(statement, attestation)).toBeUndefined();
});

test("attestations of an old key count while it is among the keys", () => {
  const both = attestationVerifier([attestationKeys(2).publicKey, keys.publicKey]);
  expect(both(statement, attestation)).toEqual(payload);
});

test("the payload cannot be exchanged", () => {
  const other = signer.attest({ ...statement, by: "bob@example.com" }, { ...payload, member: "group:leads" });
  expect(verify(statement, [version, id, other.split(".")[2], signature].join("."))).toBeUndefined();
});

describe("no attestation has two spellings", () => {
  const last = signature.at(-1) ?? "";
  /** The last of 86 digits carries 2 bits; the other 4 are ignored by a lax decoder. */
  const respelt = `${signature.slice(0, -1)}${String.fromCharCode(last.charCodeAt(0) + 1)}`;

  test.each([
    ["respelt last digit", [version, id, payloadPart, respelt]],
    ["padding", [version, id, payloadPart, `${signature}==`]],
    ["white space", [version, id, payloadPart, `${signature} `]],
    ["a newline", [version, id, payloadPart, `${signature}\n`]],
    ["white space within", [version, id, ` ${payloadPart}`, signature]],
    ["a part more", [version, id, payloadPart, signature, ""]],
    ["a part more in front", ["", version, id, payloadPart, signature]],
    ["no signature", [version, id, payloadPart, ""]],
    ["a part less", [version, id, payloadPart]],
    ["a truncated signature", [version, id, payloadPart, signature.slice(0, -2)]],
    ["a longer signature", [version, id, payloadPart, `${signature}AA`]],
    ["a truncated payload", [version, id, payloadPart.slice(0, -4), signature]],
    ["no payload", [version, id, "", signature]],
    ["another version", ["v2", id, payloadPart, signature]],
    ["no key id", [version, "", payloadPart, signature]],
    ["an upper case key id", [version, id.toUpperCase(), payloadPart, signature]],
    ["the key id __proto__", [version, "__proto__", payloadPart, signature]],
    ["nothing", []],
  ])("%s is refused", (_, parts) => {
    expect(verify(statement, parts.join("."))).toBeUndefined();
  });

  test("the standard base64 alphabet is refused", () => {
    const wide = { ...payload, member: "user:>>>???>>>???" };
    const genuine = signer.attest(statement, wide);
    const parts = genuine.split(".");
    const standard = parts.map((part, i) => (i < 2 ? part : part.replaceAll("-", "+").replaceAll("_", "/"))).join(".");
    expect(standard).not.toBe(genuine);
    expect(verify(statement, standard)).toBeUndefined();
  });

  test("payload bytes that only decode to the signed text are refused", () => {
    const genuine = signer.attest(statement, { ...payload, member: "user:\u{FFFD}" });
    const [v, k, text = "", s] = genuine.split(".");
    const bytes = Buffer.from(text, "base64url");
    const at = bytes.indexOf(Buffer.from("\u{FFFD}"));
    const lossy = Buffer.concat([bytes.subarray(0, at), Buffer.from([0xff]), bytes.subarray(at + 3)]);
    expect(verify(statement, [v, k, lossy.toString("base64url"), s].join("."))).toBeUndefined();
  });

  test("no single changed character passes", () => {
    const position = fc.integer({ min: 0, max: attestation.length - 1 });
    fc.assert(
      fc.property(position, fc.constantFrom(".", "-", "_", "=", "A", "a", "0", " ", "\n"), (at, character) => {
        const changed = attestation.slice(0, at) + character + attestation.slice(at + 1);
        expect(verify(statement, changed)).toEqual(changed === attestation ? payload : undefined);
      }),
    );
  });
});

describe("rememberingVerifier", () => {
  function counting(): { calls: () => number; verify: typeof verify } {
    let calls = 0;
    const count: typeof verify = (...given) => {
      calls++;
      return verify(...given);
    };
    return { calls: () => calls, verify: count };
  }

  test("verifies the same attestation of the same statement once", () => {
    const inner = counting();
    const remembering = rememberingVerifier(inner.verify, 10);
    expect(remembering(statement, attestation)).toEqual(payload);
    expect(remembering({ ...statement }, attestation)).toEqual(payload);
    expect(inner.calls()).toBe(1);
  });

  test("what it remembers of one statement counts for no other", () => {
    const remembering = rememberingVerifier(verify, 10);
    remembering(statement, attestation);
    expect(remembering({ ...statement, approvalUid: "other" }, attestation)).toBeUndefined();
    expect(remembering(statement, `${attestation}x`)).toBeUndefined();
  });

  test("forgets the oldest beyond its capacity and never remembers a failure", () => {
    const inner = counting();
    const remembering = rememberingVerifier(inner.verify, 2);
    const statements = ["a", "b", "c"].map((reason) => ({ ...statement, reason }));
    for (const each of statements) remembering(each, signer.attest(each, payload));
    const [first = statement, , third = statement] = statements;
    remembering(third, signer.attest(third, payload));
    expect(inner.calls()).toBe(3);
    remembering(first, signer.attest(first, payload));
    expect(inner.calls()).toBe(4);
    remembering(statement, "v1.x.y.z");
    remembering(statement, "v1.x.y.z");
    expect(inner.calls()).toBe(6);
  });
});
