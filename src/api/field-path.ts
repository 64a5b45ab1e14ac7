/** One step of a field path: a member of an object, or the element of a list that its keys name. */
export type PathStep =
  | { readonly kind: "member"; readonly name: string }
  | { readonly kind: "element"; readonly keys: readonly (readonly [name: string, value: string])[] };

export type FieldPath = readonly PathStep[];

export type ParsedPath =
  | { readonly kind: "path"; readonly path: FieldPath }
  | { readonly kind: "error"; readonly position: number; readonly message: string };

/** Longest path that is read, in characters; the schema of the kinds allows no longer ones. */
const maxLength = 1024;
const plainName = /^[A-Za-z0-9_$-]+/;
const plainValue = /^[^\]",[=]+/;

/**
 * Reads a field path as rules write it: names joined by dots, `["example.com/x"]` for a name that is not plain, and
 * `[name=web]` or `[containerPort=80,protocol=TCP]` for the element of a list with these keys. Positions of lists have
 * no spelling: what a path allows must not depend on an order. The first bad character is named.
 */
export function parseFieldPath(text: string): ParsedPath {
  const path: PathStep[] = [];
  let at = 0;
  const error = (message: string): ParsedPath => ({ kind: "error", position: at, message });
  if (text.length > maxLength) return error(`longer than ${maxLength} characters`);
  if (text === "") return error("empty; name a field, as in spec.replicas");
  while (at < text.length) {
    if (text[at] === "[") {
      const step = text[at + 1] === '"' ? quotedMember(text, at) : element(text, at);
      if (typeof step === "string") return error(step);
      if (step.step.kind === "element" && path.length === 0) return error("a path begins with a field, not with [");
      path.push(step.step);
      at = step.next;
      continue;
    }
    if (path.length > 0) {
      if (text[at] !== ".") return error('expected "." or "["');
      at += 1;
    }
    const name = plainName.exec(text.slice(at))?.[0];
    if (name === undefined) return error('expected a name; other names are written ["like/this"]');
    path.push({ kind: "member", name });
    at += name.length;
  }
  return { kind: "path", path };
}

type Step = { readonly step: PathStep; readonly next: number } | string;

/** `["..."]`, the inside a JSON string. */
function quotedMember(text: string, at: number): Step {
  const match = /^\[("(?:[^"\\]|\\.)*")\]/.exec(text.slice(at));
  if (!match?.[1]) return 'expected a quoted name, as in ["example.com/x"]';
  try {
    const name: unknown = JSON.parse(match[1]);
    if (typeof name !== "string" || name === "") return "expected a name between the quotes";
    return { step: { kind: "member", name }, next: at + match[0].length };
  } catch {
    return "the quoted name is no JSON string";
  }
}

/** `[key=value,...]`; a value that is not plain is a JSON string. */
function element(text: string, at: number): Step {
  const keys: (readonly [string, string])[] = [];
  let rest = at + 1;
  while (true) {
    const name = plainName.exec(text.slice(rest))?.[0];
    if (name === undefined || text[rest + name.length] !== "=") return "expected key=value, as in [name=web]";
    rest += name.length + 1;
    const quoted = /^"(?:[^"\\]|\\.)*"/.exec(text.slice(rest))?.[0];
    const value = quoted ?? plainValue.exec(text.slice(rest))?.[0];
    if (value === undefined) return "expected a value after =";
    if (keys.some(([known]) => known === name)) return `the key ${name} stands twice`;
    try {
      keys.push([name, quoted === undefined ? value : String(JSON.parse(quoted))]);
    } catch {
      return "the quoted value is no JSON string";
    }
    rest += value.length;
    if (text[rest] === "]") return { step: { kind: "element", keys: sortKeys(keys) }, next: rest + 1 };
    if (text[rest] !== ",") return 'expected "," or "]"';
    rest += 1;
  }
}

function sortKeys(keys: (readonly [string, string])[]): readonly (readonly [string, string])[] {
  return keys.sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A path as rules and messages write it; `parseFieldPath` reads it back. */
export function formatFieldPath(path: FieldPath): string {
  return path
    .map((step, index) => {
      if (step.kind === "element")
        return `[${step.keys.map(([name, value]) => `${name}=${formatValue(value)}`).join(",")}]`;
      if (plainName.exec(step.name)?.[0] !== step.name) return `[${JSON.stringify(step.name)}]`;
      return index === 0 ? step.name : `.${step.name}`;
    })
    .join("");
}

function formatValue(value: string): string {
  return plainValue.exec(value)?.[0] === value ? value : JSON.stringify(value);
}

/** Whether `path` is `allowed` or lies below it. Steps are compared as parsed parts. */
export function isWithin(path: FieldPath, allowed: FieldPath): boolean {
  return allowed.length <= path.length && allowed.every((step, index) => sameStep(step, path[index]));
}

function sameStep(a: PathStep, b: PathStep | undefined): boolean {
  if (a.kind === "member") return b?.kind === "member" && a.name === b.name;
  return (
    b?.kind === "element" &&
    a.keys.length === b.keys.length &&
    a.keys.every(([name, value], index) => b.keys[index]?.[0] === name && b.keys[index]?.[1] === value)
  );
}
