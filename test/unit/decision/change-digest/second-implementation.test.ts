import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { expect, test } from "vitest";
import { computeDigest } from "../../../digests/compute.ts";
import type { DigestInput } from "../../../digests/compute.ts";
import { randomLine } from "../../../digests/random-input.ts";
import { randomOf } from "../oracle/random.ts";

const program = join(import.meta.dirname, "../../../digests/digests.py");
const hasPython = spawnSync("python3", ["--version"]).status === 0;

test.skipIf(!hasPython)("a second implementation agrees on 1,000 random objects (skipped without python3)", () => {
  const seed = randomInt(2 ** 31);
  const random = randomOf(seed, "digests");
  const lines = Array.from({ length: 1000 }, () => randomLine(random));
  const run = spawnSync("python3", [program], { input: `${lines.join("\n")}\n`, encoding: "utf8" });
  expect(run.stderr).toBe("");
  const theirs = run.stdout.trimEnd().split("\n");
  const ours = lines.map((line) => computeDigest(JSON.parse(line) as DigestInput));
  const disagreements = lines.flatMap((line, index) =>
    ours[index] === theirs[index] ? [] : [{ seed, line, ours: ours[index], theirs: theirs[index] }],
  );
  expect(disagreements.slice(0, 3)).toEqual([]);
  expect(theirs).toHaveLength(1000);
  // Both kinds of answer are compared, and digests that are all different prove nothing of each other.
  expect(ours.filter((digest) => digest !== "refused").length).toBeGreaterThan(500);
  expect(ours.filter((digest) => digest === "refused").length).toBeGreaterThan(20);
});
