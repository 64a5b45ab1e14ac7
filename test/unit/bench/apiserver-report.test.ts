import { expect, test } from "vitest";
import { renderApiserver } from "../../bench/apiserver/report.ts";
import { groupRound, results, sample } from "./apiserver-results.ts";

test("each cell stands in the table of its approvals with its ratio to the floor", () => {
  const text = renderApiserver(results({ groups: [groupRound({ deny: sample("deny", 500) }, { approvals: 1000 })] }));
  const table = text.slice(text.indexOf("### 1,000 approvals"));
  expect(table).toMatch(/\| one agent \| 1 \| `floor` \| 1,000 \| ± 10 % \|/);
  expect(table).toMatch(/\| one agent \| 1 \| `deny` \| 500 \| 50 % \|/);
  expect(table).not.toContain("`counted` |");
});

test("why nothing was counted is said", () => {
  expect(renderApiserver(results())).toContain("`counted` is not available: maxUses is refused.");
});

test("figures of other engines are ratios to their own floor and marked as not measured", () => {
  const text = renderApiserver(results());
  expect(text).toContain("**not measured in this run**");
  expect(text).toContain("| Kyverno (CEL, informer) | 57 % | 25 % | 2 % | given |");
});

test("a run that left everything out still gives a report", () => {
  expect(renderApiserver(results())).toContain("not measured");
});
