import type { KubeClient } from "./client.ts";
import type { KubeClock } from "./clock.ts";
import { isExpired, KubeError } from "./kube-error.ts";
import type { ReflectorLimits } from "./reflector-limits.ts";
import { collectionPath, type KubeObject, objectKey, type ResourceRef } from "./resource.ts";
import { isSameVersion, type Store, type StoreChange } from "./store.ts";
import { MalformedEvent, parseWatchEvent, type WatchEvent } from "./watch-event.ts";
import { startWatchdog, type WatchdogReason } from "./watchdog.ts";

/** Why one watch ended. */
export type WatchEnding =
  | { readonly kind: "closed" | WatchdogReason | "stopped"; readonly error?: undefined }
  /** 410, at connect or as an ERROR event: the version to resume from is too old. */
  | { readonly kind: "expired"; readonly error: unknown }
  | { readonly kind: "error_event"; readonly error: unknown }
  | { readonly kind: "malformed"; readonly error: unknown }
  /** Refused at connect, or cut off. */
  | { readonly kind: "failed"; readonly error: unknown };

export interface WatchSessionOptions<T> {
  readonly client: KubeClient;
  readonly resource: ResourceRef;
  readonly namespace: string | undefined;
  readonly store: Store<T>;
  readonly clock: KubeClock;
  readonly random: () => number;
  readonly limits: ReflectorLimits;
  readonly stop: AbortSignal;
  /** Ms until the whole collection is due. */
  readonly relistMs: number;
  /** Where to go on from; undefined: the initial events are asked for and replace the store's content. */
  readonly resumeFrom: string | undefined;
  readonly onOpen: () => void;
  readonly onContact: () => void;
  /** Called before each event and bookmark that follows the initial ones; false when it comes too late to count. */
  readonly heard: () => boolean;
  /** The store has been replaced; `differences` is how many objects it had wrong. */
  readonly onReplaced: (differences: number) => void;
  readonly onEvent: () => void;
}

/** Runs one watch to its end, applying every event to the store in order. Never throws. */
export async function runWatch<T extends KubeObject>(options: WatchSessionOptions<T>): Promise<WatchEnding> {
  const { clock, limits, resource } = options;
  const [min, max] = limits.watchSeconds;
  const timeoutSeconds = Math.round(min + options.random() * (max - min));
  const abort = new AbortController();
  const onStop = (): void => abort.abort();
  let fired: WatchdogReason | undefined;
  let opened = false;
  let over = false;
  // Undefined once the initial events are over: from then on events go straight to the store.
  let initial: Map<string, T> | undefined = options.resumeFrom === undefined ? new Map() : undefined;
  const watchdog = startWatchdog({
    clock,
    silenceMs: initial === undefined ? limits.silence : limits.initialSilence,
    overlongMs: timeoutSeconds * 1000 + limits.killAfter,
    relistMs: options.relistMs,
    onFire: (reason) => {
      fired ??= reason;
      abort.abort();
    },
  });

  function finishInitialEvents(content: Map<string, T>, resourceVersion: string): void {
    initial = undefined;
    watchdog.setSilenceLimit(limits.silence);
    options.onReplaced(options.store.replace(content.values(), resourceVersion));
  }

  // Nothing here may wait: an event is applied before the next line is looked at.
  function onLine(line: string): void {
    if (over) return;
    const event: WatchEvent<T> = parseWatchEvent(line, resource);
    if (event.kind === "change") options.onEvent();
    if (initial !== undefined) {
      if (event.kind === "change") collect(initial, event.change, options.store);
      else if (event.initialEventsEnd) finishInitialEvents(initial, event.resourceVersion);
      return;
    }
    if (!options.heard()) {
      over = true;
      fired ??= "silent";
      abort.abort();
      return;
    }
    if (event.kind === "change") options.store.apply(event.change);
    else options.store.bookmark(event.resourceVersion);
  }

  options.stop.addEventListener("abort", onStop, { once: true });
  if (options.stop.aborted) onStop();
  try {
    await options.client.watch({
      path: collectionPath(resource, options.namespace),
      query: { ...startOf(options.resumeFrom), allowWatchBookmarks: true, timeoutSeconds },
      signal: abort.signal,
      connectTimeoutMs: limits.initialSilence,
      onOpen: () => {
        opened = true;
        watchdog.touch();
        options.onContact();
        options.onOpen();
      },
      onBytes: () => {
        watchdog.touch();
        options.onContact();
      },
      onLine,
    });
    return { kind: "closed" };
  } catch (error) {
    if (options.stop.aborted) return { kind: "stopped" };
    if (fired !== undefined) return { kind: fired };
    if (isExpired(error)) return { kind: "expired", error };
    if (error instanceof MalformedEvent) return { kind: "malformed", error };
    if (opened && error instanceof KubeError) return { kind: "error_event", error };
    return { kind: "failed", error };
  } finally {
    over = true;
    watchdog.stop();
    options.stop.removeEventListener("abort", onStop);
  }
}

/** KEP-3157: without `resourceVersionMatch` it is a 422, without bookmarks the end would not be marked. */
function startOf(resumeFrom: string | undefined): Readonly<Record<string, string | boolean>> {
  return resumeFrom === undefined
    ? { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" }
    : { resourceVersion: resumeFrom };
}

/** What has not changed is not held twice, even for the while of a relist. */
function collect<T extends KubeObject>(content: Map<string, T>, change: StoreChange<T>, store: Store<T>): void {
  const key = objectKey(change.object);
  const known = store.get(key);
  if (change.type === "deleted") content.delete(key);
  else content.set(key, known !== undefined && isSameVersion(known, change.object) ? known : change.object);
}
