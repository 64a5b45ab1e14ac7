import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { editDocument } from "../../../../src/cli/manifest/edit-document.ts";
import type { Edit } from "../../../../src/cli/manifest/edit-document.ts";
import { ManifestError } from "../../../../src/cli/manifest/manifest-error.ts";

const signature = "-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n";
const alice = { verdict: "Approve", by: "alice@example.com", at: "2026-11-24T12:00:00.000Z", signature };
const bob = {
  verdict: "Approve",
  by: "bob@example.com",
  at: "2026-11-24T13:00:00.000Z",
  reason: "it's: #fine",
  signature,
};
const append = (value: Readonly<Record<string, string>>): Edit => ({
  kind: "append",
  path: ["spec", "decisions"],
  value,
});
const define: Edit = { kind: "set", path: ["spec", "definedBy"], value: { by: "bob", signature } };

const aliceLines = `    - verdict: Approve
      by: alice@example.com
      at: "2026-11-24T12:00:00.000Z"
      signature: |
        -----BEGIN SSH SIGNATURE-----
        U1NI
        -----END SSH SIGNATURE-----
`;

describe("a decision is added and every other byte stays", () => {
  const head = `# A request. Reviewed in #ops
---
kind:   ElevationApproval   # three spaces
metadata: {name: "inc-1", namespace: 'prod'}
spec:
  rules: [ scale ]   # padded
  reason: >-
    Black
    Friday

  duration: 30m # at most
`;

  test("to a list that does not exist yet, below what is there and above the comments behind", () => {
    const tail = "# the end\n";
    expect(editDocument("f", head + tail, append(alice))).toBe(`${head}  decisions:\n${aliceLines}${tail}`);
  });

  test("to an empty list, whose comment stays", () => {
    const text = `${head}  decisions: []   # nobody yet\n  ticket: INC-1\n`;
    expect(editDocument("f", text, append(alice))).toBe(
      `${head}  decisions:   # nobody yet\n${aliceLines}  ticket: INC-1\n`,
    );
  });

  test("behind the decisions that are there, however far in they stand", () => {
    for (const indent of ["", "  ", "      "]) {
      const item = `  ${indent}- verdict: Reject\n  ${indent}  by: carol   # no\n`;
      const text = `${head}  decisions:\n${item}\n  # last\n`;
      const added = aliceLines.replaceAll(/^ {4}/gm, `  ${indent}`);
      expect(editDocument("f", text, append(alice))).toBe(`${head}  decisions:\n${item}${added}\n  # last\n`);
    }
  });

  test("in place of an earlier one, whose comments go with it", () => {
    const before = editDocument("f", editDocument("f", head, append(alice)), append(bob));
    const after = editDocument("f", before, {
      kind: "replace-item",
      path: ["spec", "decisions"],
      index: 1,
      value: alice,
    });
    expect(after).toBe(`${head}  decisions:\n${aliceLines}${aliceLines}`);
    const first = editDocument("f", before, {
      kind: "replace-item",
      path: ["spec", "decisions"],
      index: 0,
      value: bob,
    });
    expect((parse(first) as { spec: { decisions: unknown[] } }).spec.decisions).toEqual([bob, bob]);
    expect(first.startsWith(head)).toBe(true);
  });

  test("without a line feed at the end of the file, and with the line ends of Windows", () => {
    expect(editDocument("f", head.trimEnd(), append(alice))).toBe(`${head}  decisions:\n${aliceLines}`);
    const windows = head.replaceAll("\n", "\r\n");
    expect(editDocument("f", windows, append(alice))).toBe(
      `${head}  decisions:\n${aliceLines}`.replaceAll("\n", "\r\n"),
    );
  });

  test("in flow style where the file is written so", () => {
    const text = "kind: X\nspec: { a: [1, 2], agent: { user: me }, } # c\n";
    const added = editDocument("f", text, { kind: "set", path: ["spec", "agent", "uid"], value: "7d5e" });
    expect(added).toBe('kind: X\nspec: { a: [1, 2], agent: { user: me, uid: "7d5e" }, } # c\n');
    const decided = editDocument("f", editDocument("f", added, append(alice)), append(bob));
    expect((parse(decided) as { spec: { decisions: unknown[] } }).spec.decisions).toEqual([alice, bob]);
    expect(decided.startsWith('kind: X\nspec: { a: [1, 2], agent: { user: me, uid: "7d5e" }, decisions: [')).toBe(true);
  });
});

describe("a definition is set", () => {
  test.each([
    ["spec:\n  definedBy: {} # c\n  x: 1\n", "spec:\n  definedBy: # c\n    by: bob\n    S  x: 1\n"],
    [
      "spec:\n  definedBy:\n    by: x # c\n    at: z # d\n  x: 1 # e",
      "spec:\n  definedBy:\n    by: bob\n    S  x: 1 # e",
    ],
    ["spec:\n    x: 1\n", "spec:\n    x: 1\n    definedBy:\n      by: bob\n      S"],
  ])("%j", (before, after) => {
    const wanted = after.replace(/( *)S/, (_, indent: string) =>
      [
        "signature: |",
        ...signature
          .trimEnd()
          .split("\n")
          .map((line) => `  ${line}`),
        "",
      ]
        .join(`\n${indent}`)
        .replace(/^/, indent)
        .replace(/ +$/, ""),
    );
    expect(editDocument("f", before, define)).toBe(wanted);
  });
});

describe("JSON stays JSON", () => {
  test.each([undefined, "  ", "    "])("with its indentation (%j)", (indent) => {
    const before = { kind: "X", spec: { a: [1, { b: "ü" }] } };
    const after = { kind: "X", spec: { a: [1, { b: "ü" }], decisions: [alice] } };
    const text = `${JSON.stringify(before, undefined, indent)}\n`;
    expect(editDocument("f", text, append(alice))).toBe(`${JSON.stringify(after, undefined, indent)}\n`);
  });
});

test("texts that YAML could take for something else are quoted, and come out as they went in", () => {
  const hostile = [
    "yes",
    "0777",
    "null",
    "2026-11-24",
    "a: b",
    "- x",
    "#",
    " a ",
    "1e3",
    "",
    "\n",
    "a\u2028b\u0085c",
    "~",
    "x\ny\n",
    '"',
    "é",
  ];
  for (const text of hostile) {
    const edited = editDocument("f", "spec:\n  a: 1\n", { kind: "set", path: ["spec", "b"], value: { reason: text } });
    expect(parse(edited, { version: "1.1" })).toEqual({ spec: { a: 1, b: { reason: text } } });
  }
});

test("what cannot be edited in its form is refused rather than damaged", () => {
  const text = "spec:\n  ? agent\n  : user: x\n  decisions: nobody\n";
  expect(() => editDocument("f", text, append(alice))).toThrow(ManifestError);
  expect(() => editDocument("f", text, append(alice))).toThrow("f: cannot edit spec.decisions");
});
