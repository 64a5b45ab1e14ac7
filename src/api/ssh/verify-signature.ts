import { dearmor } from "./armor.ts";
import { parseEnvelope, signedData } from "./envelope.ts";
import { parseKeyLine } from "./key-line.ts";
import { quote } from "./parsed.ts";
import { fingerprint, parsePublicKey } from "./public-key.ts";
import { signatureProblem } from "./raw-signature.ts";
import type { SshSignatureInput, SshVerdict, SshVerifier } from "./ssh-signature.ts";

/**
 * Verifies a signature as `ssh-keygen -Y sign` makes it (OpenSSH PROTOCOL.sshsig), with node:crypto alone. Stricter
 * than `ssh-keygen -Y verify`: docs/reference/signatures.md says where. Never throws, whatever it is given.
 */
export const verifySshSignature: SshVerifier = (input) => {
  const bytes = dearmor(input.signature);
  if (bytes.kind === "problem") return invalid(bytes.problem);
  const envelope = parseEnvelope(bytes.value);
  if (envelope.kind === "problem") return invalid(envelope.problem);
  const { publicKey, namespace, hash, signature } = envelope.value;
  if (!namespace.equals(Buffer.from(input.namespace))) {
    return invalid(`the signature is for the namespace ${quote(namespace)}: expected ${quote(input.namespace)}`);
  }
  const line = lineOfKey(input, publicKey);
  if (line === undefined) {
    return invalid(`the key that signed, ${fingerprint(publicKey)}, is none of the signer's keys`);
  }
  const key = parsePublicKey(line);
  if (key.kind === "problem") return invalid(`the key that signed is not accepted: ${key.problem}`);
  const problem = signatureProblem(key.value, signature, signedData(namespace, hash, input.message));
  return problem === undefined ? { kind: "valid", fingerprint: key.value.fingerprint } : invalid(problem);
};

/** The line with exactly this key. Others are not looked into: one that is unusable takes nothing from its owner. */
function lineOfKey({ keys }: SshSignatureInput, blob: Buffer): string | undefined {
  return keys.find((line) => {
    const parsed = parseKeyLine(line);
    return parsed.kind === "ok" && parsed.value.blob.equals(blob);
  });
}

function invalid(problem: string): SshVerdict {
  return { kind: "invalid", problem };
}
