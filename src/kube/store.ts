import { objectKey, type KubeObject } from "./resource.ts";
import { createStoreIndex, type Indexer, type StoreIndex } from "./store-index.ts";
import { describeError, noMetrics, silentLog, type KubeLog, type KubeMetrics } from "./telemetry.ts";

export type StoreEvent<T> =
  | { readonly type: "added"; readonly object: T }
  | { readonly type: "modified"; readonly object: T; readonly previous: T }
  | { readonly type: "deleted"; readonly object: T };

type StoreListener<T> = (event: StoreEvent<T>) => void;

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
   * The objects whose indexer gave `value`: one lookup, and an array that later changes leave alone.
   * An index that was never declared throws.
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
  readonly indexers?: Readonly<Record<string, Indexer<T>>>;
  readonly log?: KubeLog;
  readonly metrics?: KubeMetrics;
}

export function createStore<T extends KubeObject>(options: StoreOptions<T> = {}): Store<T> {
  const log = options.log ?? silentLog;
  const metrics = options.metrics ?? noMetrics;
  const listeners = new Set<StoreListener<T>>();
  let objects = new Map<string, T>();
  let indexes = buildIndexes(objects);
  let listed: readonly T[] | undefined;
  let version: string | undefined;

  function buildIndexes(content: ReadonlyMap<string, T>): ReadonlyMap<string, StoreIndex<T>> {
    return new Map(
      Object.entries(options.indexers ?? {}).map(([name, indexer]) => [
        name,
        createStoreIndex(indexer, content.values(), (error) => report(`the index ${name}`, error)),
      ]),
    );
  }

  function report(what: string, error: unknown): void {
    log.error({ error: describeError(error) }, `${what} failed on an object`);
    metrics.count("listener_failed");
  }

  function set(key: string, object: T): void {
    remove(key);
    objects.set(key, object);
    for (const index of indexes.values()) index.add(object);
    listed = undefined;
  }

  function remove(key: string): void {
    const previous = objects.get(key);
    if (previous === undefined) return;
    objects.delete(key);
    for (const index of indexes.values()) index.remove(previous);
    listed = undefined;
  }

  function notify(events: readonly StoreEvent<T>[]): void {
    for (const event of events) {
      for (const listener of listeners) {
        try {
          listener(event);
        } catch (error) {
          report("a listener", error);
        }
      }
    }
  }

  return {
    get: (key) => objects.get(key),
    list: () => (listed ??= [...objects.values()]),
    get size() {
      return objects.size;
    },
    get resourceVersion() {
      return version;
    },
    byIndex: (name, value) => {
      const index = indexes.get(name);
      if (index === undefined) throw new Error(`the store has no index "${name}"`);
      return index.lookup(value);
    },
    replace: (next, resourceVersion) => {
      const previous = objects;
      const content = new Map<string, T>();
      for (const object of next) {
        const key = objectKey(object);
        const known = previous.get(key);
        content.set(key, known !== undefined && isSameVersion(known, object) ? known : object);
      }
      const events = differences(previous, content);
      // All computed before the first assignment: no reader ever meets a half-filled store.
      const nextIndexes = buildIndexes(content);
      objects = content;
      indexes = nextIndexes;
      listed = undefined;
      version = resourceVersion;
      notify(events);
      return events.length;
    },
    apply: ({ type, object }) => {
      const key = objectKey(object);
      const previous = objects.get(key);
      version = object.metadata.resourceVersion ?? version;
      switch (type) {
        case "added":
        case "modified":
          set(key, object);
          notify(change(previous, object));
          return;
        case "deleted":
          // The deletion of a predecessor says nothing about the object that stands there now.
          if (previous === undefined || previous.metadata.uid !== object.metadata.uid) return;
          remove(key);
          notify([{ type: "deleted", object }]);
          return;
      }
    },
    bookmark: (resourceVersion) => {
      version = resourceVersion;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function differences<T extends KubeObject>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
): readonly StoreEvent<T>[] {
  const gone = [...before]
    .filter(([key]) => !after.has(key))
    .map(([, object]): StoreEvent<T> => ({ type: "deleted", object }));
  const rest = [...after].flatMap(([key, object]) => change(before.get(key), object));
  return [...gone, ...rest];
}

/** Another uid under the same name is another object: one has gone and one has come. */
function change<T extends KubeObject>(previous: T | undefined, object: T): readonly StoreEvent<T>[] {
  if (previous === undefined) return [{ type: "added", object }];
  if (previous.metadata.uid !== object.metadata.uid) {
    return [
      { type: "deleted", object: previous },
      { type: "added", object },
    ];
  }
  return isSameVersion(previous, object) ? [] : [{ type: "modified", object, previous }];
}

/** Versions are opaque: equal or not is all that they say. */
export function isSameVersion(a: KubeObject, b: KubeObject): boolean {
  return (
    a.metadata.uid === b.metadata.uid &&
    a.metadata.resourceVersion !== undefined &&
    a.metadata.resourceVersion === b.metadata.resourceVersion
  );
}
