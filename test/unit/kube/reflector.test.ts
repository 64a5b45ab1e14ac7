import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { KubeClient } from "../../../src/kube/client.ts";
import { type KubeClock, systemClock } from "../../../src/kube/clock.ts";
import { type Reflector, startReflector } from "../../../src/kube/reflector.ts";
import type { ReflectorLimits } from "../../../src/kube/reflector-limits.ts";
import { objectKey } from "../../../src/kube/resource.ts";
import { createStore, type Store, type StoreEvent } from "../../../src/kube/store.ts";
import {
  answerJson,
  type Behaviour,
  type Exchange,
  type FakeApi,
  hang,
  refuse,
  reset,
  startFakeApi,
  statusBody,
  stream,
  type Widget,
  widgets,
  widgetsPath,
} from "./fake-api.ts";
import { manualClock } from "./manual-clock.ts";

/** Small enough for a test, large enough for a slow machine. */
const quick: Partial<ReflectorLimits> = { backoffInitial: 1, backoffMax: 5, lost: 20_000, initialSilence: 5_000 };

interface Bench {
  readonly reflector: Reflector;
  readonly store: Store<Widget>;
  readonly events: StoreEvent<Widget>[];
  /** `event:outcome or reason` of every count. */
  readonly counts: string[];
  readonly colours: () => Record<string, string>;
}

function follow(client: KubeClient, limits: Partial<ReflectorLimits> = {}, clock: KubeClock = systemClock): Bench {
  const store = createStore<Widget>();
  const events: StoreEvent<Widget>[] = [];
  const counts: string[] = [];
  store.subscribe((event) => events.push(event));
  const reflector = startReflector({
    client,
    resource: widgets,
    store,
    clock,
    limits: { ...quick, ...limits },
    metrics: {
      count: (event, labels = {}) =>
        void counts.push([event, labels["outcome"] ?? labels["reason"]].filter((part) => part !== undefined).join(":")),
    },
  });
  onTestFinished(() => reflector.stop());
  const colours = (): Record<string, string> =>
    Object.fromEntries(store.list().map((object) => [object.metadata.name, object.colour]));
  return { reflector, store, events, counts, colours };
}

async function until(check: () => void): Promise<void> {
  await vi.waitFor(check, { timeout: 15_000, interval: 5 });
}

/** Behaves, and then does something to the open answer. */
function behaveAnd(api: FakeApi, then: Behaviour): Behaviour {
  return (exchange) => {
    api.behave(exchange);
    then(exchange);
  };
}

const line = (event: unknown): string => `${JSON.stringify(event)}\n`;
const lastWatch = (api: FakeApi): URLSearchParams =>
  api.watchRequests().at(-1)?.url.searchParams ?? new URLSearchParams();

