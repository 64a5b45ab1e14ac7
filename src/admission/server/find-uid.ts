const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** Longest uid that is echoed; the API server's own are 36 characters. */
export const maximumUidLength = 256;

/** Index just behind the string that opens at `start`, or -1 when it does not end. */
const endOfString = (bytes: Uint8Array, start: number): number => {
  for (let index = start + 1; index < bytes.length; index += 1) {
    const byte = bytes[index];
    if (byte === backslash) index += 1;
    else if (byte === quote) return index + 1;
  }
  return -1;
};

const decodeString = (bytes: Buffer, start: number, end: number): string | undefined => {
  // The longest escape of one character takes six bytes.
  if (end - start > maximumUidLength * 6 + 2) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8", start, end));
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
};

const isUid = (value: string | undefined): value is string =>
  value !== undefined && value.length > 0 && value.length <= maximumUidLength;

/** Skips blanks from `start`. */
const skipBlank = (bytes: Uint8Array, start: number): number => {
  let index = start;
  while (bytes[index] === 0x20 || bytes[index] === 0x0a || bytes[index] === 0x0d || bytes[index] === 0x09) index += 1;
  return index;
};

/**
 * `request.uid` of a body that may be truncated, nested without end or no JSON at all, so that even its refusal can be
 * matched to the review. Walks the bytes once and without recursion; of repeated keys the first counts. Undefined when
 * there is none that could be the API server's.
 */
export const findUid = (body: Buffer): string | undefined => {
  let depth = 0;
  // Depth of the value of the top-level key "request" while the walk is inside it.
  let insideRequest = false;
  for (let index = 0; index < body.length;) {
    const byte = body[index];
    if (byte !== quote) {
      if (byte === openBrace || byte === openBracket) depth += 1;
      else if (byte === closeBrace || byte === closeBracket) {
        depth -= 1;
        if (depth < 2) insideRequest = false;
      }
      index += 1;
      continue;
    }
    const end = endOfString(body, index);
    if (end === -1) return undefined;
    const after = skipBlank(body, end);
    if (body[after] === colon) {
      const value = skipBlank(body, after + 1);
      if (depth === 1 && decodeString(body, index, end) === "request") insideRequest = body[value] === openBrace;
      else if (depth === 2 && insideRequest && body[value] === quote && decodeString(body, index, end) === "uid") {
        const valueEnd = endOfString(body, value);
        const uid = valueEnd === -1 ? undefined : decodeString(body, value, valueEnd);
        return isUid(uid) ? uid : undefined;
      }
      index = value;
    } else {
      index = after;
    }
  }
  return undefined;
};
