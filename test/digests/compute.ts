import { createHash, generateKeyPairSync, verify } from "node:crypto";
import { attestationSigner, userInfoDigest } from "../../src/api/attestation.ts";
import type { AttestationPayload } from "../../src/api/attestation.ts";
import { decisionStatement } from "../../src/api/decisions.ts";
import { signedDefinitionStatement } from "../../src/api/definition.ts";
import { policyDigest, requestDigest, specDigest } from "../../src/api/digest.ts";
import { signedDecisionStatement } from "../../src/api/signed-decision.ts";
import { signedMessage } from "../../src/api/signed-statement.ts";
import type { SignedDefinitionStatement, SignedStatement } from "../../src/api/signed-statement.ts";
import type { AgentCapability, ElevationApproval, ElevationApprovalDecision } from "../../src/api/types.gen.ts";
import type { AdmissionRequest } from "../../src/decision/admission-request.ts";
import { changeDigest } from "../../src/decision/change/change-digest.ts";
import { normalise } from "../../src/decision/write-request.ts";
import { CanonicalJsonError, canonicalJson } from "../../src/ledger/canonical-json.ts";

/** What a digest is asked of: a line for digests.py, and an entry of docs/reference/digests.vectors.json. */
export type DigestInput =
  | { readonly kind: "policy"; readonly capability: AgentCapability }
  | { readonly kind: "spec" | "request"; readonly approval: ElevationApproval }
  | { readonly kind: "change"; readonly request: AdmissionRequest; readonly salt: string }
  | {
      readonly kind: "decision";
      readonly clusterId: string;
      readonly approval: ElevationApproval;
      readonly decision: ElevationApprovalDecision;
      readonly payload: AttestationPayload;
    }
  | {
      readonly kind: "signed-decision";
      readonly clusterId: string;
      readonly approval: ElevationApproval;
      readonly decision: ElevationApprovalDecision;
    }
  | { readonly kind: "signed-definition"; readonly clusterId: string; readonly capability: AgentCapability }
  | { readonly kind: "user-info"; readonly userInfo: object };

/** The digest as the product computes it, or `refused` where it refuses to. */
export function computeDigest(input: DigestInput): string {
  try {
    switch (input.kind) {
      case "policy":
        return policyDigest(input.capability);
      case "spec":
        return specDigest(input.approval);
      case "request":
        return requestDigest(input.approval);
      case "signed-decision":
        return messageDigest(signedDecisionStatement(input.approval, input.decision, input.clusterId));
      case "signed-definition":
        return messageDigest(definitionOf(input));
      case "change":
        return changeDigest(normalise(input.request), input.salt);
      case "decision":
        return decisionDigest(input);
      case "user-info":
        return userInfoDigest(input.userInfo);
    }
  } catch (error) {
    if (error instanceof CanonicalJsonError || error instanceof RangeError) return "refused";
    throw error;
  }
}

function definitionOf({
  capability,
  clusterId,
}: Extract<DigestInput, { kind: "signed-definition" }>): SignedDefinitionStatement {
  const { definedBy = {} } = capability.spec;
  const signed = { ...definedBy, policyDigest: policyDigest(capability) };
  const statement = signedDefinitionStatement(capability.metadata.name, signed, clusterId);
  if (!statement) throw new RangeError("definedBy lacks what is signed");
  return statement;
}

/** SHA-256 of the bytes that a person signs. */
function messageDigest(statement: SignedStatement): string {
  return `sha256:${createHash("sha256").update(signedMessage(statement)).digest("hex")}`;
}

const keys = generateKeyPairSync("ed25519");
const signer = attestationSigner(keys.privateKey);

/** SHA-256 of the bytes that an attestation signs: those that the page gives, proven by the signature over them. */
function decisionDigest(input: Extract<DigestInput, { kind: "decision" }>): string {
  const statement = decisionStatement(input.approval, input.decision, input.clusterId);
  const bytes = Buffer.from(`writ.dev/attestation/v1\n${canonicalJson(statement)}\n${canonicalJson(input.payload)}`);
  const signature = Buffer.from(signer.attest(statement, input.payload).split(".")[3] ?? "", "base64url");
  if (!verify(null, bytes, keys.publicKey, signature)) throw new Error("the attestation signs other bytes");
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
