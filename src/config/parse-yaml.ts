import { isUtf8 } from "node:buffer";
import { LineCounter, isMap, isNode, isScalar, parseDocument, visit, type Document } from "yaml";
import { ConfigurationError } from "./config.ts";

export type YamlPath = readonly (string | number)[];

/** A parsed YAML file that can still say where a value stands. */
export interface YamlSource {
  readonly value: unknown;
  /** `file:line: path: problem` for the value at `path`, or for its nearest ancestor that exists. */
  readonly at: (path: YamlPath, problem: string) => string;
  /** The same for the key `key` of the map at `path`. */
  readonly atKey: (path: YamlPath, key: string, problem: string) => string;
}

const maximumBytes = 1024 * 1024;

/** `webhook.callers.commonNames[0]` */
const display = (path: YamlPath): string =>
  path.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : text === "" ? part : `${text}.${part}`),
    "",
  );

const lineOf = (document: Document, lines: LineCounter, path: YamlPath): number => {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
};

/**
 * One YAML 1.2 document without anchors, aliases and duplicate keys: each of them lets a reader and a reviewer see
 * different things. Throws a ConfigurationError with one line a problem.
 */
export const parseYaml = (file: string, bytes: Buffer): YamlSource => {
  if (bytes.length > maximumBytes) throw new ConfigurationError([`${file}: larger than 1 MiB`]);
  if (!isUtf8(bytes)) throw new ConfigurationError([`${file}: not valid UTF-8`]);
  const lines = new LineCounter();
  const document = parseDocument(bytes.toString("utf8"), {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    merge: false,
    version: "1.2",
    schema: "core",
  });
  const problems = [...document.errors, ...document.warnings].map((problem) => {
    const firstLine = problem.message.split("\n", 1)[0] ?? "";
    return `${file}:${lines.linePos(problem.pos[0]).line}: ${firstLine}`;
  });
  visit(document, {
    Node: (_, node) => {
      if (!("anchor" in node) || node.anchor === undefined) return;
      problems.push(
        `${file}:${lines.linePos(node.range?.[0] ?? 0).line}: anchors are not allowed: write the value out`,
      );
    },
    Alias: (_, node) => {
      problems.push(
        `${file}:${lines.linePos(node.range?.[0] ?? 0).line}: aliases are not allowed: write the value out`,
      );
    },
  });
  if (problems.length > 0) throw new ConfigurationError(problems);
  const report = (line: number, path: YamlPath, problem: string): string =>
    path.length === 0 ? `${file}:${line}: ${problem}` : `${file}:${line}: ${display(path)}: ${problem}`;
  return {
    value: document.toJS(),
    at: (path, problem) => report(lineOf(document, lines, path), path, problem),
    atKey: (path, key, problem) => {
      const map = path.length === 0 ? document.contents : document.getIn(path, true);
      const pair = isMap(map)
        ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
        : undefined;
      const start = isNode(pair?.key) ? pair.key.range?.[0] : undefined;
      const line = start === undefined ? lineOf(document, lines, path) : lines.linePos(start).line;
      return report(line, [...path, key], problem);
    },
  };
};
