import { type Backoff, createBackoff } from "./backoff.ts";
import type { KubeClient } from "./client.ts";
import { type KubeClock, sleep, systemClock } from "./clock.ts";
import { createFreshness, type Instant } from "./freshness.ts";
import { KubeError } from "./kube-error.ts";
import { listAll } from "./paged-list.ts";
import { defaultReflectorLimits, type ReflectorLimits } from "./reflector-limits.ts";
import { type KubeObject, resourceName, type ResourceRef } from "./resource.ts";
import type { Store } from "./store.ts";
import { createSyncState } from "./sync-state.ts";
import { describeError, type KubeLog, type KubeMetrics, noMetrics, silentLog } from "./telemetry.ts";
import { runWatch, type WatchEnding } from "./watch-session.ts";

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient;
  readonly resource: ResourceRef;
  /** Only this namespace's objects; absent: all. */
  readonly namespace?: string;
  readonly store: Store<T>;
  readonly limits?: Partial<ReflectorLimits>;
  readonly clock?: KubeClock;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly log?: KubeLog;
  readonly metrics?: KubeMetrics;
}

/** Keeps a store equal to a collection of the API server, for ever, whatever happens on the way. */
export interface Reflector {
  readonly resource: ResourceRef;
  /** The store's content has been read in full and a watch keeps it so, or did until a moment ago. */
  readonly synced: boolean;
  /** Resolves when synced, rejects when stopped before. */
  whenSynced(): Promise<void>;
  /** Monotonic ms (of the given clock) at which the API server was last heard; undefined: never. */
  readonly lastContact: number | undefined;
  /**
   * Ms since the API server was last heard. A healthy quiet watch is heard once a minute, so a limit
   * must lie above that. Infinity before the first contact.
   */
  age(): number;
  /**
   * Neither an event nor a bookmark for `unheard` ms, and no full read begun since. Such a store may have missed any
   * change; `synced` may still be true.
   */
  readonly silent: boolean;
  /** Resolves when nothing of the reflector runs any more. The store keeps its content. */
  stop(): Promise<void>;
}