describe("a reflector that starts", () => {
  test("is not synced and has no age before it has heard from the server", async () => {
    const api = await startFakeApi();
    api.script.watch.push(hang);
    const { reflector } = follow(api.client);
    await until(() => expect(api.watchRequests()).toHaveLength(1));
    expect(reflector.synced).toBe(false);
    expect(reflector.lastContact).toBeUndefined();
    expect(reflector.age()).toBe(Number.POSITIVE_INFINITY);
  });

  test("asks for the initial events of the present, with bookmarks and a time limit of five to ten minutes", async () => {
    const api = await startFakeApi();
    api.put("a");
    const { reflector, store } = follow(api.client);
    await reflector.whenSynced();
    expect(reflector.synced).toBe(true);
    expect(reflector.age()).toBeLessThan(60_000);
    expect(store.get("default/a")?.colour).toBe("red");
    const query = lastWatch(api);
    expect(query.get("sendInitialEvents")).toBe("true");
    expect(query.get("resourceVersionMatch")).toBe("NotOlderThan");
    expect(query.get("allowWatchBookmarks")).toBe("true");
    expect(query.has("resourceVersion")).toBe(false);
    expect(Number(query.get("timeoutSeconds"))).toBeGreaterThanOrEqual(300);
    expect(Number(query.get("timeoutSeconds"))).toBeLessThanOrEqual(600);
  });

  test("is not synced by initial events whose end has not been announced", async () => {
    const api = await startFakeApi();
    const object = api.put("a");
    api.script.watch.push(stream([line({ type: "ADDED", object })], { stay: true }));
    const { reflector, store } = follow(api.client);
    await until(() => expect(reflector.lastContact).toBeDefined());
    expect(reflector.synced).toBe(false);
    expect(store.size).toBe(0);
  });

  test.each([
    [503, "ServiceUnavailable"],
    [429, "TooManyRequests"],
    [500, "InternalError"],
    [403, "Forbidden"],
    [401, "Unauthorized"],
    [404, "NotFound"],
    [410, "Expired"],
  ])("tries again after %i until the server gives in", async (status, reason) => {
    const api = await startFakeApi();
    api.put("a");
    const synced: boolean[] = [];
    const refuseAndLook: Behaviour = (exchange) => {
      synced.push(reflector.synced);
      refuse(status, reason)(exchange);
    };
    api.script.watch.push(...Array.from({ length: 6 }, () => refuseAndLook));
    const { reflector, store } = follow(api.client);
    await reflector.whenSynced();
    expect(api.watchRequests()).toHaveLength(7);
    expect(synced).toEqual(Array.from({ length: 6 }, () => false));
    expect(store.size).toBe(1);
  });

  test("tries again after connections that are reset", async () => {
    const api = await startFakeApi();
    api.script.watch.push(reset, reset, reset);
    await follow(api.client).reflector.whenSynced();
    expect(api.watchRequests()).toHaveLength(4);
  });
});

describe("a reflector whose server knows no initial events", () => {
  test("reads pages, as many as there are, and watches from there", async () => {
    const api = await startFakeApi();
    for (let index = 0; index < 25; index += 1) api.put(`w${String(index)}`);
    api.script.watch.push(refuse(422, "Invalid"));
    const { reflector, store } = follow(api.client, { pageSize: 2 });
    await reflector.whenSynced();
    expect(store.size).toBe(25);
    expect(api.listRequests()).toHaveLength(13);
    expect(api.listRequests().every(({ url }) => !url.searchParams.has("resourceVersion"))).toBe(true);
    expect(lastWatch(api).get("resourceVersion")).toBe(store.resourceVersion);
    api.put("w0", { colour: "blue" });
    await until(() => expect(store.get("default/w0")?.colour).toBe("blue"));
  });

  test.each([
    [503, "ServiceUnavailable"],
    [429, "TooManyRequests"],
    [403, "Forbidden"],
  ])("lists again after %i until the server gives in", async (status, reason) => {
    const api = await startFakeApi();
    api.put("a");
    api.script.watch.push(refuse(400, "BadRequest"));
    api.script.list.push(refuse(status, reason), refuse(status, reason), reset, reset);
    const { reflector, store } = follow(api.client);
    await reflector.whenSynced();
    expect(store.size).toBe(1);
  });

  test("lists when initial events were asked for and never end", async () => {
    const api = await startFakeApi();
    api.put("a");
    api.script.watch.push(stream([], { stay: true }));
    const { reflector, store } = follow(api.client, { initialSilence: 50 });
    await reflector.whenSynced();
    expect(store.size).toBe(1);
    expect(api.listRequests()).toHaveLength(1);
  });

  test("starts over in one piece when a continue token expires", async () => {
    const api = await startFakeApi();
    for (const name of ["a", "b", "c", "d", "e"]) api.put(name);
    api.script.watch.push(refuse(422, "Invalid"));
    api.script.list.push(api.behave, refuse(410, "Expired"));
    const { reflector, store, counts } = follow(api.client, { pageSize: 2 });
    await reflector.whenSynced();
    expect(store.size).toBe(5);
    expect(api.listRequests().at(-1)?.url.searchParams.has("limit")).toBe(false);
    expect(counts).toContain("list_expired");
  });

  test("does not take a list with an object that has no uid", async () => {
    const api = await startFakeApi();
    api.script.watch.push(refuse(422, "Invalid"));
    api.script.list.push(({ response }) =>
      answerJson(response, 200, {
        metadata: { resourceVersion: "1" },
        items: [{ metadata: { name: "x", namespace: "default", resourceVersion: "1" } }],
      }),
    );
    const { reflector, store, counts } = follow(api.client);
    await reflector.whenSynced();
    expect(store.size).toBe(0);
    expect(counts).toContain("list:failed");
  });
});

