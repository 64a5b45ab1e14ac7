import { describe, expect, test } from "vitest";
import { formatTimestamp, parseTimestamp } from "../../../src/api/timestamp.ts";

describe("parseTimestamp", () => {
  test.each([
    ["1970-01-01T00:00:00Z", 0],
    ["2026-06-01T12:00:00Z", 1_780_315_200_000],
    ["2026-06-01T12:00:00.123Z", 1_780_315_200_123],
    ["2026-06-01T12:00:00.123456789Z", 1_780_315_200_123],
    ["2026-06-01T14:00:00+02:00", 1_780_315_200_000],
    ["2028-02-29T00:00:00Z", 1_835_395_200_000],
    ["2000-02-29T23:59:59Z", 951_868_799_000],
  ])("reads %s", (text, milliseconds) => {
    expect(parseTimestamp(text)).toBe(milliseconds);
  });

  test.each([
    "2026-02-29T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-01-32T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T25:00:00Z",
    "2026-01-01T23:60:00Z",
    "2026-01-01T23:59:60Z",
    "2026-01-01T00:00:00+24:00",
  ])("refuses the impossible %s", (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });

  test.each([
    "",
    "2026-01-01",
    "2026-01-01T00:00Z",
    "2026-01-01T00:00:00",
    "2026-01-01 00:00:00Z",
    "2026-01-01t00:00:00z",
    "2026-01-01T00:00:00Z\n",
    " 2026-01-01T00:00:00Z",
    "+002026-01-01T00:00:00Z",
    "1780315200000",
    "Mon, 01 Jun 2026 12:00:00 GMT",
    "2026-01-01T00:00:00.Z",
    "2026-01-01T00:00:00,5Z",
  ])("refuses the other form %j", (text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });

  test("an absent time is none", () => {
    expect(parseTimestamp(undefined)).toBeUndefined();
  });
});

test("formatTimestamp is read back as the same millisecond", () => {
  expect(formatTimestamp(1_780_315_200_123)).toBe("2026-06-01T12:00:00.123Z");
  expect(parseTimestamp(formatTimestamp(1_780_315_200_123))).toBe(1_780_315_200_123);
});
