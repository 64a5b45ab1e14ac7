import { describe, expect, test } from "vitest";
import { createConsumeUse } from "../../../../src/admission/consume/consume-use.ts";
import type { ConsumeOutcome, ConsumeUse } from "../../../../src/admission/consume/consume-use.ts";
import type { CounterPlace } from "../../../../src/admission/consume/swap-uses.ts";
import type { Swap, SwapOutcome } from "../../../../src/admission/consume/use-counter.ts";
import type { ElevationApproval } from "../../../../src/api/types.gen.ts";
import { approved } from "../../../builders/world.ts";
import { manualClock } from "../../kube/manual-clock.ts";

interface Bench {
  readonly ask: (mods?: {
    readonly version?: string;
    readonly uses?: number;
    readonly uid?: string;
    readonly deadline?: number;
    readonly readSince?: number | undefined;
    readonly changeAnnouncedAt?: number;
  }) => Promise<ConsumeOutcome>;
  readonly swaps: { readonly place: CounterPlace; readonly swap: Swap }[];
  /** Answers the oldest swap that is not answered. */
  readonly answer: (outcome: SwapOutcome) => void;
  readonly advance: (ms: number) => Promise<void>;
  readonly now: () => number;
}

function bench(hasIntent: (approval: ElevationApproval) => boolean = () => false, limit = 10): Bench {
  const clock = manualClock();
  const swaps: { readonly place: CounterPlace; readonly swap: Swap }[] = [];
  const open: ((outcome: SwapOutcome) => void)[] = [];
  const consume: ConsumeUse = createConsumeUse({
    swap: (place, swap) => {
      swaps.push({ place, swap });
      return new Promise((resolve) => open.push(resolve));
    },
    clock: () => clock.now(),
    timers: clock,
    random: () => 0.5,
    hasIntent,
    limit,
  });
  return {
    ask: ({ version = "v1", uses = 0, uid = "uid", deadline = 60_000, readSince, changeAnnouncedAt } = {}) =>
      consume({
        approval: { ...approved, metadata: { ...approved.metadata, uid, resourceVersion: version }, status: { uses } },
        maxUses: 10,
        validUntil: Number.POSITIVE_INFINITY,
        deadline,
        readSince,
        changeAnnouncedAt,
      }),
    swaps,
    answer: (outcome) => open.shift()?.(outcome),
    advance: (ms) => clock.advance(ms),
    now: () => clock.now(),
  };
}

const takers = ({ swaps }: Bench): readonly number[] => swaps.map(({ swap }) => swap.takers.length);

describe("uses of one approval", () => {
  test("are swapped one after the other, and all that wait meanwhile share the next", async () => {
    const it = bench();
    const asked = [it.ask(), it.ask(), it.ask()];
    await it.advance(1000);
    expect(takers(it)).toEqual([1]);
    it.answer({ kind: "counted", version: "v2" });
    await it.advance(1000);
    expect(takers(it)).toEqual([1, 2]);
    it.answer({ kind: "counted", version: "v3" });
    await it.advance(0);
    expect((await Promise.all(asked)).map((use) => (use.kind === "counted" ? use.ordinal : use.kind))).toEqual([
      1, 2, 3,
    ]);
  });

  test("are swapped once all who took part in the last swap are back, not only when the wait for them ends", async () => {
    const it = bench();
    void it.ask();
    void it.ask();
    void it.ask();
    it.answer({ kind: "counted", version: "v2" });
    await it.advance(10);
    await it.advance(20);
    it.answer({ kind: "counted", version: "v3" });
    await it.advance(10);
    void it.ask({ version: "v3", uses: 3 });
    await it.advance(10);
    expect(takers(it)).toEqual([1, 2]);
    void it.ask({ version: "v3", uses: 3 });
    expect(takers(it)).toEqual([1, 2, 2]);
  });

  test("do not wait for those of another", async () => {
    const it = bench();
    void it.ask({ uid: "one" });
    void it.ask({ uid: "other" });
    await it.advance(0);
    expect(it.swaps.map(({ place }) => place.uid)).toEqual(["one", "other"]);
  });
});

