import { describe, expect, test } from "vitest";
import { createFreshness } from "../../../src/kube/freshness.ts";

const limit = 180_000;

/** A freshness whose clocks the test sets; the monotonic one and the wall's. */
function bench() {
  const clock = { monotonic: 0, wall: 0 };
  const freshness = createFreshness({ now: () => clock.monotonic, wall: () => clock.wall }, limit);
  const pass = (ms: number): void => {
    clock.monotonic += ms;
    clock.wall += ms;
  };
  return { ...freshness, clock, pass };
}

describe("a watch is silent", () => {
  test("until everything has been read once", () => {
    const { silent, heard, readInFull, instant } = bench();
    expect([silent(), heard()]).toEqual([true, false]);
    readInFull(instant());
    expect(silent()).toBe(false);
  });

  test("three minutes after the last line", () => {
    const { silent, heard, readInFull, instant, pass } = bench();
    readInFull(instant());
    pass(limit);
    expect([silent(), heard()]).toEqual([false, true]);
    pass(limit);
    expect(silent()).toBe(false);
    pass(1);
    expect(silent()).toBe(true);
  });

  test("although lines come that waited meanwhile, until everything has been read again", () => {
    const { silent, heard, readInFull, instant, pass } = bench();
    readInFull(instant());
    pass(limit + 1);
    expect([heard(), heard(), silent()]).toEqual([false, false, true]);
    readInFull(instant());
    expect([silent(), heard()]).toEqual([false, true]);
  });

  test("when reading everything took so long that it is old by now", () => {
    const { silent, readInFull, instant, pass } = bench();
    const begun = instant();
    pass(limit + 1);
    readInFull(begun);
    expect(silent()).toBe(true);
  });

  test.each([
    ["a machine that slept, whose monotonic clock stood still", { wall: limit + 1 }],
    ["a wall clock that was set back, while time went on", { wall: -3_600_000, monotonic: limit + 1 }],
  ])("on %s", (_, { wall, monotonic = 0 }: { readonly wall: number; readonly monotonic?: number }) => {
    const { silent, readInFull, instant, clock } = bench();
    readInFull(instant());
    clock.wall += wall;
    clock.monotonic += monotonic;
    expect(silent()).toBe(true);
  });
});
