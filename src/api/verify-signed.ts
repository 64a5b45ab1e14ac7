import { memberKeys } from "./people.ts";
import { signatureNamespace, signedMessage } from "./signed-statement.ts";
import type { SignedStatement } from "./signed-statement.ts";
import { maxDecisionLife, maxDefinitionLife, signatureWindow } from "./signature-window.ts";
import type { SignatureWindow } from "./signature-window.ts";
import type { Trust } from "./trust.ts";
import type { IdentityOwner } from "./types.gen.ts";

export type SignatureProblemCode = "SignerNotMember" | "SignerWithoutKey" | "SignatureInvalid";

export type SignedVerdict =
  | ({
      readonly kind: "valid";
      /** `SHA256:` and unpadded base64, as `ssh-keygen -l` prints it. */
      readonly fingerprint: string;
    } & SignatureWindow)
  | { readonly kind: "invalid"; readonly code: SignatureProblemCode; readonly problem: string };

/**
 * Whether a key of the person who is named, as the owner lists it now, signed exactly this statement. Of a group nobody
 * can sign: an owner lists no keys for it. Says nothing about the present: whoever asks compares the times.
 */
export function verifySigned(
  statement: SignedStatement,
  signature: string,
  owner: IdentityOwner | undefined,
  trust: Pick<Trust, "verifySignature">,
): SignedVerdict {
  const { by, ownerName } = statement;
  const keys = owner && memberKeys(owner, by);
  if (!keys) {
    const why = owner
      ? `${by} is no member of IdentityOwner "${ownerName}" by user name or alias, and only such members can sign`
      : `IdentityOwner "${ownerName}" does not exist`;
    return { kind: "invalid", code: "SignerNotMember", problem: why };
  }
  if (keys.length === 0) {
    const problem = `IdentityOwner "${ownerName}" lists no sshKeys for ${by}`;
    return { kind: "invalid", code: "SignerWithoutKey", problem };
  }
  const maxLife = statement.type === "writ.dev/signed-decision/v1" ? maxDecisionLife : maxDefinitionLife;
  const window = signatureWindow(statement, maxLife);
  if (!window) {
    const days = maxLife / (24 * 3_600_000);
    const problem = `at and notAfter must be RFC 3339 times in UTC, and notAfter at most ${days} days after at`;
    return { kind: "invalid", code: "SignatureInvalid", problem };
  }
  const verdict = trust.verifySignature({
    namespace: signatureNamespace(statement),
    message: signedMessage(statement),
    signature,
    keys,
  });
  return verdict.kind === "valid"
    ? { kind: "valid", fingerprint: verdict.fingerprint, ...window }
    : { kind: "invalid", code: "SignatureInvalid", problem: verdict.problem };
}
