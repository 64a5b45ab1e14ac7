/** Objects and arrays may nest this deep; deeper input is refused before the stack can overflow. */
export const MAX_CANONICAL_DEPTH = 200;

/** The value has no canonical form. `path` says where, as in `$.spec.items[3].name`. */
export class CanonicalJsonError extends Error {
  override readonly name = "CanonicalJsonError";
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`no canonical JSON for ${path}: ${problem}`);
    this.path = path;
  }
}

/**
 * Serialises a value as RFC 8785 canonical JSON: no whitespace, members sorted by UTF-16 code units, strings and numbers
 * as ECMAScript writes them (so -0 is `0`). Its UTF-8 bytes are what Writ hashes and records.
 *
 * Equal output has to mean equal input, so everything that JSON.stringify would drop, rewrite or round is refused:
 * `undefined` (as a member too: an optional field is absent or it has a value), functions, symbols, bigint, NaN and
 * infinities, numbers beyond ±(2^53 - 1) (I-JSON, RFC 7493 section 2.2: two integers would share one form; carry them
 * as strings), lone surrogates, array holes, and objects that are neither plain nor arrays (Date, Map, Buffer).
 * `__proto__`, `constructor` and `toJSON` are member names like any other.
 *
 * @throws {CanonicalJsonError} naming the path, for the above and for nesting beyond MAX_CANONICAL_DEPTH (cycles too).
 */
export function canonicalJson(value: unknown): string {
  return write(value, [], 0);
}

/** `path[0..depth)` leads to `value`. Slots are overwritten on the way down, which costs less than pushing and popping. */
type Path = (string | number)[];

function write(value: unknown, path: Path, depth: number): string {
  switch (typeof value) {
    case "string":
      return quote(value, path, depth);
    case "boolean":
      return value ? "true" : "false";
    case "number":
      if (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER || Number.isNaN(value)) {
        throw refusal(path, depth, `${value} is not a number within ±(2^53 - 1); carry larger ones as strings`);
      }
      return String(value);
    case "object":
      if (value === null) return "null";
      if (depth >= MAX_CANONICAL_DEPTH) {
        throw refusal(path, depth, `nested deeper than ${MAX_CANONICAL_DEPTH} objects and arrays`);
      }
      return Array.isArray(value) ? writeArray(value, path, depth) : writeObject(value, path, depth);
    case "undefined":
    case "function":
    case "symbol":
    case "bigint":
      break;
  }
  throw refusal(path, depth, `a value of type ${typeof value} is not JSON`);
}

function writeArray(array: readonly unknown[], path: Path, depth: number): string {
  let text = "[";
  for (let index = 0; index < array.length; index++) {
    path[depth] = index;
    if (index > 0) text += ",";
    text += write(array[index], path, depth + 1);
  }
  return text + "]";
}

function writeObject(object: object, path: Path, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    throw refusal(path, depth, "only plain objects and arrays are JSON, not instances of a class");
  }
  const members = object as Readonly<Record<string, unknown>>;
  let text = "{";
  for (const key of sortedKeys(members)) {
    path[depth] = key;
    if (text.length > 1) text += ",";
    text += quote(key, path, depth + 1) + ":" + write(members[key], path, depth + 1);
  }
  return text + "}";
}

/** Most objects arrive sorted, and looking costs a fraction of sorting. `<` and `sort` both compare UTF-16 code units. */
function sortedKeys(object: object): readonly string[] {
  const keys = Object.keys(object);
  let previous = "";
  for (const key of keys) {
    if (key < previous) return keys.sort();
    previous = key;
  }
  return keys;
}

/** Nothing to escape and no surrogate: printable ASCII less `"` and `\\`. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quote(text: string, path: Path, depth: number): string {
  // Nearly all text is short and plain: looking is then much cheaper than JSON.stringify, which wins on long text.
  if (text.length <= 100 && PLAIN.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw refusal(path, depth, "a lone surrogate has no UTF-8 form");
  return JSON.stringify(text);
}

function refusal(path: Path, depth: number, problem: string): CanonicalJsonError {
  return new CanonicalJsonError(formatPath(path.slice(0, depth)), problem);
}

/** Keys come from outside: odd ones are quoted and the whole is bounded, so that the message stays one readable line. */
function formatPath(path: readonly (string | number)[]): string {
  const steps = path.map((step) => {
    if (typeof step === "number") return `[${step}]`;
    const key = step.length > 80 ? `${step.slice(0, 80)}…` : step;
    return /^[A-Za-z_][\w-]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
  });
  if (steps.length > 20) steps.splice(10, steps.length - 20, "…");
  return `$${steps.join("")}`;
}
