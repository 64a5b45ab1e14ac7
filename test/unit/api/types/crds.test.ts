import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

interface Schema {
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly "x-kubernetes-validations"?: readonly { readonly rule: string; readonly message?: string }[];
}

interface Node {
  readonly path: string;
  readonly schema: Schema;
}

function walk(schema: Schema, path: string): readonly Node[] {
  const properties = Object.entries(schema.properties ?? {});
  return [
    { path, schema },
    ...properties.flatMap(([name, of]) => walk(of, `${path}.${name}`)),
    ...(schema.items === undefined ? [] : walk(schema.items, `${path}[]`)),
  ];
}

const kinds = ["identityowners", "agentcapabilities", "elevationapprovals"].map((plural) => {
  const text = readFileSync(new URL(`../../../../crds/${plural}.yaml`, import.meta.url), "utf8");
  const crd = parse(text) as { spec: { versions: readonly { schema: { openAPIV3Schema: Schema } }[] } };
  const nodes = crd.spec.versions.flatMap(({ schema }) => walk(schema.openAPIV3Schema, plural));
  return { plural, nodes };
});

const paths = (nodes: readonly Node[]): readonly string[] => nodes.map(({ path }) => path);

describe.for(kinds)("$plural", ({ plural, nodes }) => {
  test("has no default but in its status, where an upgrade could not change it under a digest", () => {
    const withDefault = nodes.filter(({ schema }) => Object.hasOwn(schema, "default"));
    expect(withDefault.map(({ path, schema }) => [path, schema.default])).toEqual([
      [`${plural}.status`, {}],
      [`${plural}.status.observedGeneration`, -1],
    ]);
  });

  test("bounds every string, list and number, and objects whose fields it does not name", () => {
    const bounded = ({ type, ...schema }: Schema): boolean => {
      if (type === "string") return schema.enum !== undefined || schema.maxLength !== undefined;
      if (type === "array") return schema.maxItems !== undefined && schema.items !== undefined;
      if (type === "integer") return schema.minimum !== undefined;
      if (type === "object") return schema.properties !== undefined || schema.maxProperties !== undefined;
      return type === "boolean";
    };
    expect(paths(nodes.filter(({ schema }) => !bounded(schema)))).toEqual([]);
  });

  test("describes every field, as kubectl explain shows it", () => {
    const fields = nodes.filter(({ path }) => !path.endsWith("[]"));
    expect(paths(fields.filter(({ schema }) => !schema.description))).toEqual([]);
  });

  test("gives every rule a message", () => {
    const rules = nodes.flatMap(({ schema }) => schema["x-kubernetes-validations"] ?? []);
    expect(rules.filter(({ message }) => !message)).toEqual([]);
  });

  test("compares no instant as a time, since two spellings of one would be equal in a rule", () => {
    const instants = nodes.filter(({ path, schema }) => path.includes(".spec.") && schema.format === "date-time");
    expect(paths(instants)).toEqual([]);
  });

  test("says of a whole field that it is refused only because it is not enforced yet", () => {
    const refused = nodes.flatMap(({ schema }) => schema["x-kubernetes-validations"] ?? []);
    const messages = refused.filter(({ rule }) => rule === "false").map(({ message }) => message);
    const unlike = messages.filter(
      (message) => !message?.endsWith(" is not enforced by this version of Writ, so it is refused"),
    );
    expect(unlike).toEqual([]);
  });
});
