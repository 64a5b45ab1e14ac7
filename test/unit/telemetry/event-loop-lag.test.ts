import { expect, test, vi } from "vitest";
import { watchEventLoopLag } from "../../../src/telemetry/event-loop-lag.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";

test("a blocked event loop shows in the percentile and in the metric; stopping ends the watch", async () => {
  const metrics = createMetrics();
  const lag = watchEventLoopLag(metrics);
  expect(lag.p99()).toBe(0);
  const block = setInterval(() => {
    const until = performance.now() + 40;
    while (performance.now() < until);
  }, 50);
  await vi.waitFor(() => expect(lag.p99()).toBeGreaterThan(10), { timeout: 10_000 });
  clearInterval(block);
  lag.stop();
  const { values } = await metrics.eventLoopLag.get();
  expect(values[0]?.value).toBe(lag.p99() / 1_000);
});
