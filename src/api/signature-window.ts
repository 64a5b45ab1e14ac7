import { maxSignatureLife } from "./request-ids.ts";
import { parseTimestamp } from "./timestamp.ts";

/** How long a signature holds at most: no longer than the requestID that it names stays reserved. */
export const maxDecisionLife = maxSignatureLife;
export const maxDefinitionLife = 90 * 24 * 3_600_000;

/** From when, by the signer's word, and until when a signature counts, in milliseconds since the epoch. */
export interface SignatureWindow {
  readonly at: number;
  readonly notAfter: number;
}

/** Undefined when a time cannot be read, or when the window is empty or longer than `maxLife`. */
export function signatureWindow(
  signed: { readonly at?: string; readonly notAfter?: string },
  maxLife: number,
): SignatureWindow | undefined {
  const [at, notAfter] = [parseTimestamp(signed.at), parseTimestamp(signed.notAfter)];
  if (at === undefined || notAfter === undefined) return undefined;
  return notAfter > at && notAfter - at <= maxLife ? { at, notAfter } : undefined;
}
