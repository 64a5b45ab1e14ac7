import type { JsonValue } from "../../decision/admission-request.ts";

/** White space, then a string, a number or a word, or one of the structural characters (RFC 8259 section 2). */
const token = /[ \t\n\r]*(?:("(?:[^"\\]|\\.)*")|(-?[0-9][0-9.eE+-]*|true|false|null)|([[\]{}:,]))/y;

type Token = { readonly kind: "scalar"; readonly value: JsonValue } | { readonly kind: "mark"; readonly text: string };

/**
 * Reads a JSON text key by key. Slow, and only for texts whose keys JSON.parse might misread (see strict-json.ts): V8
 * reads a string or number that stands alone rightly, so each is given to it alone. Objects have no prototype and are
 * made in a way that leaves V8 no shape to take later keys for. Depth is bounded by the caller.
 *
 * @throws SyntaxError
 */
export const parseJson = (text: string): JsonValue => {
  let position = 0;

  const next = (): Token => {
    token.lastIndex = position;
    const match = token.exec(text);
    if (!match) throw new SyntaxError("no JSON token");
    position = token.lastIndex;
    const [, string, word, mark] = match;
    if (mark !== undefined) return { kind: "mark", text: mark };
    return { kind: "scalar", value: JSON.parse(string ?? word ?? "") as JsonValue };
  };

  const isMark = (found: Token, text: string): boolean => found.kind === "mark" && found.text === text;

  const readValue = (first: Token): JsonValue => {
    if (first.kind === "scalar") return first.value;
    if (first.text === "{") return readObject();
    if (first.text === "[") return readList();
    throw new SyntaxError("no JSON value");
  };

  const readObject = (): JsonValue => {
    const object = Object.create(null) as Record<string, JsonValue>;
    let found = next();
    if (isMark(found, "}")) return object;
    while (true) {
      if (found.kind !== "scalar" || typeof found.value !== "string" || !isMark(next(), ":")) {
        throw new SyntaxError("no JSON member");
      }
      object[found.value] = readValue(next());
      const end = next();
      if (isMark(end, "}")) return object;
      if (!isMark(end, ",")) throw new SyntaxError("no end of a JSON object");
      found = next();
    }
  };

  const readList = (): JsonValue => {
    const list: JsonValue[] = [];
    let found = next();
    if (isMark(found, "]")) return list;
    while (true) {
      list.push(readValue(found));
      const end = next();
      if (isMark(end, "]")) return list;
      if (!isMark(end, ",")) throw new SyntaxError("no end of a JSON list");
      found = next();
    }
  };

  const value = readValue(next());
  if (!/^[ \t\n\r]*$/.test(text.slice(position))) throw new SyntaxError("something behind the JSON value");
  return value;
};
