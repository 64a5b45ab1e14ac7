export type Indexer<T> = (object: T) => readonly string[];

/** One index of a store: value to objects, kept up with every change. */
export interface StoreIndex<T> {
  lookup(value: string): readonly T[];
  add(object: T): void;
  remove(object: T): void;
}

/**
 * Arrays are replaced, never changed, so what a reader has been handed stays as it was.
 * An indexer that throws on a hostile object leaves it out of the index and is reported.
 */
export function createStoreIndex<T>(
  indexer: Indexer<T>,
  initial: Iterable<T>,
  onError: (error: unknown) => void,
): StoreIndex<T> {
  const buckets = new Map<string, readonly T[]>();

  function valuesOf(object: T): ReadonlySet<string> {
    try {
      return new Set(indexer(object));
    } catch (error) {
      onError(error);
      return new Set();
    }
  }

  function load(): void {
    const growing = new Map<string, T[]>();
    for (const object of initial) {
      for (const value of valuesOf(object)) {
        const bucket = growing.get(value);
        if (bucket === undefined) growing.set(value, [object]);
        else bucket.push(object);
      }
    }
    for (const [value, bucket] of growing) buckets.set(value, bucket);
  }

  load();
  return {
    lookup: (value) => buckets.get(value) ?? [],
    add: (object) => {
      for (const value of valuesOf(object)) buckets.set(value, [...(buckets.get(value) ?? []), object]);
    },
    remove: (object) => {
      for (const value of valuesOf(object)) {
        const rest = (buckets.get(value) ?? []).filter((other) => other !== object);
        if (rest.length === 0) buckets.delete(value);
        else buckets.set(value, rest);
      }
    },
  };
}
