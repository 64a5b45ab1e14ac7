import { formatTimestamp } from "../../api/timestamp.ts";
import type { SignatureWindow } from "../../api/signature-window.ts";
import { refuse } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

/** How far a signer's clock may be ahead of ours. */
const maxLead = 60_000;

/** Whether a signature is of the present: made by now, and not over yet. */
export function checkSignatureTime(
  { at, notAfter }: SignatureWindow,
  by: string,
  now: number,
  field: string,
): Refusal | undefined {
  if (at > now + maxLead) {
    const message = `${by} signed it at ${formatTimestamp(at)}, and it is ${formatTimestamp(now)} now`;
    return refuse("SignatureFromFuture", message, undefined, `${field}.at`);
  }
  if (notAfter <= now) {
    const message = `the signature of ${by} counted until ${formatTimestamp(notAfter)}`;
    return refuse("SignatureExpired", message, undefined, `${field}.notAfter`);
  }
  return undefined;
}
