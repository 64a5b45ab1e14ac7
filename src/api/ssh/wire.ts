import { ok, refuse } from "./parsed.ts";
import type { Parsed } from "./parsed.ts";

/** The encodings of RFC 4251 section 5 and RFC 4648 that keys and signatures are made of, each with one spelling. */

export interface TakenStrings<Name extends string> {
  readonly strings: Readonly<Record<Name, Buffer>>;
  /** What follows the last string. */
  readonly rest: Buffer;
}

/** Takes one string (uint32 length, bytes) for each name from the front of `bytes`; `what` names them in the problem. */
export function takeStrings<Name extends string>(
  what: string,
  bytes: Buffer,
  names: readonly Name[],
): Parsed<TakenStrings<Name>> {
  const taken: [Name, Buffer][] = [];
  let rest = bytes;
  for (const name of names) {
    if (rest.length < 4 || rest.length - 4 < rest.readUInt32BE(0)) {
      return refuse(`${what} is cut off: it ends before its ${name} does`);
    }
    const end = 4 + rest.readUInt32BE(0);
    taken.push([name, rest.subarray(4, end)]);
    rest = rest.subarray(end);
  }
  return ok({ strings: Object.fromEntries(taken) as Record<Name, Buffer>, rest });
}

/** As `takeStrings`, and nothing may follow. */
export function exactStrings<Name extends string>(
  what: string,
  bytes: Buffer,
  names: readonly Name[],
): Parsed<Readonly<Record<Name, Buffer>>> {
  const taken = takeStrings(what, bytes, names);
  if (taken.kind === "problem") return taken;
  const { strings, rest } = taken.value;
  return rest.length === 0 ? ok(strings) : refuse(`${what} has extra bytes at its end: ${rest.length}`);
}

export function wireString(bytes: string | Uint8Array): Buffer {
  const content = Buffer.from(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

/**
 * The magnitude of a positive mpint, big-endian and without leading zeros. Undefined for zero, for negative numbers and
 * for bytes that RFC 4251 calls unnecessary: each number has one spelling.
 */
export function positiveMpint(bytes: Buffer): Buffer | undefined {
  const [first, second = 0] = bytes;
  if (first === undefined || first >= 0x80) return undefined;
  if (first > 0) return bytes;
  return second >= 0x80 ? bytes.subarray(1) : undefined;
}

/** Padded base64 that encodes back to itself: no white space, no other alphabet, no stray bits. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}
