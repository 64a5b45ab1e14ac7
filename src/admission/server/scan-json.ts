import type { InputReason } from "./input-reason.ts";

export type ScanRefusal = Extract<InputReason, "TooDeep" | "IntegerOutOfRange" | "NumberOutOfRange">;

/** What one pass over the bytes of a JSON text finds; it does not check the grammar, which is JSON.parse's work. */
export type Scan =
  | {
      readonly kind: "ok";
      /** Colons outside strings: the number of object members in the text, repeated keys included. */
      readonly members: number;
      /** The text escapes a surrogate (`\ud800` to `\udfff`), so that its strings must be looked at one by one. */
      readonly surrogateEscapes: boolean;
      /** Some key is written with an escape (`"k:{\\"a\\"}"`), so that JSON.parse may misread it. */
      readonly escapedKeys: boolean;
    }
  | { readonly kind: "refused"; readonly reason: ScanRefusal; readonly offset: number };

const quote = 0x22;
const backslash = 0x5c;
const letterD = 0x64;
const letterU = 0x75;

/** Numbers this short are integers below 10^15 or have no room for a large exponent; longer ones are looked at. */
const harmlessNumberLength = 15;

/** Bytes of a JSON number token: digits and `+ - . E e`. */
const isNumberByte = (byte: number | undefined): boolean =>
  byte !== undefined &&
  ((byte >= 0x30 && byte <= 0x39) || byte === 0x2b || byte === 0x2d || byte === 0x2e || byte === 0x45 || byte === 0x65);

/**
 * An integer literal beyond 2^53-1 is another number to this process than to the API server, which reads int64. A literal
 * with a fraction or an exponent is a double on both sides, so that only infinity is refused.
 */
const numberProblem = (token: string): ScanRefusal | undefined => {
  const value = Number(token);
  if (/[.eE]/.test(token)) return Number.isFinite(value) || Number.isNaN(value) ? undefined : "NumberOutOfRange";
  return Math.abs(value) > Number.MAX_SAFE_INTEGER ? "IntegerOutOfRange" : undefined;
};

/** Scans `bytes` once, without recursion and without allocating for what is sound. */
export const scanJson = (bytes: Buffer, maximumDepth: number): Scan => {
  const length = bytes.length;
  let depth = 0;
  let members = 0;
  let surrogateEscapes = false;
  let escapedKeys = false;
  let escaped = false;
  let index = 0;
  while (index < length) {
    const byte = bytes[index] ?? 0;
    index += 1;
    if (byte === quote) {
      escaped = false;
      let inside = bytes[index];
      while (inside !== quote && index < length) {
        if (inside === backslash) {
          escaped = true;
          index += 1;
          // ASCII letters differ from their capitals in one bit: `\ud` and `\uD` both begin a surrogate from 8 to F.
          if (bytes[index] === letterU && ((bytes[index + 1] ?? 0) | 0x20) === letterD) surrogateEscapes = true;
        }
        index += 1;
        inside = bytes[index];
      }
      index += 1;
    } else if (byte === 0x3a) {
      members += 1;
      // The string before a colon is its key.
      escapedKeys ||= escaped;
    } else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > maximumDepth) return { kind: "refused", reason: "TooDeep", offset: index - 1 };
    } else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1;
    } else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
      const start = index - 1;
      let exponent = false;
      while (isNumberByte(bytes[index])) {
        exponent ||= ((bytes[index] ?? 0) | 0x20) === 0x65;
        index += 1;
      }
      if (exponent || index - start > harmlessNumberLength) {
        const reason = numberProblem(bytes.toString("latin1", start, index));
        if (reason !== undefined) return { kind: "refused", reason, offset: start };
      }
    }
  }
  return { kind: "ok", members, surrogateEscapes, escapedKeys };
};
