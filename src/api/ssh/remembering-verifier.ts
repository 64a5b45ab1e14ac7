import { createHash } from "node:crypto";
import type { SshSignatureInput, SshVerdict, SshVerifier } from "./ssh-signature.ts";

/**
 * The same verifier with a bounded memory of its verdicts, `capacity` valid ones and as many invalid ones. Sound
 * because verification is a pure function of its input, all of which is in the memory's key. The two kinds are kept
 * apart so that invalid signatures, which anybody can make, do not push valid ones out.
 */
export function rememberingSshVerifier(verifier: SshVerifier, capacity: number): SshVerifier {
  const known = { valid: new Map<string, SshVerdict>(), invalid: new Map<string, SshVerdict>() };
  return (input) => {
    const key = memoryKey(input);
    const remembered = known.valid.get(key) ?? known.invalid.get(key);
    if (remembered) return remembered;
    const verdict = verifier(input);
    remember(known[verdict.kind], key, verdict, capacity);
    return verdict;
  };
}

/** JSON so that no two inputs share a text (it escapes lone surrogates, too), SHA-256 so that all keys are short. */
function memoryKey({ namespace, message, signature, keys }: SshSignatureInput): string {
  const text = JSON.stringify([namespace, Buffer.from(message).toString("base64"), signature, keys]);
  return createHash("sha256").update(text).digest("base64");
}

function remember(memory: Map<string, SshVerdict>, key: string, verdict: SshVerdict, capacity: number): void {
  if (memory.size >= capacity) {
    const [oldest] = memory.keys();
    if (oldest !== undefined) memory.delete(oldest);
  }
  memory.set(key, verdict);
}
