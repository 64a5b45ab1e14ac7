import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Metrics } from "./metrics.ts";

/** Milliseconds between samples; a window holds about 200 of them, so that one pause alone does not make the p99. */
const resolution = 10;
const windowLength = 2_000;

export interface EventLoopLag {
  /** 99th percentile of the last full window, milliseconds beyond the sampling interval. */
  readonly p99: () => number;
  readonly stop: () => void;
}

/** Watches how late the event loop runs its timers; also sets `writ_event_loop_lag_seconds`. */
export const watchEventLoopLag = (metrics: Metrics): EventLoopLag => {
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  let p99 = 0;
  const timer = setInterval(() => {
    p99 = Math.max(0, histogram.percentile(99) / 1e6 - resolution);
    histogram.reset();
    metrics.eventLoopLag.set(p99 / 1_000);
  }, windowLength);
  timer.unref();
  return {
    p99: () => p99,
    stop: () => {
      clearInterval(timer);
      histogram.disable();
    },
  };
};
