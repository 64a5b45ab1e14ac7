import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { withSection } from "../../bench/page.ts";

const page = [
  "# Performance",
  "<!-- apiserver: by hand of A -->",
  "old A",
  "<!-- end of apiserver -->",
  "between",
  "<!-- gate: by hand of G -->",
  "old G",
  "<!-- end of gate -->",
  "",
].join("\n");

test("a section is replaced between its marks and everything else stays", () => {
  const changed = withSection(page, "gate", "new G\n");
  expect(changed).toContain("<!-- gate: by hand of G -->\n\nnew G\n\n<!-- end of gate -->");
  expect(changed).toContain("old A");
  expect(changed).toContain("between");
  expect(changed).not.toContain("old G");
});

test("a page without one of the marks is refused rather than overwritten", () => {
  expect(() => withSection(page.replace("<!-- end of gate -->", ""), "gate", "new")).toThrow(/no section "gate"/);
  expect(() => withSection(page.replace("<!-- gate: by hand of G -->", ""), "gate", "new")).toThrow(
    /no section "gate"/,
  );
});

test("the performance page has both sections", () => {
  const real = readFileSync(new URL("../../../docs/reference/performance.md", import.meta.url), "utf8");
  for (const section of ["apiserver", "gate"] as const) {
    expect(withSection(real, section, "new figures")).toContain("new figures");
  }
});
