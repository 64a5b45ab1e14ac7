import { expect, test } from "vitest";
import { parseApiserverOptions } from "../../bench/apiserver/options.ts";
import { nameOfGroup, planGroups } from "../../bench/apiserver/plan.ts";

test("a whole run has 10, 1,000 and 10,000 approvals, concurrency 1, 8 and 32, one agent and eight", () => {
  const options = parseApiserverOptions([]);
  if (options === "help") throw new Error("no help was asked for");
  expect(options.whole).toBe(true);
  expect(options.counts).toEqual([10, 1000, 10_000]);
  expect(new Set(planGroups(options.counts).map(nameOfGroup)).size).toBe(18);
});

test("only a whole run may write the page", () => {
  expect(() => parseApiserverOptions(["--write", "--quick"])).toThrow(/whole run/);
  expect(() => parseApiserverOptions(["--write", "--only", "eight"])).toThrow(/whole run/);
  expect(() => parseApiserverOptions(["--write", "--approvals", "10"])).toThrow(/whole run/);
  expect(parseApiserverOptions(["--write"])).toMatchObject({ write: true });
});

test("numbers of approvals that are not whole or not ascending are refused: approvals only become more", () => {
  expect(parseApiserverOptions(["--approvals", "5,50"])).toMatchObject({ counts: [5, 50], whole: false });
  for (const wrong of ["", "50,5", "5,5", "0", "1.5", "ten", "5,", "1000000"]) {
    expect(() => parseApiserverOptions(["--approvals", wrong])).toThrow(/ascending/);
  }
});
