import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { formatFieldPath } from "../../../../src/api/field-path.ts";
import { serverManagedPaths } from "../../../../src/decision/change/server-managed.ts";
import { canonicalJson } from "../../../../src/ledger/canonical-json.ts";
import { computeDigest } from "../../../digests/compute.ts";
import type { DigestInput } from "../../../digests/compute.ts";

const root = join(import.meta.dirname, "../../../..");
const page = readFileSync(join(root, "docs/reference/digests.md"), "utf8");
const vectorsText = readFileSync(join(root, "docs/reference/digests.vectors.json"), "utf8");
const vectors = JSON.parse(vectorsText) as readonly {
  readonly name: string;
  readonly input: DigestInput;
  readonly digest: string;
}[];
const hasPython = spawnSync("python3", ["--version"]).status === 0;

function vector(name: string): (typeof vectors)[number] {
  const found = vectors.find((vector) => vector.name === name);
  if (found === undefined) throw new Error(`no vector ${name}`);
  return found;
}

/** The input of each vector on one line, as Python reads and writes it: JSON.parse would lose -0. */
function inputLines(): string {
  const program = "import json,sys\nfor v in json.load(sys.stdin): print(json.dumps(v['input']))";
  return spawnSync("python3", ["-c", program], { input: vectorsText, encoding: "utf8" }).stdout;
}

describe("the published vectors", () => {
  test.each(vectors.map(({ name, input, digest }) => [name, input, digest] as const))("%s", (_, input, digest) => {
    expect(computeDigest(input)).toBe(digest);
  });

  test("have every kind of digest", () => {
    expect(new Set(vectors.map(({ input }) => input.kind))).toEqual(
      new Set(["policy", "spec", "request", "change", "decision", "signed-decision", "signed-definition", "user-info"]),
    );
  });

  test.skipIf(!hasPython)("are what the second implementation computes (skipped without python3)", () => {
    const run = spawnSync("python3", [join(root, "test/digests/digests.py")], {
      input: inputLines(),
      encoding: "utf8",
    });
    expect(run.stderr).toBe("");
    expect(run.stdout.trimEnd().split("\n")).toEqual(vectors.map(({ digest }) => digest));
  });
});

describe("the page", () => {
  test("shows the bytes of a change digest", () => {
    const text = /^\{"type":"writ\.dev\/change\/v1".*$/m.exec(page)?.[0] ?? "";
    expect(canonicalJson(JSON.parse(text))).toBe(text);
    const digest = createHash("sha256").update(text).digest("hex");
    expect(`sha256:${digest}`).toBe(vector("an update of one value and one list").digest);
  });

  test("lists exactly the paths that the API server writes", () => {
    const [, section = ""] = /### What the API server writes\n(.*?)The API server overwrites/s.exec(page) ?? [];
    const listed = [...section.matchAll(/^- `(.*)`$/gm)].map(([, path]) => path);
    expect(listed).toEqual(serverManagedPaths.map(formatFieldPath));
  });

  test("lists exactly the options that are left out", () => {
    const [, section = ""] = /### Options\n(.*?)Everything else counts/s.exec(page) ?? [];
    const listed = [...section.matchAll(/^- (.*?):/gm)].flatMap(([, names = ""]) => names.match(/\w+/g) ?? []);
    expect(listed.sort()).toEqual(["apiVersion", "dryRun", "fieldManager", "fieldValidation", "force", "kind"]);
    const deletion = vector("a deletion").input;
    if (deletion.kind !== "change") throw new Error("no change");
    const options = Object.fromEntries(listed.map((name) => [name, "x"]));
    const request = { ...deletion.request, options: { ...deletion.request.options, ...options } };
    expect(computeDigest({ ...deletion, request })).toBe(computeDigest(deletion));
  });

  test.skipIf(!hasPython)("has Python that computes a policy digest (skipped without python3)", () => {
    const [, program = ""] = /```python\n(.*?)```/s.exec(page) ?? [];
    const policies = vectors.filter(({ input }) => input.kind === "policy");
    for (const { input, digest } of policies) {
      const text = JSON.stringify(input.kind === "policy" ? input.capability : {});
      const run = spawnSync("python3", ["-c", program], { input: text, encoding: "utf8" });
      expect(run.stderr).toBe("");
      expect(run.stdout.trim()).toBe(digest);
    }
    expect(policies.length).toBeGreaterThan(2);
  });
});