describe("while a decision on the approval is on its way", () => {
  const held = { kind: "held", afterMs: 50 };

  test("no swap begins and all are judged again, until it is stored", async () => {
    const decision = { underWay: true };
    const it = bench(() => decision.underWay);
    expect(await Promise.all([it.ask(), it.ask()])).toEqual([held, held]);
    decision.underWay = false;
    void it.ask();
    expect(takers(it)).toEqual([1]);
  });

  test("those that waited for the next swap are judged again as well", async () => {
    const decision = { underWay: false };
    const it = bench(() => decision.underWay);
    void it.ask();
    const next = it.ask();
    decision.underWay = true;
    it.answer({ kind: "counted", version: "v2" });
    await it.advance(100);
    expect([await next, takers(it)]).toEqual([held, [1]]);
  });

  test("swaps stand back for some 2 s at most", async () => {
    const it = bench(() => true);
    expect(await it.ask()).toEqual(held);
    await it.advance(1900);
    expect(await it.ask()).toEqual(held);
    await it.advance(200);
    void it.ask();
    expect(takers(it)).toEqual([1]);
  });

  test("no swap begins that the verdict knows an announcement of, unless that is old", async () => {
    const it = bench();
    await it.advance(5000);
    expect(await it.ask({ uid: "announced", changeAnnouncedAt: it.now() - 500 })).toEqual(held);
    void it.ask({ uid: "long ago", changeAnnouncedAt: 0 });
    expect(it.swaps.map(({ place }) => place.uid)).toEqual(["long ago"]);
  });

  test("a later verdict that knows of none any more lets the swap begin", async () => {
    const it = bench();
    expect(await it.ask({ changeAnnouncedAt: it.now() })).toEqual(held);
    void it.ask();
    expect(takers(it)).toEqual([1]);
  });

  test("one whose time is over is told so", async () => {
    expect(await bench(() => true).ask({ deadline: 100 })).toEqual({ kind: "late" });
  });
});

describe("a request whose time is over", () => {
  test("while it waits is told so, and is not counted", async () => {
    const it = bench();
    void it.ask();
    const asked = it.ask({ deadline: 1000 });
    await it.advance(1000);
    expect(await asked).toEqual({ kind: "late" });
    it.answer({ kind: "counted", version: "v2" });
    await it.advance(1000);
    expect(takers(it)).toEqual([1]);
  });

  test("while its swap is under way has the use that the swap counts", async () => {
    const it = bench();
    const asked = it.ask({ deadline: 1000 });
    await it.advance(1500);
    it.answer({ kind: "counted", version: "v2" });
    expect(await asked).toMatchObject({ kind: "counted", ordinal: 1 });
  });
});

describe("a counter that shows fewer uses than were seen", () => {
  const seen = async (limit?: number): Promise<Bench> => {
    const it = bench(undefined, limit);
    void it.ask({ uses: 5 });
    await it.advance(0);
    it.answer({ kind: "counted", version: "v2" });
    await it.advance(100);
    return it;
  };

  test("before it was read was written back", async () => {
    const it = await seen();
    expect(await it.ask({ version: "v9", uses: 3, readSince: it.now() })).toEqual({
      kind: "tampered",
      uses: 3,
      seen: 6,
    });
    expect(takers(it)).toEqual([1]);
  });

  test.each([
    ["while it was read", 0],
    ["than a cache does", undefined],
  ])("%s may be an old one: it is read again", async (_, readSince) => {
    const it = await seen();
    expect(await it.ask({ version: "v9", uses: 3, readSince })).toEqual({ kind: "again", afterMs: 0 });
  });

  test("is an earlier version of its own where it is known as such: the use is counted after the last", async () => {
    const it = await seen();
    const asked = it.ask({ version: "v1", uses: 5 });
    await it.advance(100);
    it.answer({ kind: "counted", version: "v3" });
    expect(await asked).toMatchObject({ kind: "counted", ordinal: 7 });
  });

  test("also after others counted more", async () => {
    const it = bench();
    void it.ask({ version: "v5", uses: 8 });
    await it.advance(100);
    expect(await it.ask({ version: "v6", uses: 7, readSince: it.now() })).toMatchObject({ kind: "tampered", seen: 8 });
  });

  test("is believed where the approval was forgotten for others", async () => {
    const it = await seen(2);
    for (const uid of ["one", "other"]) void it.ask({ uid });
    void it.ask({ version: "v9", uses: 3, readSince: it.now() });
    await it.advance(100);
    expect(it.swaps.at(-1)?.swap.base).toBe(3);
  });
});
