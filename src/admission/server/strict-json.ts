import { isUtf8 } from "node:buffer";
import type { JsonValue } from "../../decision/admission-request.ts";
import { findUid } from "./find-uid.ts";
import type { InputReason } from "./input-reason.ts";
import { parseJson } from "./parse-json.ts";
import { scanJson, type ScanRefusal } from "./scan-json.ts";

/** `uid` is `request.uid` of the AdmissionReview that the refused text seems to be, when there is one. */
export type ParseResult =
  | { readonly kind: "ok"; readonly value: JsonValue }
  | {
      readonly kind: "error";
      readonly reason: InputReason;
      readonly message: string;
      readonly uid: string | undefined;
    };

/**
 * Deepest nesting that is read, review included (three levels around the object). The API server takes 10,000
 * (sigs.k8s.io/json), which would overflow the stack of whatever walks the object by recursion; the deepest real
 * objects, CRDs with nested schemas, stay below 100.
 */
export const maximumDepth = 512;

/**
 * Number of members of all objects in `root`: of a repeated key only one is left. It runs over every review, hence plain
 * loops: `for in` over a parsed object costs a tenth of `Object.values`. Were an enumerable property ever put on
 * Object.prototype, the count would be too high and every review refused.
 */
const countMembers = (root: JsonValue): number => {
  const pending: unknown[] = [root];
  let members = 0;
  while (pending.length > 0) {
    const value = pending.pop();
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index += 1) {
        const child: unknown = value[index];
        if (typeof child === "object" && child !== null) pending.push(child);
      }
    } else if (typeof value === "object" && value !== null) {
      const object = value as Readonly<Record<string, unknown>>;
      for (const key in object) {
        members += 1;
        const child = object[key];
        if (typeof child === "object" && child !== null) pending.push(child);
      }
    }
  }
  return members;
};

/**
 * Whether some key holds a backslash. V8 takes a key that is written with an escape for one of an earlier object of the
 * same shape whose name, read as raw text, begins alike (nodejs/node#63785): such a name holds a backslash.
 */
const holdsBackslashKey = (root: JsonValue): boolean => {
  const pending: unknown[] = [root];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value !== "object" || value === null) continue;
    if (!Array.isArray(value) && Object.keys(value).some((key) => key.includes("\\"))) return true;
    for (const child of Object.values(value)) pending.push(child);
  }
  return false;
};

/** Whether no key and no string in `root` holds half of a surrogate pair. */
const isWellFormed = (root: JsonValue): boolean => {
  const pending: unknown[] = [root];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value === "string" && !value.isWellFormed()) return false;
    if (typeof value !== "object" || value === null) continue;
    for (const child of Object.values(value)) pending.push(child);
    if (!Array.isArray(value)) for (const key of Object.keys(value)) pending.push(key);
  }
  return true;
};

/**
 * Reads one JSON text (RFC 8259, restricted as RFC 7493 I-JSON asks) that two careful readers cannot understand
 * differently: valid UTF-8, no repeated key, no lone surrogate, no integer that a double cannot hold, no endless
 * nesting, nothing behind the value. `__proto__` and `constructor` are ordinary own keys. Never throws, never recurses.
 */
export const parseStrictJson = (body: Buffer): ParseResult => {
  const refuse = (reason: InputReason, message: string): ParseResult => ({
    kind: "error",
    reason,
    message,
    uid: findUid(body),
  });
  if (!isUtf8(body)) return refuse("InvalidUtf8", "the body is not valid UTF-8");
  const scan = scanJson(body, maximumDepth);
  if (scan.kind === "refused") return refuse(scan.reason, scanMessages[scan.reason](scan.offset));
  let value: JsonValue;
  try {
    const text = body.toString("utf8");
    value = JSON.parse(text) as JsonValue;
    if (scan.escapedKeys && holdsBackslashKey(value)) value = parseJson(text);
  } catch {
    // V8's message quotes the text, which may be a Secret's.
    return refuse("InvalidJson", `the body (${body.length} bytes) is not one JSON value`);
  }
  if (scan.surrogateEscapes && !isWellFormed(value)) {
    return refuse("LoneSurrogate", "a string in the body holds half of a UTF-16 surrogate pair");
  }
  if (countMembers(value) !== scan.members) {
    return refuse("DuplicateKey", "an object in the body has the same key twice");
  }
  return { kind: "ok", value };
};

const scanMessages: Readonly<Record<ScanRefusal, (offset: number) => string>> = {
  TooDeep: (offset) => `the body nests more than ${maximumDepth} levels at byte ${offset}`,
  IntegerOutOfRange: (offset) => `the integer at byte ${offset} lies beyond 2^53-1 (9007199254740991)`,
  NumberOutOfRange: (offset) => `the number at byte ${offset} is too large for a double`,
};