describe("a reflector with a live watch", () => {
  test("applies changes in the order in which they came, however they are cut into pieces", async () => {
    const api = await startFakeApi();
    const { reflector, store, events } = follow(api.client);
    await reflector.whenSynced();
    const lines = Array.from({ length: 200 }, (_, index) =>
      line({ type: "MODIFIED", object: api.put("ä€😀".repeat(3), { colour: `${String(index)}€`, silently: true }) }),
    ).join("");
    const bytes = Buffer.from(lines);
    const [watch] = api.openWatches();
    for (let start = 0; start < bytes.length; start += 101) {
      watch?.write(bytes.subarray(start, start + 101));
      if (start % 5 === 0) await new Promise(setImmediate);
    }
    await until(() => expect(events).toHaveLength(200));
    expect(events.map(({ object }) => object.colour)).toEqual(
      Array.from({ length: 200 }, (_, index) => `${String(index)}€`),
    );
    expect(store.size).toBe(1);
  });

  test("holds the same plain objects whether they were listed or watched", async () => {
    const api = await startFakeApi();
    const listed = api.put("a");
    api.script.watch.push(refuse(422, "Invalid"));
    const { reflector, store } = follow(api.client);
    await reflector.whenSynced();
    const watched = api.put("b");
    await until(() => expect(store.size).toBe(2));
    expect(store.get("default/a")).toEqual(listed);
    expect(store.get("default/b")).toEqual(watched);
  });

  test("resumes from a bookmark, comparing no versions", async () => {
    const api = await startFakeApi();
    const { reflector, store } = follow(api.client);
    await reflector.whenSynced();
    api.put("unrelated", { silently: true });
    api.send(api.bookmark());
    await until(() => expect(store.resourceVersion).toBe("v63z"));
    api.openWatches()[0]?.end();
    await until(() => expect(api.watchRequests()).toHaveLength(2));
    expect(lastWatch(api).get("resourceVersion")).toBe("v63z");
    expect(lastWatch(api).has("sendInitialEvents")).toBe(false);
  });

  test("resumes after a reset and after a half line that it cut off, without reading everything again", async () => {
    const api = await startFakeApi();
    const { reflector, colours, counts } = follow(api.client);
    await reflector.whenSynced();
    api.put("a");
    await until(() => expect(colours()).toEqual({ a: "red" }));
    const [watch] = api.openWatches();
    watch?.write('{"type":"MODIFIED","object":{"apiVers');
    await new Promise(setImmediate);
    watch?.socket?.resetAndDestroy();
    api.put("a", { colour: "blue" });
    await until(() => expect(colours()).toEqual({ a: "blue" }));
    expect(counts.filter((count) => count === "list:ok")).toHaveLength(1);
    expect(counts).toContain("watch_ended:failed");
  });

  test("tells a deletion and an addition when an object was replaced while nobody watched", async () => {
    const api = await startFakeApi();
    const { reflector, events, counts } = follow(api.client);
    await reflector.whenSynced();
    api.put("a", { uid: "old" });
    await until(() => expect(events).toHaveLength(1));
    api.script.watch.push(refuse(410, "Expired"));
    api.openWatches()[0]?.end();
    api.remove("a", { silently: true });
    api.put("a", { uid: "new", silently: true });
    await until(() => expect(events).toHaveLength(3));
    expect(events.map(({ type, object }) => `${type} ${object.metadata.uid}`)).toEqual([
      "added old",
      "deleted old",
      "added new",
    ]);
    expect(counts).toContain("watch_ended:expired");
  });

  test.each([
    ["an ERROR event with code 410", line({ type: "ERROR", object: statusBody(410, "Expired") }), "expired"],
    ["an ERROR event with code 500", line({ type: "ERROR", object: statusBody(500, "InternalError") }), "error_event"],
    ["an ERROR event without a Status", line({ type: "ERROR" }), "error_event"],
    ["a line that is not JSON", "{nonsense}\n", "malformed"],
    ["an unknown type of event", line({ type: "RENAMED", object: widget("x") }), "malformed"],
    ["an object without metadata", line({ type: "ADDED", object: { apiVersion: "example.com/v1" } }), "malformed"],
    ["an object without uid", line({ type: "ADDED", object: widget("x", { uid: "" }) }), "malformed"],
    ["an object without version", line({ type: "ADDED", object: widget("x", { resourceVersion: "" }) }), "malformed"],
    ["an object of another kind", line({ type: "ADDED", object: { ...widget("x"), apiVersion: "v1" } }), "malformed"],
    ["a bookmark without version", line({ type: "BOOKMARK", object: { apiVersion: "example.com/v1" } }), "malformed"],
  ])("ends the stream at %s and reads everything again", async (_what, sent, reason) => {
    const api = await startFakeApi();
    const { reflector, colours, counts } = follow(api.client);
    await reflector.whenSynced();
    api.put("missed", { silently: true });
    const [watch] = api.openWatches();
    const ended = vi.fn<() => void>();
    watch?.on("close", ended);
    // What follows on the same stream must not be believed any more.
    watch?.write(`${sent}${line({ type: "ADDED", object: widget("ghost") })}`);
    await until(() => expect(colours()).toEqual({ missed: "red" }));
    await until(() => expect(ended).toHaveBeenCalled());
    expect(counts).toContain(`watch_ended:${reason}`);
  });

  test("reads everything again when the server ends the stream inside of a line", async () => {
    const api = await startFakeApi();
    const { reflector, colours, counts } = follow(api.client);
    await reflector.whenSynced();
    api.put("missed", { silently: true });
    api.openWatches()[0]?.end('{"type":"ADDED","object":{"apiVersion":"exam');
    await until(() => expect(colours()).toEqual({ missed: "red" }));
    expect(counts).toContain("watch_ended:malformed");
  });

  test("keeps its old content until the new one is complete", async () => {
    const api = await startFakeApi();
    const { reflector, store, colours } = follow(api.client);
    await reflector.whenSynced();
    api.put("a");
    await until(() => expect(store.size).toBe(1));
    const [first, second] = [api.put("a", { colour: "blue", silently: true }), api.put("b", { silently: true })];
    let answer: Exchange["response"] | undefined;
    api.script.watch.push(refuse(410, "Gone"), (exchange) => {
      stream([line({ type: "ADDED", object: first })], { stay: true })(exchange);
      answer = exchange.response;
    });
    api.openWatches()[0]?.end();
    await until(() => expect(answer).toBeDefined());
    expect(colours()).toEqual({ a: "red" });
    answer?.write(`${line({ type: "ADDED", object: second })}${line(api.bookmark({ end: true }))}`);
    await until(() => expect(colours()).toEqual({ a: "blue", b: "red" }));
  });

  test("survives a listener that throws", async () => {
    const api = await startFakeApi();
    const { reflector, store } = follow(api.client);
    store.subscribe(() => {
      throw new Error("broken listener");
    });
    await reflector.whenSynced();
    api.put("a");
    api.put("b");
    await until(() => expect(store.size).toBe(2));
    expect(api.watchRequests()).toHaveLength(1);
  });

  test("gives a silent stream up for a new connection and reads everything again", async () => {
    const api = await startFakeApi();
    api.put("a");
    const { reflector, colours, counts } = follow(api.client, { silence: 100 });
    await reflector.whenSynced();
    const port = api.watchRequests()[0]?.request.socket.remotePort;
    api.put("a", { colour: "blue", silently: true });
    await until(() => expect(colours()).toEqual({ a: "blue" }));
    expect(counts).toContain("watch_ended:silent");
    expect(api.watchRequests()[1]?.request.socket.remotePort).not.toBe(port);
  });

  test("is silent after it stood still, and reads everything again rather than go on with what waited", async () => {
    const api = await startFakeApi();
    api.put("a");
    const standstill = { ms: 0 };
    // Time passes, and no timer notices.
    const clock = { ...systemClock, now: () => systemClock.now() + standstill.ms };
    const { reflector, colours, counts } = follow(api.client, { unheard: 180_000 }, clock);
    await reflector.whenSynced();
    expect(reflector.silent).toBe(false);
    standstill.ms = 180_001;
    expect([reflector.silent, reflector.synced]).toEqual([true, true]);
    api.put("b", { silently: true });
    api.put("a", { colour: "blue" });
    await until(() => expect(colours()).toEqual({ a: "blue", b: "red" }));
    expect(counts).toContain("watch_ended:silent");
    await until(() => expect(reflector.silent).toBe(false));
  });

  test("takes bookmarks for a sign of life, and nothing for death after two and a half minutes", async () => {
    const api = await startFakeApi();
    const clock = manualClock();
    const { reflector } = follow(api.client, { watchSeconds: [3_600, 3_600], relist: 3_600_000 }, clock);
    await reflector.whenSynced();
    for (const minute of [60_000, 120_000, 180_000, 240_000]) {
      await clock.advance(60_000);
      expect(reflector.age()).toBe(60_000);
      api.send(api.bookmark());
      await until(() => expect(reflector.lastContact).toBe(minute));
    }
    await clock.advance(149_000);
    expect(api.watchRequests()).toHaveLength(1);
    expect(reflector.synced).toBe(true);
    await clock.advance(1_000);
    await until(() => expect(api.watchRequests()).toHaveLength(2));
  });

  test("counts the time without a watch from its end, however often it tries to open another", async () => {
    const api = await startFakeApi();
    const clock = manualClock();
    const { reflector, counts } = follow(api.client, { lost: 30_000, backoffInitial: 4_000, backoffMax: 4_000 }, clock);
    await reflector.whenSynced();
    api.script.watch.push(...Array.from({ length: 50 }, () => refuse(503, "ServiceUnavailable")));
    api.openWatches()[0]?.socket?.destroy();
    const failures = (): number => counts.filter((count) => count === "watch_ended:failed").length;
    for (let attempt = 1; clock.now() < 28_000; attempt += 1) {
      await until(() => expect(failures()).toBe(attempt));
      expect(reflector.synced).toBe(true);
      await clock.advance(4_000);
    }
    await clock.advance(3_000);
    expect(reflector.synced).toBe(false);
  });

  test("cuts a stream that the server should long have ended", async () => {
    const api = await startFakeApi();
    const { reflector, counts } = follow(api.client, { watchSeconds: [1, 1], killAfter: 20 });
    await reflector.whenSynced();
    await until(() => expect(counts).toContain("watch_ended:overlong"));
    await until(() => expect(api.watchRequests()).toHaveLength(2));
  });

  test("heals a dropped event by reading everything again from time to time, and counts it", async () => {
    const api = await startFakeApi();
    api.put("revoked");
    const { reflector, store, counts } = follow(api.client, { relist: 100 });
    await reflector.whenSynced();
    api.remove("revoked", { silently: true });
    await until(() => expect(store.size).toBe(0));
    expect(reflector.synced).toBe(true);
    expect(counts).toContain("relist_healed");
  });

  test("is no longer synced once it has been without a watch for too long, and is again after reading everything", async () => {
    const api = await startFakeApi();
    const { reflector, store, counts } = follow(api.client, { lost: 20 });
    await reflector.whenSynced();
    let down = true;
    const refuseWhileDown: Behaviour = (exchange) => {
      if (down) api.script.watch.push(refuseWhileDown);
      (down ? refuse(503, "ServiceUnavailable") : api.behave)(exchange);
    };
    api.script.watch.push(refuseWhileDown);
    api.openWatches()[0]?.socket?.destroy();
    await until(() => expect(reflector.synced).toBe(false));
    await until(() => expect(counts).toContain("sync_lost"));
    api.put("meanwhile", { silently: true });
    down = false;
    await reflector.whenSynced();
    expect(store.size).toBe(1);
    expect(lastWatch(api).get("sendInitialEvents")).toBe("true");
  });

  test("is not synced from the moment at which the kind itself is gone, whatever it holds", async () => {
    const api = await startFakeApi();
    api.put("a");
    const { reflector, store } = follow(api.client);
    await reflector.whenSynced();
    api.script.watch.push(refuse(404, "NotFound"), hang);
    api.openWatches()[0]?.end();
    await until(() => expect(api.script.watch).toHaveLength(0));
    expect(reflector.synced).toBe(false);
    expect(store.size).toBe(1);
  });
});

