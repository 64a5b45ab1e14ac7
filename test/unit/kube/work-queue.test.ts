import { describe, expect, test } from "vitest";
import { createWorkQueue, type WorkQueue } from "../../../src/kube/work-queue.ts";
import { manualClock, type ManualClock } from "./manual-clock.ts";

interface Bench {
  readonly queue: WorkQueue;
  readonly clock: ManualClock;
  /** Keys in the order in which their processing began, with the clock's time. */
  readonly started: string[];
  /** Ends the oldest run of a key. */
  readonly finish: (key: string, error?: Error) => Promise<void>;
  readonly mostAtOnce: () => number;
}

function bench(concurrency = 1): Bench {
  const clock = manualClock();
  const started: string[] = [];
  const runs: { readonly key: string; readonly settle: (error?: Error) => void }[] = [];
  let most = 0;
  const queue = createWorkQueue({
    name: "test",
    clock,
    concurrency,
    process: (key) => {
      started.push(`${key}@${String(clock.now())}`);
      return new Promise((resolve, reject) => {
        runs.push({ key, settle: (error) => (error === undefined ? resolve() : reject(error)) });
        most = Math.max(most, runs.length);
      });
    },
  });
  return {
    queue,
    clock,
    started,
    mostAtOnce: () => most,
    finish: async (key, error) => {
      await clock.advance(0);
      const index = runs.findIndex((run) => run.key === key);
      const [run] = runs.splice(index, 1);
      if (index === -1 || run === undefined) throw new Error(`${key} is not being processed`);
      run.settle(error);
      await clock.advance(0);
    },
  };
}

const failure = new Error("not yet");

describe("a work queue", () => {
  test("takes a key that already waits only once", async () => {
    const { queue, started, finish } = bench();
    for (const key of ["a", "b", "b", "c", "b"]) queue.add(key);
    for (const key of ["a", "b", "c"]) await finish(key);
    expect(started).toEqual(["a@0", "b@0", "c@0"]);
  });

  test("never processes one key twice at once, but again when it was added meanwhile", async () => {
    const { queue, clock, started, finish } = bench(4);
    queue.add("a");
    await clock.advance(0);
    queue.add("a");
    queue.add("a");
    await clock.advance(0);
    expect(started).toEqual(["a@0"]);
    await finish("a");
    expect(started).toEqual(["a@0", "a@0"]);
    await finish("a");
    expect(queue.running + queue.size).toBe(0);
  });

  test("processes as many keys at once as it was told", async () => {
    const { queue, clock, started, finish, mostAtOnce } = bench(2);
    for (const key of ["a", "b", "c", "d"]) queue.add(key);
    await clock.advance(0);
    expect(started).toHaveLength(2);
    for (const key of ["a", "b", "c", "d"]) await finish(key);
    expect(started).toHaveLength(4);
    expect(mostAtOnce()).toBe(2);
  });

  test("does not work on the stack of whoever adds", () => {
    const { queue, started } = bench();
    queue.add("a");
    expect(started).toEqual([]);
  });

  test("waits longer after each failure of a key and starts afresh after a success", async () => {
    const { queue, clock, started, finish } = bench();
    queue.add("a");
    await finish("a", failure);
    await clock.advance(5);
    await finish("a", failure);
    await clock.advance(10);
    await finish("a", failure);
    await clock.advance(20);
    await finish("a");
    queue.add("a");
    await finish("a", failure);
    await clock.advance(5);
    expect(started).toEqual(["a@0", "a@5", "a@15", "a@35", "a@35", "a@40"]);
  });

  test("waits no longer than its limit however often a key fails", async () => {
    const { queue, clock, started, finish } = bench();
    queue.add("a");
    for (let failures = 0; failures < 60; failures += 1) {
      await finish("a", failure);
      await clock.advance(1_000_000);
    }
    expect(started).toHaveLength(61);
  });

  test("does not let a failing key hold up others", async () => {
    const { queue, started, finish } = bench();
    queue.add("bad");
    queue.add("good");
    await finish("bad", failure);
    await finish("good");
    expect(started).toEqual(["bad@0", "good@0"]);
  });

  test("adds a key at the earliest of the times asked for", async () => {
    const { queue, clock, started } = bench();
    queue.addAfter("a", 500);
    queue.addAfter("a", 100);
    queue.addAfter("a", 300);
    await clock.advance(1_000);
    expect(started).toEqual(["a@100"]);
  });

  test("keeps a time that is further away than a timer can reach", async () => {
    const { queue, clock, started } = bench();
    const days = 24 * 3_600_000;
    queue.addAfter("a", 60 * days);
    await clock.advance(59 * days);
    expect(started).toEqual([]);
    await clock.advance(days);
    expect(started).toEqual([`a@${String(60 * days)}`]);
  });

  test("ends only when what runs has ended, starts nothing after, and tells what runs", async () => {
    const clock = manualClock();
    const seen: boolean[] = [];
    let release: () => void = () => undefined;
    const queue = createWorkQueue({
      name: "test",
      clock,
      process: async (_key, signal) => {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        seen.push(signal.aborted);
      },
    });
    queue.add("a");
    queue.add("b");
    queue.addAfter("c", 10);
    await clock.advance(0);
    let stopped = false;
    const stopping = (async () => {
      await queue.stop();
      stopped = true;
    })();
    queue.add("d");
    await clock.advance(100);
    expect(stopped).toBe(false);
    release();
    await stopping;
    await clock.advance(100);
    expect(seen).toEqual([true]);
  });
});