export function startReflector<T extends KubeObject>(options: ReflectorOptions<T>): Reflector {
  const { client, resource, store } = options;
  const limits = { ...defaultReflectorLimits, ...options.limits };
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const log = options.log ?? silentLog;
  const metrics = options.metrics ?? noMetrics;
  const name = resourceName(resource);
  const abort = new AbortController();
  const stop = abort.signal;
  const backoff: Backoff = createBackoff({
    initialMs: limits.backoffInitial,
    maxMs: limits.backoffMax,
    resetAfterMs: limits.healthy,
    random,
  });
  const state = createSyncState(clock, limits.lost);
  const freshness = createFreshness(clock, limits.unheard);
  let relistAt = clock.now();
  /** The store holds the whole collection as of some version that a watch can go on from. */
  let complete = false;
  let healing = false;
  let streaming: "yes" | "not this time" | "never" = "yes";

  function replaced(differences: number, begun: Instant): void {
    complete = true;
    freshness.readInFull(begun);
    metrics.count("list", { resource: name, outcome: "ok" });
    if (healing && differences > 0) metrics.count("relist_healed", { resource: name });
    log.info({ resource: name, objects: store.size, differences }, "cache read in full");
  }

  async function readByList(): Promise<string> {
    const begun = freshness.instant();
    const listing = await listAll<T>({
      client,
      resource,
      namespace: options.namespace,
      pageSize: limits.pageSize,
      timeoutMs: limits.initialSilence,
      signal: stop,
      onPage: state.contact,
      onExpired: () => metrics.count("list_expired", { resource: name }),
    });
    stop.throwIfAborted();
    replaced(store.replace(listing.objects, listing.resourceVersion), begun);
    return listing.resourceVersion;
  }

  /** One attempt, from the reading of the collection (where due) to the end of the watch. */
  async function attempt(resumeFrom: string | undefined): Promise<WatchEnding> {
    let from = resumeFrom;
    complete = resumeFrom !== undefined;
    if (!complete) relistAt = clock.now() + limits.relist * (1 - random() / 5);
    if (from === undefined && streaming !== "yes") {
      try {
        from = await readByList();
        if (streaming === "not this time") streaming = "yes";
      } catch (error) {
        metrics.count("list", { resource: name, outcome: "failed" });
        return stop.aborted ? { kind: "stopped" } : { kind: "failed", error };
      }
    }
    const begun = freshness.instant();
    return await runWatch({
      client,
      resource,
      namespace: options.namespace,
      store,
      clock,
      random,
      limits,
      stop,
      relistMs: Math.max(0, relistAt - clock.now()),
      resumeFrom: from,
      onOpen: () => {
        metrics.count("watch_started", { resource: name });
        if (from !== undefined) state.live();
      },
      onContact: state.contact,
      heard: freshness.heard,
      onReplaced: (differences) => {
        replaced(differences, begun);
        state.live();
      },
      onEvent: () => metrics.count("watch_event", { resource: name }),
    });
  }

  function report(ending: WatchEnding): void {
    metrics.count("watch_ended", { resource: name, reason: ending.kind });
    if (ending.error === undefined) return;
    log.warn({ resource: name, reason: ending.kind, error: describeError(ending.error) }, "watch ended");
  }

  async function run(): Promise<void> {
    let resumeFrom: string | undefined;
    while (!stop.aborted) {
      const wasSynced = state.synced();
      const ending = await attempt(resumeFrom);
      if (ending.kind === "stopped" || stop.aborted) return;
      state.lost();
      report(ending);
      if (isMissing(ending)) state.forget();
      if (!complete) chooseNextRead(ending);
      if (ending.kind === "silent" || ending.kind === "overlong") client.suspectWatches();
      resumeFrom = complete && resumable[ending.kind] && !isMissing(ending) ? store.resourceVersion : undefined;
      healing = ending.kind === "relist_due";
      if (ending.kind !== "relist_due") {
        await sleep(clock, backoff.next(state.livedMs(), retryAfter(ending)), stop);
      }
      if (freshness.silent()) resumeFrom = undefined;
      // After a long gap the history may have been compacted unseen: read everything.
      if (!state.synced()) {
        resumeFrom = undefined;
        if (wasSynced) {
          metrics.count("sync_lost", { resource: name });
          log.warn({ resource: name }, "cache no longer counts as synced");
        }
      }
    }
  }

  /** Servers before 1.32, or with the feature off, refuse initial events, or ignore that they were asked. */
  function chooseNextRead(ending: WatchEnding): void {
    if (streaming !== "yes") return;
    const status = ending.error instanceof KubeError ? ending.error.status : 0;
    if (ending.kind === "failed" && (status === 400 || status === 422)) streaming = "never";
    else if (ending.kind === "silent") streaming = "not this time";
  }

  const running = run().finally(state.close);
  return {
    resource,
    get synced() {
      return !stop.aborted && state.synced();
    },
    whenSynced: state.whenSynced,
    get silent() {
      return freshness.silent();
    },
    get lastContact() {
      return state.lastContact();
    },
    age: () => clock.now() - (state.lastContact() ?? Number.NEGATIVE_INFINITY),
    stop: async () => {
      abort.abort();
      await running;
    },
  };
}

/** Whether the store is still sound after such an end, so that the next watch may go on from its version. */
const resumable: Readonly<Record<WatchEnding["kind"], boolean>> = {
  closed: true,
  overlong: true,
  failed: true,
  // A version from the future (of a restored etcd) is met with silence, not with an error.
  silent: false,
  relist_due: false,
  expired: false,
  malformed: false,
  error_event: false,
  stopped: false,
};

/** The kind itself is not there (yet, or any more). */
function isMissing(ending: WatchEnding): boolean {
  return ending.error instanceof KubeError && ending.error.status === 404;
}

function retryAfter(ending: WatchEnding): number | undefined {
  return ending.error instanceof KubeError ? ending.error.retryAfterSeconds : undefined;
}
