import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDuration, parseDuration } from "../../../src/api/duration.ts";

describe("parseDuration", () => {
  test.each([
    ["1h", 3_600_000],
    ["30m", 1_800_000],
    ["45s", 45_000],
    ["1h30m15s", 5_415_000],
    ["90m", 5_400_000],
    ["720h", 2_592_000_000],
    ["0s", 0],
  ])("reads %s", (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test.each([
    "",
    "1",
    "h",
    "1.5h",
    "-1h",
    "+1h",
    "1d",
    "1h 30m",
    "30m1h",
    "1h1h",
    "1H",
    "1h\n",
    " 1h",
    "1ms",
    "٣h",
    "1e3s",
    "9999999h",
  ])("refuses %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe("formatDuration", () => {
  test.each([
    [0, "0s"],
    [5_415_000, "1h30m15s"],
    [3_600_000, "1h"],
    [61_000, "1m1s"],
    [-5000, "0s"],
  ])("writes %d as %s", (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  test("is read back as the same whole seconds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
  });
});
