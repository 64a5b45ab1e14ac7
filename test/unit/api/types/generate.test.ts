import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readKind } from "../../../../scripts/generate/shapes.ts";
import { typesOf } from "../../../../scripts/generate/types.ts";

const repository = fileURLToPath(new URL("../../../../", import.meta.url));

describe("generate", () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "writ-generate-"));
    mkdirSync(join(dir, "docs"));
    const parts = [
      "crds",
      "scripts/generate",
      "scripts/generate.ts",
      "src/api",
      "src/cli/plugin/help.ts",
      "docs/reference",
      "manifests",
      "package.json",
    ];
    for (const part of parts) cpSync(join(repository, part), join(dir, part), { recursive: true });
    symlinkSync(join(repository, "node_modules"), join(dir, "node_modules"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const generate = (...args: readonly string[]) =>
    spawnSync(process.execPath, [join(dir, "scripts/generate.ts"), ...args], { encoding: "utf8" });

  test("--check passes for what is committed", () => {
    const { status, stderr } = generate("--check");
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  test("--check names the file that differs, and a run repairs it", () => {
    appendFileSync(join(dir, "src/api/types.gen.ts"), "export type Stray = string;\n");
    rmSync(join(dir, "docs/reference/kinds.md"));
    const check = generate("--check");
    expect(check.status).toBe(1);
    expect(check.stderr).toContain("src/api/types.gen.ts, docs/reference/kinds.md");
    expect(generate().status).toBe(0);
    expect(generate("--check").status).toBe(0);
  });
});

const crd = (spec: string): string => `
spec:
  group: example.dev
  scope: Namespaced
  names: {kind: Thing, shortNames: [thing]}
  versions:
  - name: v1
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec: ${spec}
`;

describe("types", () => {
  test("tell required from optional, lists, enums, parts and open objects", () => {
    const text = typesOf([
      readKind(
        crd(`{type: object, required: [entries], properties: {
              entries: {type: array, items: {type: object, properties: {count: {type: integer}}}},
              verbs: {type: array, items: {type: string, enum: [A, B]}},
              open: {type: object, x-kubernetes-preserve-unknown-fields: true}}}`),
      ),
    ]);
    expect(text).toContain('readonly apiVersion: "example.dev/v1";');
    expect(text).toContain("readonly spec: ThingSpec;");
    expect(text).toContain("readonly entries: readonly ThingEntry[];");
    expect(text).toContain("readonly count?: number;");
    expect(text).toContain('readonly verbs?: readonly ("A" | "B")[];');
    expect(text).toContain("readonly open?: UnknownObject;");
  });

  test("keep a description from ending its comment", () => {
    const text = typesOf([readKind(crd(`{type: object, description: "ends */ here", properties: {}}`))]);
    expect(text).toContain(String.raw`/** ends *\/ here */`);
  });

  test("refuse two objects that would share a name", () => {
    const part = "{type: object, properties: {}}";
    const twice = crd(`{type: object, properties: {rule: ${part}, rules: {type: array, items: ${part}}}}`);
    expect(() => readKind(twice)).toThrow("Thing: two objects would be named ThingRule: rename a field");
  });
});
