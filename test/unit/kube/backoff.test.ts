import { describe, expect, test } from "vitest";
import { createBackoff, type Backoff } from "../../../src/kube/backoff.ts";

function backoff(random = 1): Backoff {
  return createBackoff({ initialMs: 100, maxMs: 1_000, resetAfterMs: 10_000, random: () => random });
}

function waits(of: Backoff, healthyForMs: readonly number[]): readonly number[] {
  return healthyForMs.map((ms) => of.next(ms));
}

describe("a backoff", () => {
  test("doubles up to its limit, for ever", () => {
    expect(waits(backoff(), [0, 0, 0, 0, 0, 0])).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    const patient = backoff();
    for (let failures = 0; failures < 2_000; failures += 1) patient.next(0);
    expect(patient.next(0)).toBe(1_000);
  });

  test("is not reset by a success that did not last", () => {
    expect(waits(backoff(), [0, 0, 50, 50])).toEqual([100, 200, 350, 750]);
  });

  test("is reset by a healthy period, and takes up at once what had been healthy for longer than the pause", () => {
    const after = backoff();
    expect(waits(after, [0, 0, 0, 0, 10_000, 0])).toEqual([100, 200, 400, 800, 0, 200]);
  });

  test("varies by chance between half and the whole", () => {
    expect(backoff(0).next(0)).toBe(50);
    expect(backoff(0.5).next(0)).toBe(75);
  });

  test("is never shorter than what the server asks for, within reason", () => {
    expect(backoff().next(0, 7)).toBe(7_000);
    expect(backoff().next(60_000, 7)).toBe(7_000);
    expect(backoff().next(0, 0.01)).toBe(100);
    expect(backoff().next(0, 1e9)).toBe(60_000);
  });
});
