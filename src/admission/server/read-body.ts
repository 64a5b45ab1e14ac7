import type { IncomingMessage } from "node:http";

export type Body =
  | { readonly kind: "ok"; readonly bytes: Buffer }
  /** More than `limit` bytes came; `head` are the first of them, in which the uid may be found. */
  | { readonly kind: "too-large"; readonly head: Buffer }
  | { readonly kind: "aborted" };

/** How far beyond the limit a body is read and thrown away, so that its sender reaches the answer instead of a reset. */
const discardable = 9 * 1024 * 1024;

/**
 * Reads a request's body up to `limit` bytes. A larger one is drained (within bounds) before the promise resolves; the
 * connection must then be closed. Never rejects.
 */
export const readBody = (message: IncomingMessage, limit: number): Promise<Body> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let kept = 0;
    let seen = 0;
    const head = (): Buffer => Buffer.concat(chunks, kept);
    message.on("data", (chunk: Buffer) => {
      seen += chunk.length;
      if (kept < limit) {
        const part = chunk.length > limit - kept ? chunk.subarray(0, limit - kept) : chunk;
        chunks.push(part);
        kept += part.length;
      }
      if (seen > limit + discardable) {
        message.pause();
        resolve({ kind: "too-large", head: head() });
      }
    });
    message.once("end", () => {
      if (seen > limit) return resolve({ kind: "too-large", head: head() });
      const only = chunks[0];
      return resolve({ kind: "ok", bytes: chunks.length === 1 && only !== undefined ? only : head() });
    });
    const abort = (): void => resolve({ kind: "aborted" });
    message.once("error", abort);
    message.once("close", abort);
  });
