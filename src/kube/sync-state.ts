import type { KubeClock } from "./clock.ts";

/** What a reflector knows about how good its store is. */
export interface SyncState {
  readonly synced: () => boolean;
  readonly whenSynced: () => Promise<void>;
  readonly lastContact: () => number | undefined;
  readonly contact: () => void;
  /** A watch now keeps the store current. */
  readonly live: () => void;
  /** That watch is over. */
  readonly lost: () => void;
  /** How long the watch that ended last was live. */
  readonly livedMs: () => number;
  /** The store's content means nothing any more. */
  readonly forget: () => void;
  /** Nobody will become synced any more. */
  readonly close: () => void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Synced means: a watch is live, or was within `lostMs`. It is asked, not told, so no timer can be missed. */
export function createSyncState(clock: KubeClock, lostMs: number): SyncState {
  let liveSince: number | undefined;
  let lostSince: number | undefined;
  let lived = 0;
  let contactAt: number | undefined;
  let closed = false;
  let waiters: readonly Waiter[] = [];

  function synced(): boolean {
    if (liveSince !== undefined) return true;
    return lostSince !== undefined && clock.now() - lostSince <= lostMs;
  }

  return {
    synced,
    whenSynced: () => {
      if (closed) return Promise.reject(new Error("the reflector has been stopped"));
      if (synced()) return Promise.resolve();
      return new Promise((resolve, reject) => {
        waiters = [...waiters, { resolve, reject }];
      });
    },
    lastContact: () => contactAt,
    contact: () => {
      contactAt = clock.now();
    },
    live: () => {
      liveSince = clock.now();
      lostSince = undefined;
      for (const waiter of waiters) waiter.resolve();
      waiters = [];
    },
    lost: () => {
      lived = liveSince === undefined ? 0 : clock.now() - liveSince;
      if (liveSince !== undefined) lostSince = clock.now();
      liveSince = undefined;
    },
    livedMs: () => lived,
    forget: () => {
      lostSince = undefined;
    },
    close: () => {
      closed = true;
      liveSince = undefined;
      for (const waiter of waiters) waiter.reject(new Error("the reflector has been stopped"));
      waiters = [];
    },
  };
}
