import { describe, expect, test } from "vitest";
import { roundsOf } from "../../cluster/replicas/rounds.ts";
import { readSettings } from "../../cluster/replicas/settings.ts";

describe("the settings of the tests on several replicas", () => {
  test("come from the environment", () => {
    expect(readSettings({ WRIT_SEED: "7", WRIT_TRIALS: "2000", WRIT_USES: "10000" })).toEqual({
      seed: 7,
      trials: 2_000,
      uses: 10_000,
    });
  });

  test("have defaults that npm test has time for", () => {
    const { seed, trials, uses } = readSettings({ WRIT_TRIALS: "" });
    expect(Number.isInteger(seed)).toBe(true);
    expect([trials, uses]).toEqual([120, 1_000]);
  });

  test.each(["many", "-1", "1.5", "1e3"])("refuse %s trials", (text) => {
    expect(() => readSettings({ WRIT_TRIALS: text })).toThrow(`WRIT_TRIALS=${text}: expected a whole number`);
  });
});

describe("the rounds of trials", () => {
  test.each([1, 20, 150, 151, 2_000])(
    "of %i cover each trial once, and none is larger than a register bears",
    (trials) => {
      const rounds = roundsOf(trials);
      expect(rounds.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i))).toEqual(
        Array.from({ length: trials }, (_, i) => i),
      );
      for (const { from, to } of rounds) expect(to - from).toBeLessThanOrEqual(150);
    },
  );
});
