import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { buffer as readStream } from "node:stream/consumers";
import { isAlias, isNode, isScalar, LineCounter, parseAllDocuments, parseDocument, visit } from "yaml";
import type { Document, Node, ParsedNode, Scalar, Tags } from "yaml";
import { ManifestError } from "./manifest-error.ts";

/** One document of a file, with its nodes and their places. */
export type YamlDocument = Document.Parsed<ParsedNode>;

export interface Documents {
  /** The file's name as messages show it. */
  readonly name: string;
  readonly text: string;
  readonly documents: readonly YamlDocument[];
  /** An error that names the file and the line of the offset. */
  readonly problemAt: (offset: number, problem: string) => ManifestError;
}

const maximumBytes = 1024 * 1024;

/** The text of a file, or of the standard input for `-`: UTF-8, at most 1 MiB. */
export async function readText(file: string): Promise<string> {
  if (file === "-") return checkedText("standard input", await readStream(process.stdin));
  try {
    return checkedText(file, readFileSync(file));
  } catch (error) {
    if (error instanceof ManifestError) throw error;
    throw new ManifestError(`${file}: cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function checkedText(name: string, bytes: Buffer): string {
  if (bytes.length > maximumBytes) throw new ManifestError(`${name}: larger than 1 MiB`);
  if (!isUtf8(bytes)) throw new ManifestError(`${name}: not valid UTF-8`);
  return bytes.toString("utf8");
}

/**
 * The YAML or JSON documents of a text, refusing whatever lets two readers see different things: anchors and aliases,
 * tags, duplicate keys, tabs, and values that kubectl, which reads YAML 1.1, would take for something else. Throws a
 * ManifestError about the first of them.
 */
export function parseDocuments(name: string, text: string): Documents {
  try {
    return checkedDocuments(name, text);
  } catch (error) {
    if (error instanceof RangeError) throw new ManifestError(`${name}: nested too deeply`);
    throw error;
  }
}

function checkedDocuments(name: string, text: string): Documents {
  const lines = new LineCounter();
  const problemAt = (offset: number, problem: string): ManifestError =>
    new ManifestError(`${name}:${lines.linePos(offset).line}: ${problem}`);
  const unusual = /[\t\uFEFF]/.exec(text);
  const documents = parsed(text, lines);
  if (unusual) {
    const what = unusual[0] === "\t" ? "a tab: indent with spaces" : "a byte order mark: take it out";
    throw problemAt(unusual.index, what);
  }
  for (const document of documents) {
    const [error] = [...document.errors, ...document.warnings];
    // The parser reports what it did not survive as an error of the document.
    if (error?.message.startsWith("Maximum call stack")) throw new RangeError(error.message);
    if (error) throw problemAt(error.pos[0], error.message.split("\n", 1)[0] ?? "");
    visit(document, (key, node) => {
      if (!isNode(node)) return;
      const problem = nodeProblem(node, key === "key");
      if (problem !== undefined) throw problemAt(node.range?.[0] ?? 0, problem);
    });
  }
  return { name, text, documents: documents.filter(({ contents }) => !isEmpty(contents)), problemAt };
}

function nodeProblem(node: Node, isKey: boolean): string | undefined {
  if (isAlias(node)) return `the alias *${node.source}: write the value out`;
  if (node.anchor !== undefined) return `the anchor &${node.anchor}: write the value out`;
  if (!isScalar(node)) return isKey ? "a key that is no text" : undefined;
  // Maps and lists carry the tags of their kind; a scalar's was written down.
  if (node.tag !== undefined) return `the tag ${node.tag}: leave it out`;
  if (node.type !== "PLAIN" || isSameInYaml11(node)) return undefined;
  return `"${node.source ?? ""}" is something else to YAML 1.1, which kubectl reads: quote it`;
}

/** Plain scalars that are more than a text in YAML 1.1; to go-yaml, which kubectl uses, timestamps are texts. */
function isSameInYaml11({ source = "", value }: Scalar): boolean {
  if (!/^(?:[-+.\d].*|~|<<|=|null|true|false|yes|no|on|off|y|n)$/i.test(source)) return true;
  if (source === "<<") return false;
  const customTags = (tags: Tags): Tags =>
    tags.filter((tag) => typeof tag === "string" || tag.tag !== "tag:yaml.org,2002:timestamp");
  const legacy: unknown = parseDocument(source, {
    version: "1.1",
    schema: "yaml-1.1",
    customTags,
    logLevel: "silent",
  }).toJS();
  return Object.is(legacy, value);
}

function parsed(text: string, lineCounter: LineCounter): readonly YamlDocument[] {
  const documents = parseAllDocuments(text, {
    lineCounter,
    prettyErrors: false,
    uniqueKeys: true,
    merge: false,
    version: "1.2",
    schema: "core",
  });
  return "empty" in documents ? [] : documents;
}

function isEmpty(contents: ParsedNode | null): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}
