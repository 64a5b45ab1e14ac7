import { parseTimestamp } from "./timestamp.ts";

/** A signature holds for at most this long. */
export const maxSignatureLife = 90 * 24 * 3_600_000;

/** From when, by the signer's word, and until when a signature counts, in milliseconds since the epoch. */
export interface SignatureWindow {
  readonly at: number;
  readonly notAfter: number;
}

/** Undefined when a time cannot be read, or when the window is empty or longer than 90 days. */
export function signatureWindow(signed: {
  readonly at?: string;
  readonly notAfter?: string;
}): SignatureWindow | undefined {
  const [at, notAfter] = [parseTimestamp(signed.at), parseTimestamp(signed.notAfter)];
  if (at === undefined || notAfter === undefined) return undefined;
  return notAfter > at && notAfter - at <= maxSignatureLife ? { at, notAfter } : undefined;
}
