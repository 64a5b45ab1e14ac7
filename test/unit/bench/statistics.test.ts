import { expect, test } from "vitest";
import { parseCpuSeconds } from "../../bench/apiserver/process-cpu.ts";
import { mean, median, quantile } from "../../bench/statistics.ts";

test("the median is the middle value, or the mean of the middle two, whatever the order", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});

test("a quantile is one of the values, and the highest value for shares near one", () => {
  const values = Float64Array.from({ length: 100 }, (_, index) => index);
  expect(quantile(values, 0.5)).toBe(50);
  expect(quantile(values, 0.99)).toBe(99);
  expect(quantile(values, 1)).toBe(99);
  expect(quantile(new Float64Array(), 0.5)).toBe(0);
});

test("the mean of nothing is no number", () => {
  expect(mean([1, 2, 6])).toBe(3);
  expect(mean([])).toBeNaN();
});

test("CPU seconds are user and system time, even when the command's name holds spaces and parentheses", () => {
  const stat = "4711 (a (b) c) S 1 4711 4711 0 -1 4194304 103 0 0 0 250 50 7 7 20 0 1 0 1222085 3133440 416";
  expect(parseCpuSeconds(stat)).toBe(3);
});
