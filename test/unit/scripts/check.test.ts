import { readFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Check } from "../../../scripts/check/checks.ts";
import { codeGroups } from "../../../scripts/check/code-groups.ts";
import { errorsPage, undocumentedCodes } from "../../../scripts/check/errors-page.ts";
import { runChecks } from "../../../scripts/check/run-checks.ts";
import { structureProblems } from "../../../scripts/check/structure.ts";

const script = fileURLToPath(new URL("../../../scripts/check.ts", import.meta.url));

describe("npm run check", () => {
  const check = (name: string, problem?: string): Check => ({
    name,
    what: `what ${name} is`,
    repeat: `npx ${name}`,
    run: () => Promise.resolve(problem),
  });
  const run = async (checks: readonly Check[]) => {
    const lines: string[] = [];
    const failed = await runChecks(checks, { print: (line) => lines.push(line), clock: () => 0 });
    return { failed, text: lines.join("\n") };
  };

  test("runs every check in order, also after one has failed, and tells how to repeat each that failed", async () => {
    const { failed, text } = await run([check("one"), check("two", "bad\nworse"), check("three"), check("four", "x")]);
    expect(failed).toEqual(["two", "four"]);
    expect(text).toMatch(
      /^ok +one .*\nFAILED two .*\n {2}\| bad\n {2}\| worse\n {2}again: npx two\nok +three .*\nFAILED four/,
    );
  });

  test("counts a check that cannot run as failed", async () => {
    const broken: Check = { ...check("broken"), run: () => Promise.reject(new Error("no such tool")) };
    const { failed, text } = await run([broken]);
    expect(failed).toEqual(["broken"]);
    expect(text).toContain("| no such tool");
  });

  test("refuses the name of no check, with those that there are", () => {
    const { status, stderr } = spawnSync(process.execPath, [script, "typos"], { encoding: "utf8" });
    expect(status).toBe(2);
    expect(stderr).toMatch(/there is no check "typos"[^]*types[^]*lint[^]*format[^]*unused[^]*structure/);
  });
});

describe("the check of the structure", () => {
  const group = { title: "T", introduction: "I", codes: { NoRule: { when: "w", next: "n" } } };
  const documented = "| `NoRule` | w | n |\n";

  test("names a file of more than 300 lines, unless it is generated", () => {
    const files = new Map([
      ["src/fits.ts", "x\n".repeat(300)],
      ["src/long.ts", "x\n".repeat(301)],
      ["src/types.gen.ts", "x\n".repeat(999)],
    ]);
    expect(structureProblems({ files, errorsPage: documented, codeGroups: [group] })).toEqual([
      "src/long.ts has 301 lines: split it, at most 300",
    ]);
  });

  test("names a reason code that the reference does not document, though another holds its name", () => {
    const [problem] = structureProblems({
      files: new Map(),
      errorsPage: "| `NoRuleAtAll` | w | n |",
      codeGroups: [group],
    });
    expect(problem).toContain("the reason code NoRule is not in docs/reference/errors.md");
  });
});

describe("docs/reference/errors.md", () => {
  const page = readFileSync(new URL("../../../docs/reference/errors.md", import.meta.url), "utf8");

  test("is what the tables of codes generate", async () => {
    expect(page).toBe(await errorsPage(codeGroups));
  });

  test("documents every code of every group, once in each", () => {
    expect(undocumentedCodes(page, codeGroups)).toEqual([]);
    for (const { codes } of codeGroups) {
      for (const { when, next } of Object.values(codes)) expect([when, next]).not.toContain("");
    }
  });

  test("keeps its table whole when a text holds the table's own delimiter", async () => {
    const codes = { A: { when: "x | y", next: "n" } };
    expect(await errorsPage([{ title: "T", introduction: "I", codes }])).toMatch(/\| `A` +\| x \\\| y +\| n /);
  });
});
