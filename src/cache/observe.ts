import type { Metrics } from "../telemetry/metrics.ts";
import type { WritCache } from "./writ-cache.ts";

const everySecond = 1000;

/** Exports the caches' state as metrics until the returned function is called. */
export function observeCache(cache: WritCache, metrics: Metrics): () => void {
  const observe = (): void => {
    for (const { kind, objects, synced, age } of cache.state()) {
      metrics.cacheObjects.set({ kind }, objects);
      metrics.cacheSynced.set({ kind }, synced ? 1 : 0);
      if (Number.isFinite(age)) metrics.cacheLastContact.set({ kind }, age / 1000);
    }
  };
  observe();
  const timer = setInterval(observe, everySecond);
  timer.unref();
  return () => clearInterval(timer);
}
