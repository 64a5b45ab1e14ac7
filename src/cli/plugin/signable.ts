import type { SignedStatement } from "../../api/signed-statement.ts";
import type { Edit } from "../manifest/edit-document.ts";
import type { SignableObject } from "../manifest/read-manifest.ts";

/** What a person is about to sign, and how it ends up in the file. */
export interface Signable {
  readonly ownerName: string;
  /** How long the signature holds when nothing is said, and at most, in ms. */
  readonly defaultLife: number;
  readonly maxLife: number;
  /** Changes of the file that do not depend on the signature, such as a requestID. */
  readonly edits: readonly Edit[];
  /** What is about to be signed, for people: one line each. */
  readonly summary: readonly string[];
  readonly statement: (signer: Signer) => SignedStatement;
  readonly signed: (signer: Signer, signature: string) => Edit;
  /** The statement and signature of this signer that a file holds, to check what was written. */
  readonly found: (
    object: SignableObject,
    signer: Signer,
  ) => { statement: SignedStatement; signature: string } | undefined;
  /** Whether the signature takes the place of an earlier one of the person, or of another definition. */
  readonly replaces: (signer: Signer) => boolean;
}

export interface Signer {
  readonly by: string;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly notAfter: string;
  readonly clusterId: string;
}
