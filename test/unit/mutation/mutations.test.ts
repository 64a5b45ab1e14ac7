import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { mutations } from "../../mutation/mutations.ts";

const inTree = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

// `npm run mutate` takes minutes and is not run at each change: this keeps it able to run.
test("what a mutation takes out stands once in its file, and the tests that must notice exist", () => {
  const stale = mutations.filter(({ file, source, tests }) => {
    const parts = readFileSync(inTree(`src/${file}`), "utf8").split(source);
    return parts.length !== 2 || !tests.every((name) => existsSync(inTree(`test/unit/${name}`)));
  });
  expect(stale.map(({ file, name }) => `${file}: ${name}`)).toEqual([]);
  expect(mutations.length).toBeGreaterThan(300);
});
