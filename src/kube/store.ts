import { objectKey, type KubeObject } from "./resource.ts";
import { describeError, noMetrics, silentLog, type KubeLog, type KubeMetrics } from "./telemetry.ts";

export type StoreEvent<T> =
  | { readonly type: "added"; readonly object: T }
  | { readonly type: "modified"; readonly object: T; readonly previous: T }
  | { readonly type: "deleted"; readonly object: T };

export type StoreListener<T> = (event: StoreEvent<T>) => void;

/** What a watch said about one object. */
export interface StoreChange<T> {
  readonly type: "added" | "modified" | "deleted";
  readonly object: T;
}

/** The objects of one kind as last seen, with indexes. Every method is synchronous. */
export interface Store<T> {
  /** `key` is `namespace/name`, or `name` when cluster-scoped. */
  get(key: string): T | undefined;
  list(): readonly T[];
  readonly size: number;
  /** What the collection was last said to be at; opaque: compare for equality only. */
  readonly resourceVersion: string | undefined;
  /**
   * The objects whose indexer gave `value`. One lookup; do not keep the array over an await, since
   * later changes may replace it. An index that was never declared throws.
   */
  byIndex(index: string, value: string): readonly T[];
  /**
   * Makes the store hold exactly these objects. Readers see the old or the new content, nothing
   * between; listeners then hear the differences, deletions first. Returns how many there were.
   */
  replace(objects: Iterable<T>, resourceVersion: string): number;
  apply(change: StoreChange<T>): void;
  /** Advances the version without a change, for a bookmark. */
  bookmark(resourceVersion: string): void;
  /** Returns a function that ends the subscription. A listener must only take note, not work. */
  subscribe(listener: StoreListener<T>): () => void;
}

export interface StoreOptions<T> {
  readonly indexers?: Readonly<Record<string, (object: T) => readonly string[]>>;
  readonly log?: KubeLog;
  readonly metrics?: KubeMetrics;
}
