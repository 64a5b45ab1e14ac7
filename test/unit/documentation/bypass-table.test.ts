import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const repository = new URL("../../../", import.meta.url);
const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, repository)), "utf8");

/** The cells of each row, by its number. */
const rows = read("docs/reference/threat-model.md")
  .split("\n")
  .filter((line) => /^\| B\d\d /.test(line))
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .map(([, number = "", , state = "", by = ""]) => ({ number, state, by }));

const expected = Array.from({ length: 57 }, (_, index) => `B${String(index + 1).padStart(2, "0")}`);

test("the table of ways round a webhook has every row once, in order", () => {
  expect(rows.map(({ number }) => number)).toEqual(expected);
});

test("every row says where it stands", () => {
  const silent = rows.filter(({ state, by }) => state === "" || by === "");
  expect(silent).toEqual([]);
});

test("every file that it names exists, and its tests of the suite bear the number of a row", () => {
  for (const { number, by } of rows) {
    for (const [file] of by.matchAll(/test\/[\w/.-]+\.ts/g)) {
      expect([number, file, existsSync(new URL(file, repository))]).toEqual([number, file, true]);
    }
    const suite = [...by.matchAll(/(test\/cluster\/bypass\/[\w/.-]+\.ts)(?: \((B\d\d)\))?/g)];
    for (const [, file = "", other = number] of suite) {
      expect([number, file, read(file).includes(`"${other} `)]).toEqual([number, file, true]);
    }
  }
});

test("every test of the suite stands in the table", () => {
  const files = ["authority", "deletions", "gate", "identities", "pods"].map(
    (name) => `test/cluster/bypass/${name}.test.ts`,
  );
  for (const file of files) {
    for (const [, number = ""] of read(file).matchAll(/"(B\d\d) /g)) {
      const row = rows.find((candidate) => candidate.number === number);
      expect([number, file, row?.by.includes(file)]).toEqual([number, file, true]);
    }
  }
});
