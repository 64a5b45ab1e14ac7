import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coalesce } from "../../../../src/admission/coalesce.ts";

interface Load {
  readonly begunAt: number;
  readonly finish: () => void;
}

/** A store of loads under the test's control: each gives the instant at which it began. */
function controlled(): { load: (key: string) => Promise<number>; loads: Load[]; tick: () => number } {
  let time = 0;
  const loads: Load[] = [];
  const load = (): Promise<number> => {
    const begunAt = ++time;
    return new Promise((resolve) => {
      loads.push({ begunAt, finish: () => resolve(begunAt) });
    });
  };
  return { load, loads, tick: () => ++time };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("coalesced loads", () => {
  test("callers that wait for the running load share the next one", async () => {
    const { load, loads } = controlled();
    const get = coalesce(load);
    void get("a");
    const second = get("a");
    const third = get("a");
    expect(loads).toHaveLength(1);
    loads[0]?.finish();
    await settle();
    expect(loads).toHaveLength(2);
    loads[1]?.finish();
    expect(await second).toBe(await third);
  });

  test("keys do not wait for each other", () => {
    const { load, loads } = controlled();
    const get = coalesce(load);
    void get("a");
    void get("b");
    expect(loads).toHaveLength(2);
  });

  test("a failed load fails its callers and no later one", async () => {
    let calls = 0;
    const get = coalesce(async () => {
      if (++calls === 1) throw new Error("broken");
      return calls;
    });
    const first = get("a");
    const second = get("a");
    await expect(first).rejects.toThrow("broken");
    expect(await second).toBe(2);
    expect(await get("a")).toBe(3);
  });

  test("no caller ever gets a value whose load had begun before it asked, and at most one load runs", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }), async (steps) => {
        const { load, loads, tick } = controlled();
        const get = coalesce(load);
        const answers: Promise<void>[] = [];
        let finished = 0;
        const finishNext = async (): Promise<void> => {
          loads[finished]?.finish();
          if (loads[finished]) finished++;
          await settle();
        };
        for (const asks of steps) {
          if (asks) {
            const askedAt = tick();
            answers.push(get("a").then((begunAt) => expect(begunAt).toBeGreaterThan(askedAt)));
          } else {
            await finishNext();
          }
          expect(loads.length - finished).toBeLessThanOrEqual(1);
        }
        while (finished < loads.length) await finishNext();
        await Promise.all(answers);
      }),
    );
  });
});