describe("a reflector that is stopped", () => {
  test("ends its watch and asks for nothing more", async () => {
    const api = await startFakeApi();
    const { reflector, counts } = follow(api.client);
    await reflector.whenSynced();
    await reflector.stop();
    expect(reflector.synced).toBe(false);
    await until(() => expect(api.openWatches()).toHaveLength(0));
    expect(api.watchRequests()).toHaveLength(1);
    expect(counts.filter((count) => count.startsWith("watch_ended"))).toEqual([]);
  });

  test("does not wait for the end of a pause, nor try once more", async () => {
    const api = await startFakeApi();
    api.script.watch.push(refuse(503, "ServiceUnavailable", { "retry-after": "50" }));
    const { reflector, counts } = follow(api.client, { backoffInitial: 60_000, backoffMax: 60_000 });
    await until(() => expect(counts).toContain("watch_ended:failed"));
    await reflector.stop();
    expect(api.watchRequests()).toHaveLength(1);
  });

  test("ends while a connection is being opened or a list read", async () => {
    const api = await startFakeApi();
    api.script.watch.push(refuse(422, "Invalid"));
    api.script.list.push(hang);
    const { reflector } = follow(api.client);
    await until(() => expect(api.listRequests()).toHaveLength(1));
    await reflector.stop();
    expect(api.requests).toHaveLength(2);
  });

  test("lets go of those who wait for it to be synced", async () => {
    const api = await startFakeApi();
    api.script.watch.push(hang);
    const { reflector } = follow(api.client);
    const waiting = expect(reflector.whenSynced()).rejects.toThrow("stopped");
    await reflector.stop();
    await waiting;
    await expect(reflector.whenSynced()).rejects.toThrow("stopped");
    await reflector.stop();
  });
});

test("many watches that come and go leave no connections behind", async () => {
  const api = await startFakeApi();
  api.script.watch.push(
    ...Array.from({ length: 20 }, () => behaveAnd(api, ({ response }) => void response.end())),
    ...Array.from({ length: 20 }, () => behaveAnd(api, ({ response }) => response.socket?.destroySoon())),
  );
  const { reflector } = follow(api.client);
  await until(() => expect(api.watchRequests()).toHaveLength(41));
  await reflector.whenSynced();
  expect(api.client.sockets().watches).toBeLessThanOrEqual(2);
  expect(api.watchRequests()[0]?.url.pathname).toBe(widgetsPath);
});

function widget(name: string, metadata: Readonly<Record<string, string>> = {}): Widget {
  const object: Widget = {
    apiVersion: "example.com/v1",
    kind: "Widget",
    metadata: { namespace: "default", name, uid: `uid-${name}`, resourceVersion: "vx", ...metadata },
    colour: "grey",
  };
  expect(objectKey(object)).toBe(`default/${name}`);
  return object;
}
