import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));

test.each([
  [["lint", "--config", "x", "--output", "xml"], 'unknown output "xml"; known are text and json'],
  [["lint", "--config", "x", "--fail-on", "info"], "known are critical, high, medium, low, none"],
])("writ %j is a mistake of usage", (words, message) => {
  // A configuration that does not exist would be another error: the words are looked at first.
  const { status, stderr, stdout } = spawnSync(process.execPath, [main, ...words], { encoding: "utf8" });
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toContain(message);
});
