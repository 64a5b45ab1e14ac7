/** What is written into manifests: texts by name, in this order. */
export type Entry = Readonly<Record<string, string>>;

/** Texts that are the same to every reader of YAML without quotes. */
const plain = /^[A-Za-z][\w@./-]*$/;
const words = /^(?:null|true|false|yes|no|on|off|y|n)$/i;

/** A text as a YAML scalar on one line; quoted as in JSON, which YAML includes, where it could be read as something else. */
function scalarText(value: string): string {
  if (plain.test(value) && !words.test(value)) return value;
  // The line breaks of YAML 1.1 that JSON leaves as they are, and the byte order mark.
  return JSON.stringify(value).replaceAll(
    /[\u0085\u2028\u2029\uFEFF]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** In flow style, on one line. */
export function flowText(value: string | Entry | readonly Entry[]): string {
  if (typeof value === "string") return scalarText(value);
  if (isList(value)) return `[${value.map(flowText).join(", ")}]`;
  const pairs = Object.entries(value).map(([key, text]) => `${key}: ${scalarText(text)}`);
  return `{ ${pairs.join(", ")} }`;
}

/** The lines of a map in block style; texts of several lines as literal blocks. */
export function blockLines(entry: Entry): readonly string[] {
  return Object.entries(entry).flatMap(([key, text]) => {
    if (!isLiteral(text)) return [`${key}: ${scalarText(text)}`];
    return [
      `${key}: |`,
      ...text
        .slice(0, -1)
        .split("\n")
        .map((line) => `  ${line}`),
    ];
  });
}

/** The lines of a list item in block style. */
export function itemLines(entry: Entry): readonly string[] {
  return blockLines(entry).map((line, index) => `${index === 0 ? "- " : "  "}${line}`);
}

/** The lines of a key with its value in block style. */
export function pairLines(key: string, value: string | Entry | readonly Entry[]): readonly string[] {
  if (typeof value === "string") return [`${key}: ${scalarText(value)}`];
  const lines = isList(value) ? value.flatMap(itemLines) : blockLines(value);
  return [`${key}:`, ...lines.map((line) => `  ${line}`)];
}

function isList(value: Entry | readonly Entry[]): value is readonly Entry[] {
  return Array.isArray(value);
}

/** Lines of printable ASCII, none of which begins with a space or is empty, and a line feed at the end. */
function isLiteral(text: string): boolean {
  return /^(?:[!-~][ -~]*\n)+$/.test(text);
}
