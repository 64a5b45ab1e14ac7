import Ajv2020 from "ajv/dist/2020.js";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { describe, expect, test } from "vitest";
import { catalogue } from "../../../src/lint/catalogue.ts";
import { lint } from "../../../src/lint/lint.ts";
import { jsonReport, textReport } from "../../../src/lint/report.ts";
import { isAtLeast, severities } from "../../../src/lint/severity.ts";
import { bound, facts, read, rule } from "./facts.ts";

const page = join(import.meta.dirname, "../../../docs/reference/lint.md");
const everyKind = facts({
  ...bound([rule("*", "*", "*", "a\u001b[31mb")]),
  tokenSecrets: read({ namespace: "agents", name: "token", account: "payments-bot" }),
  roles: { items: [], unread: ["roles: 403 Forbidden"] },
});

describe("the report", () => {
  test("in JSON is what the page's schema says, and counts each finding once", async () => {
    const [, schema = ""] = /```json\n(\{\s*"\$schema".*?)```/s.exec(readFileSync(page, "utf8")) ?? [];
    const validate = new Ajv2020.Ajv2020({ strict: true }).compile(JSON.parse(schema) as object);
    const report = jsonReport(lint(everyKind));
    expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
    expect(Object.values(report.summary).reduce((sum, count) => sum + count)).toBe(report.findings.length);
    expect(report.findings.some(({ grant }) => grant !== undefined)).toBe(true);
  });

  test("in text shows the way by which a right is granted, and no control character", () => {
    const text = textReport(lint(everyKind));
    expect(text.join("\n")).toContain(
      "by:   ServiceAccount payments-bot in ClusterRoleBinding/binding -> ClusterRole/role -> rules[0]",
    );
    expect(text.join("")).not.toMatch(/\p{Cc}/u);
    expect(text.at(-1)).toMatch(/^\d+ critical, \d+ high, \d+ medium, \d+ low, \d+ info$/);
  });

  test("is the same for the same facts in another order, worst first", () => {
    const findings = lint(everyKind);
    const { owners, capabilities } = everyKind;
    const reversed = { ...everyKind, owners: read(...owners.items.toReversed()), capabilities };
    expect(lint(reversed)).toEqual(findings);
    const order = findings.map(({ severity }) => severities.indexOf(severity));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  test("a threshold holds what is as bad or worse", () => {
    expect(severities.filter((severity) => isAtLeast(severity, "medium"))).toEqual(["critical", "high", "medium"]);
  });
});

describe("docs/reference/lint.md", () => {
  // Written anew by: npx vitest run --project unit test/unit/lint/report.test.ts -u
  test("has the catalogue's findings, each with all of its texts", async () => {
    const [head = ""] = readFileSync(page, "utf8").split("<!-- findings -->");
    const rows = Object.entries(catalogue).map(([id, entry]) => {
      const note = "severityNote" in entry ? ` (${entry.severityNote})` : "";
      return `| ${id} | ${entry.severities.join(", ")}${note} | ${entry.title} | ${entry.why} | ${entry.cure} |`;
    });
    const table = ["| id | severity | finding | why it matters | cure |", "|---|---|---|---|---|", ...rows];
    const text = `${head}<!-- findings -->\n\n${table.join("\n")}\n`;
    await expect(await format(text, { parser: "markdown", printWidth: 120 })).toMatchFileSnapshot(page);
  });
});
