import { canonicalJson } from "../ledger/canonical-json.ts";
import type { Digest } from "./digest.ts";

/**
 * What a person signs when deciding on an approval, wherever they are and before the object exists. The format has a
 * version of its own, in `type`. Everything that the decision is about stands in it, so that a signature says nothing
 * about another cluster, namespace, request, policy or time.
 */
export interface SignedDecisionStatement {
  readonly type: "writ.dev/signed-decision/v1";
  /** The uid of the namespace kube-system. */
  readonly clusterId: string;
  readonly namespace: string;
  readonly name: string;
  readonly requestID: string;
  /** `requestDigest` of the approval: what is asked for, less who applied it. */
  readonly specDigest: Digest;
  /** Digest of the policy decided on; empty in a rejection that knows none. */
  readonly policyDigest: string;
  readonly verdict: string;
  readonly by: string;
  readonly ownerName: string;
  /** RFC 3339, UTC: when the person signed, by their own word. */
  readonly at: string;
  /** RFC 3339, UTC: from this instant on the signature counts for nothing. */
  readonly notAfter: string;
  readonly reason: string;
}

/** What a member of the policy owner signs to put a capability in force that a pipeline applies. */
export interface SignedDefinitionStatement {
  readonly type: "writ.dev/signed-definition/v1";
  readonly clusterId: string;
  readonly name: string;
  readonly policyDigest: string;
  readonly by: string;
  readonly ownerName: string;
  readonly at: string;
  readonly notAfter: string;
}

export type SignedStatement = SignedDecisionStatement | SignedDefinitionStatement;

/**
 * The namespace of the SSHSIG signature (OpenSSH PROTOCOL.sshsig): a signature that a person made for something else,
 * such as a Git commit, is none of these, and one of a definition is none of a decision.
 */
export function signatureNamespace(statement: SignedStatement): "writ.dev/decision" | "writ.dev/definition" {
  switch (statement.type) {
    case "writ.dev/signed-decision/v1":
      return "writ.dev/decision";
    case "writ.dev/signed-definition/v1":
      return "writ.dev/definition";
  }
}

/** The message that is signed: the statement as RFC 8785 JSON in UTF-8, with no line feed at its end. */
export function signedMessage(statement: SignedStatement): Buffer {
  return Buffer.from(canonicalJson(statement));
}
