import { isUtf8 } from "node:buffer";
import { createHash, createPublicKey, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { canonicalJson } from "../ledger/canonical-json.ts";
import { digestOf } from "./digest.ts";
import type { Digest } from "./digest.ts";

/**
 * An attestation says in Writ's name who the API server had authenticated when a decision was made: an Ed25519
 * signature over a statement. What the object already carries is not repeated in it; the rest travels as its payload:
 *
 *     v1.<key id>.<base64url of the payload as RFC 8785 JSON>.<base64url of the signature>
 */
export interface AttestationPayload {
  /** `X509SHA256=...` or `JTI=...` (KEP-4193); impersonated requests have none and cannot decide. */
  readonly credentialId: string;
  /** The member entry that matched, `user:NAME` or `group:NAME`. */
  readonly member: string;
  /** Digest of the userInfo as the API server sent it. */
  readonly userInfoDigest: Digest;
}

/** What a decision on an approval attests. */
export interface DecisionStatement {
  readonly type: "writ.dev/decision/v1";
  readonly clusterId: string;
  readonly approvalUid: string;
  readonly specDigest: Digest;
  readonly verdict: string;
  readonly by: string;
  readonly ownerName: string;
  readonly at: string;
  readonly policyDigest: string;
  readonly reason: string;
}

/** What `definedBy` of a capability attests; the digest binds name and content. */
export interface DefinitionStatement {
  readonly type: "writ.dev/definition/v1";
  readonly clusterId: string;
  readonly by: string;
  readonly ownerName: string;
  readonly at: string;
  readonly policyDigest: string;
}

export type Statement = DecisionStatement | DefinitionStatement;

export interface AttestationSigner {
  readonly attest: (statement: Statement, payload: AttestationPayload) => string;
}

/** Gives the payload of a genuine attestation of exactly this statement, else undefined. Pure. */
export type AttestationVerifier = (statement: Statement, attestation: string) => AttestationPayload | undefined;

export function attestationSigner(privateKey: KeyObject): AttestationSigner {
  const id = keyId(createPublicKey(privateKey));
  return {
    attest: (statement, payload) => {
      const text = canonicalJson(payload);
      const signature = sign(null, signedBytes(statement, text), privateKey);
      return `v1.${id}.${Buffer.from(text).toString("base64url")}.${signature.toString("base64url")}`;
    },
  };
}

/** Accepts signatures of any of the keys, so that a key can be rotated while old attestations still count. */
export function attestationVerifier(publicKeys: readonly KeyObject[]): AttestationVerifier {
  const keys = new Map(publicKeys.map((key) => [keyId(key), key]));
  return (statement, attestation) => {
    const [version, id, payloadPart, signaturePart, ...rest] = attestation.split(".");
    if (version !== "v1" || !id || !payloadPart || !signaturePart || rest.length > 0) return undefined;
    const key = keys.get(id);
    const bytes = decode(payloadPart);
    const signature = decode(signaturePart);
    // Bytes that are no UTF-8 would decode to the replacement character: a second spelling of a text that holds it.
    if (!key || !bytes || !isUtf8(bytes) || !signature) return undefined;
    const text = bytes.toString("utf8");
    if (!verify(null, signedBytes(statement, text), key, signature)) return undefined;
    return JSON.parse(text) as AttestationPayload;
  };
}

/**
 * The same verifier with a bounded memory of what it has verified. Sound because verification is a pure function of
 * statement and attestation, both of which are the memory's key; failures are not remembered.
 */
export function rememberingVerifier(verifier: AttestationVerifier, capacity: number): AttestationVerifier {
  const known = new Map<string, AttestationPayload>();
  return (statement, attestation) => {
    const key = `${attestation}\n${canonicalJson(statement)}`;
    const remembered = known.get(key);
    if (remembered) return remembered;
    const payload = verifier(statement, attestation);
    if (!payload) return undefined;
    if (known.size >= capacity) {
      const [oldest] = known.keys();
      if (oldest !== undefined) known.delete(oldest);
    }
    known.set(key, payload);
    return payload;
  };
}

/** First 16 hexadecimal digits of the SHA-256 of the key's SubjectPublicKeyInfo. */
export function keyId(publicKey: KeyObject): string {
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("hex")
    .slice(0, 16);
}

export function userInfoDigest(userInfo: object): Digest {
  return digestOf("writ.dev/user-info/v1", userInfo);
}

function signedBytes(statement: Statement, payload: string): Buffer {
  return Buffer.from(`writ.dev/attestation/v1\n${canonicalJson(statement)}\n${payload}`);
}

/** Strict base64url: a text that does not encode back to itself is refused, so no attestation has two spellings. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}
