import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { effectTexts } from "./effect-text.ts";
import { requestForms } from "./request-forms.ts";

test.each(requestForms.map(({ request, ...rest }) => [request, rest] as const))("%s", (_, { review, effects }) => {
  expect(effectTexts(review)).toEqual(effects);
});

test("docs/reference/effects.md lists these forms, with these effects, and no others", async () => {
  const page = await readFile(join(import.meta.dirname, "../../../../docs/reference/effects.md"), "utf8");
  const cells = page
    .split("\n")
    .filter((line) => line.startsWith("| ") && line.includes("`"))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  const listed = cells.map(([, request = "", effects = ""]) => [request, effects]);
  expect(listed).toEqual(
    requestForms.map(({ request, effects }) => [request, effects.map((effect) => `\`${effect}\``).join(", ")]),
  );
});
