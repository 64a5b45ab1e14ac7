import { describe, expect, test } from "vitest";
import { createRegisterReader } from "../../../src/admission/register-reader.ts";
import type { RegisterReader } from "../../../src/admission/register-reader.ts";
import { incompleteKey } from "../../../src/api/register/content.ts";
import { intentLife } from "../../../src/api/register/continuity.ts";
import { intentEntry } from "../../../src/api/register/intent.ts";
import { silentLog } from "../../../src/kube/telemetry.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { intentOn } from "../../builders/register.ts";
import { approved } from "../../builders/world.ts";
import { answerOf, failure, fakeClient } from "./fake-client.ts";

interface Bench {
  readonly read: RegisterReader;
  readonly reads: () => number;
  /** What the next reads meet. */
  present: Error | object;
  now: number;
}

const { key, value } = intentEntry(intentOn(approved));
const register = (uid: string, version: string, data: object = {}): object => ({
  metadata: { uid, resourceVersion: version },
  data,
});

function bench(present: Error | object, serverDate: number | undefined = 0): Bench {
  let reads = 0;
  const state: Bench = {
    present,
    now: 0,
    reads: () => reads,
    read: createRegisterReader({
      client: fakeClient(async () => {
        reads += 1;
        await Promise.resolve();
        if (state.present instanceof Error) throw state.present;
        return answerOf(state.present, serverDate);
      }),
      systemNamespace: "writ-system",
      clock: () => 0,
      monotonic: () => state.now,
      metrics: createMetrics(),
      log: silentLog,
    }),
  };
  return state;
}

describe("the register's reader", () => {
  test("shares one read between all who wait for it, and gives nobody one that had begun before", async () => {
    const { read, reads } = bench(register("a", "1"));
    await Promise.all([read(), read(), read(), read()]);
    expect(reads()).toBe(2);
  });

  test("tells the intents, and the clocks' distance", async () => {
    expect(await bench(register("a", "1", { [key]: value })).read()).toEqual({
      intents: [intentOn(approved)],
      gap: undefined,
      clockSkew: 0,
    });
    expect((await bench(register("a", "1"), 9000).read()).clockSkew).toBe(9000);
    const { read } = bench(register("a", "1"));
    expect((await read()).clockSkew).toBe(0);
  });

  test("sees what was written since it last read", async () => {
    const state = bench(register("a", "1"));
    await state.read();
    state.present = register("a", "2", { [key]: value });
    expect((await state.read()).intents).toHaveLength(1);
  });

  test("says that one with the mark is incomplete, and what it holds besides", async () => {
    const reading = await bench(register("a", "1", { [key]: value, [incompleteKey]: "x" })).read();
    expect([reading.gap, reading.intents.length]).toEqual(["incomplete", 1]);
  });

  test.each([
    ["unreadable", failure(403)],
    ["unreadable", failure(0, "Timeout")],
    ["unreadable", { metadata: 1 }],
    ["missing", failure(404)],
  ])("says that one is %s", async (gap, present) => {
    expect(await bench(present).read()).toEqual({ intents: [], gap, clockSkew: 0 });
  });

  test.each([
    ["another takes its place", register("a", "1"), register("b", "1")],
    ["one appears that was missing", failure(404), register("b", "1")],
    ["the first that is seen may have taken another's place", failure(500), register("b", "1")],
  ])("trusts none for ten minutes after %s", async (_, before, after) => {
    const state = bench(before);
    await state.read();
    state.present = after;
    state.now = 1000;
    expect((await state.read()).gap).toBe("replaced");
    state.now = 1000 + intentLife - 1;
    expect((await state.read()).gap).toBe("replaced");
    state.now = 1000 + intentLife;
    expect((await state.read()).gap).toBeUndefined();
  });

  test("goes on trusting the same one after a read that failed", async () => {
    const state = bench(register("a", "1"));
    await state.read();
    state.present = failure(0, "Timeout");
    await state.read();
    state.present = register("a", "1");
    expect((await state.read()).gap).toBeUndefined();
  });
});
