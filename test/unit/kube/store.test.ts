import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../../src/kube/resource.ts";
import { createStore, type StoreEvent } from "../../../src/kube/store.ts";

interface Thing extends KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly namespace?: string;
  };
  readonly tags: readonly string[];
}

function thing(name: string, options: Partial<{ uid: string; version: string; tags: readonly string[] }> = {}): Thing {
  const { uid = `uid-${name}`, version = "1", tags = [] } = options;
  return { metadata: { name, uid, resourceVersion: version }, tags };
}

function watched(): { store: ReturnType<typeof createStore<Thing>>; events: string[] } {
  const store = createStore<Thing>({ indexers: { tag: (object) => object.tags } });
  const events: string[] = [];
  store.subscribe((event: StoreEvent<Thing>) => {
    events.push(`${event.type} ${event.object.metadata.name} ${event.object.metadata.uid}`);
  });
  return { store, events };
}

describe("a store", () => {
  test("keys namespaced objects by namespace and name, others by name", () => {
    const store = createStore<KubeObject>();
    store.replace([{ metadata: { namespace: "a", name: "b", uid: "1" } }, { metadata: { name: "c", uid: "2" } }], "1");
    expect(store.get("a/b")?.metadata.uid).toBe("1");
    expect(store.get("c")?.metadata.uid).toBe("2");
    expect(store.get("b")).toBeUndefined();
  });

  test("tells of differences alone when its content is replaced, and how many there were", () => {
    const { store, events } = watched();
    store.replace([thing("stays"), thing("changes"), thing("goes")], "1");
    events.length = 0;
    expect(store.replace([thing("stays"), thing("changes", { version: "2" }), thing("comes")], "2")).toBe(3);
    expect(events).toEqual(["deleted goes uid-goes", "modified changes uid-changes", "added comes uid-comes"]);
    expect(store.resourceVersion).toBe("2");
  });

  test.each(["replace", "apply"] as const)(
    "tells a deletion and an addition when an object was deleted and created again unseen (%s)",
    (way) => {
      const { store, events } = watched();
      store.replace([thing("a", { uid: "old" })], "1");
      events.length = 0;
      const successor = thing("a", { uid: "new", version: "2" });
      if (way === "replace") store.replace([successor], "2");
      else store.apply({ type: "modified", object: successor });
      expect(events).toEqual(["deleted a old", "added a new"]);
      expect(store.get("a")).toBe(successor);
    },
  );

  test("does not let the deletion of a predecessor remove its successor", () => {
    const { store, events } = watched();
    store.replace([thing("a", { uid: "new" })], "1");
    events.length = 0;
    store.apply({ type: "deleted", object: thing("a", { uid: "old", version: "2" }) });
    expect(store.size).toBe(1);
    expect(events).toEqual([]);
  });

  test("hands out the previous object with a modification", () => {
    const store = createStore<Thing>();
    const before = thing("a");
    const after = thing("a", { version: "2" });
    const seen: StoreEvent<Thing>[] = [];
    store.replace([before], "1");
    store.subscribe((event) => seen.push(event));
    store.apply({ type: "modified", object: after });
    expect(seen).toEqual([{ type: "modified", object: after, previous: before }]);
  });

  test("is whole when a listener looks at it during a replacement", () => {
    const store = createStore<Thing>({ indexers: { tag: (object) => object.tags } });
    store.replace([thing("a", { tags: ["t"] })], "1");
    const sizes: number[] = [];
    store.subscribe(() => sizes.push(store.size, store.byIndex("tag", "t").length, store.list().length));
    store.replace([thing("b", { tags: ["t"] }), thing("c", { tags: ["t"] })], "2");
    expect(new Set(sizes)).toEqual(new Set([2]));
  });

  test("outlives a listener that throws, tells the others and counts it", () => {
    const counted: string[] = [];
    const store = createStore<Thing>({ metrics: { count: (event) => counted.push(event) } });
    const heard: string[] = [];
    store.subscribe(() => {
      throw new Error("broken listener");
    });
    store.subscribe((event) => heard.push(event.object.metadata.name));
    store.apply({ type: "added", object: thing("a") });
    expect(heard).toEqual(["a"]);
    expect(counted).toEqual(["listener_failed"]);
  });

  test("keeps an object whose indexer throws, outside of that index", () => {
    const store = createStore<Thing>({
      indexers: {
        tag: (object) => {
          if (object.metadata.name === "hostile") throw new Error("unreadable");
          return object.tags;
        },
      },
    });
    store.replace([thing("hostile", { tags: ["t"] }), thing("plain", { tags: ["t"] })], "1");
    expect(store.get("hostile")).toBeDefined();
    expect(store.byIndex("tag", "t").map((object) => object.metadata.name)).toEqual(["plain"]);
  });

  test("leaves an array that it has handed out as it was", () => {
    const { store } = watched();
    store.replace([thing("a", { tags: ["t"] })], "1");
    const before = store.byIndex("tag", "t");
    const listed = store.list();
    store.apply({ type: "added", object: thing("b", { tags: ["t"] }) });
    expect(before.map((object) => object.metadata.name)).toEqual(["a"]);
    expect(listed).toHaveLength(1);
    expect(store.byIndex("tag", "t")).toHaveLength(2);
  });

  test("treats names of object members as plain keys", () => {
    const { store } = watched();
    expect(store.get("__proto__")).toBeUndefined();
    expect(store.byIndex("tag", "constructor")).toEqual([]);
    store.replace([thing("__proto__", { tags: ["__proto__"] })], "1");
    expect(store.get("__proto__")?.metadata.name).toBe("__proto__");
    expect(store.byIndex("tag", "__proto__")).toHaveLength(1);
  });

  test("refuses an index that was never declared", () => {
    expect(() => createStore<Thing>().byIndex("tag", "t")).toThrow('no index "tag"');
  });

  test("stops telling a listener that has left", () => {
    const { store, events } = watched();
    const leave = store.subscribe(() => events.push("second"));
    leave();
    store.apply({ type: "added", object: thing("a") });
    expect(events).toEqual(["added a uid-a"]);
  });

  test("indexes like a scan of all objects, and events rebuild its content, whatever happens", () => {
    const object = fc
      .record({
        name: fc.constantFrom("a", "b", "c"),
        uid: fc.constantFrom("1", "2"),
        version: fc.string({ minLength: 1, maxLength: 2 }),
        tags: fc.array(fc.constantFrom("x", "y", "__proto__"), { maxLength: 3 }),
      })
      .map(({ name, ...rest }) => thing(name, rest));
    const step = fc.oneof(
      fc.record({ type: fc.constantFrom("added" as const, "modified" as const, "deleted" as const), object }),
      fc.uniqueArray(object, { selector: ({ metadata }) => metadata.name }).map((objects) => ({ objects })),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const store = createStore<Thing>({ indexers: { tag: (entry) => entry.tags } });
        const rebuilt = new Map<string, Thing>();
        store.subscribe((event) => {
          if (event.type === "deleted") expect(rebuilt.delete(event.object.metadata.name)).toBe(true);
          else rebuilt.set(event.object.metadata.name, event.object);
          if (event.type === "added") expect(rebuilt.get(event.object.metadata.name)).toBe(event.object);
        });
        for (const entry of steps) {
          if ("objects" in entry) store.replace(entry.objects, "r");
          else store.apply(entry);
          for (const tag of ["x", "y", "__proto__"]) {
            const scan = store.list().filter(({ tags }) => tags.includes(tag));
            expect(new Set(store.byIndex("tag", tag))).toEqual(new Set(scan));
          }
        }
        expect(identities(rebuilt.values())).toEqual(identities(store.list()));
      }),
      { numRuns: 300 },
    );
  });
});

function identities(objects: Iterable<Thing>): readonly string[] {
  return [...objects]
    .map(({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`)
    .sort((a, b) => a.localeCompare(b));
}
