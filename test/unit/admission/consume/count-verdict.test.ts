import { describe, expect, test } from "vitest";
import type { ConsumeOutcome, UseRequest } from "../../../../src/admission/consume/consume-use.ts";
import { countVerdict } from "../../../../src/admission/consume/count-verdict.ts";
import type { CountedVerdict, Judge } from "../../../../src/admission/consume/count-verdict.ts";
import { rememberUses } from "../../../../src/admission/consume/remembered-uses.ts";
import type { RememberedUses } from "../../../../src/admission/consume/remembered-uses.ts";
import type { ElevationApproval } from "../../../../src/api/types.gen.ts";
import type { AdmissionRequest } from "../../../../src/decision/admission-request.ts";
import { decideOn } from "../../../../src/decision/decide.ts";
import { gather } from "../../../../src/decision/facts.ts";
import { approvalKey } from "../../../../src/decision/snapshot.ts";
import { approval, approvedBy } from "../../../builders/approval.ts";
import { ours } from "../../../builders/installation.ts";
import { writeRequest } from "../../../builders/review.ts";
import { after, minute } from "../../../builders/time.ts";
import { approved, scaler, snapshot } from "../../../builders/world.ts";
import { manualClock } from "../../kube/manual-clock.ts";

const votes = [
  { by: "alice@example.com", ownerName: "payments" },
  { by: "bob@example.com", ownerName: "platform" },
] as const;

/** The approval of the builders with three uses, so many of which are counted in this version. */
function limited(uses: number, resourceVersion = "1"): ElevationApproval {
  const one = approval("inc-1234", { maxUses: 3 }, { resourceVersion });
  return { ...approvedBy(one, scaler, ...votes), status: { uses } };
}

interface Asked {
  readonly verdict: CountedVerdict;
  readonly code: string;
  /** Versions on which uses were asked for. */
  readonly consumed: readonly string[];
  readonly judged: number;
}

interface Scene {
  /** What the approval is at each judging; the last one stays. */
  readonly approvals?: readonly ElevationApproval[];
  /** What a plain read finds. */
  readonly live?: ElevationApproval;
  readonly outcomes?: readonly ConsumeOutcome[];
  readonly review?: Partial<AdmissionRequest>;
  readonly remembered?: RememberedUses;
  /** Takes what is asked for. */
  readonly asked?: UseRequest[];
}

async function ask(scene: Scene): Promise<Asked> {
  const { approvals = [limited(0)], outcomes = [], remembered = rememberUses(10) } = scene;
  const request = writeRequest(scene.review);
  const isCountedUse = (...use: Parameters<RememberedUses["find"]>): boolean => remembered.find(...use) !== undefined;
  const left = [...outcomes];
  const consumed: string[] = [];
  let judged = 0;
  const judge: Judge = async (fresh) => {
    const cached = approvals[Math.min(judged++, approvals.length - 1)] ?? approved;
    const present = fresh?.approvals.get(approvalKey(cached)) ?? cached;
    const now = after(2 * minute);
    const settings = { ...ours.settings, isCountedUse };
    const facts = gather({ request, settings, now, snapshot: snapshot({ approvals: [present] }) });
    return { verdict: decideOn(facts), facts, proof: "register", liveReads: 1 };
  };
  const clock = manualClock();
  const asked = countVerdict(request, after(10 * minute), judge, {
    consume: async (use: UseRequest) => {
      scene.asked?.push(use);
      consumed.push(use.approval.metadata.resourceVersion ?? "");
      return left.shift() ?? { kind: "late" };
    },
    remembered,
    reader: {
      read: async ({ approvals: names }) => ({
        owners: new Map(),
        capabilities: new Map(),
        approvals: new Map(names.map((name) => [name, scene.live])),
        clockSkew: 0,
      }),
    },
    timers: clock,
  });
  await clock.advance(1000);
  const verdict = await asked;
  return { verdict, code: verdict.verdict.code, consumed, judged };
}

const counted = (ordinal: number): ConsumeOutcome => ({ kind: "counted", ordinal, of: 3, resourceVersion: "9" });
const again: ConsumeOutcome = { kind: "again", afterMs: 5 };
const metadata = { name: "web", namespace: "payments-prod", uid: "web-uid", resourceVersion: "7" };
const write: Partial<AdmissionRequest> = { object: { metadata, spec: { replicas: 2 } }, oldObject: { metadata } };

describe("an allow", () => {
  test("under a limit has the use that was counted for it", async () => {
    const { verdict, code } = await ask({ outcomes: [counted(2)] });
    expect([code, verdict.use]).toEqual(["Approved", { ordinal: 2, of: 3, resourceVersion: "9" }]);
  });

  test("without a limit counts nothing", async () => {
    const { code, consumed, verdict } = await ask({ approvals: [approved] });
    expect([code, consumed, verdict.use]).toEqual(["Approved", [], undefined]);
  });

  test("of a dry run counts nothing", async () => {
    const { code, consumed } = await ask({ review: { dryRun: true } });
    expect([code, consumed]).toEqual(["Approved", []]);
  });
});

test("a denial counts nothing", async () => {
  const { code, consumed } = await ask({ approvals: [limited(3)] });
  expect([code, consumed]).toEqual(["ApprovalExhausted", []]);
});

describe("while others move the approval", () => {
  test("the verdict is reached anew on what they left", async () => {
    const scene = { approvals: [limited(1, "1"), limited(2, "2")], outcomes: [again, counted(3)] };
    const { consumed, verdict } = await ask(scene);
    expect([consumed, verdict.use]).toEqual([["1", "2"], { ordinal: 3, of: 3, resourceVersion: "9" }]);
  });

  test("and consume the last use, the answer is a denial that says so", async () => {
    const { code } = await ask({ approvals: [limited(2, "1"), limited(3, "2")], outcomes: [again] });
    expect(code).toBe("ApprovalExhausted");
  });

  test("a cache that lags is not believed again: the approval is read", async () => {
    const scene = { approvals: [limited(1, "1")], live: limited(2, "2"), outcomes: [again, counted(3)] };
    expect((await ask(scene)).consumed).toEqual(["1", "2"]);
    expect((await ask({ ...scene, live: limited(3, "2") })).code).toBe("ApprovalExhausted");
  });
});

test("while a decision goes first the verdict is reached anew, and the version is not taken for past", async () => {
  const scene = { approvals: [limited(1)], outcomes: [{ kind: "held", afterMs: 50 } as const, counted(2)] };
  const { consumed, judged } = await ask(scene);
  expect([consumed, judged]).toEqual([["1", "1"], 2]);
});

test("a use is told to rest on a read by name only where it does", async () => {
  const asked: UseRequest[] = [];
  const scene = { approvals: [limited(1, "1")], live: limited(1, "1"), outcomes: [again, counted(2)], asked };
  await ask(scene);
  expect(asked.map(({ readSince }) => readSince !== undefined)).toEqual([false, true]);
});

test.each<readonly [string, ConsumeOutcome]>([
  ["UseNotCounted", { kind: "failed", why: "no answer" }],
  ["UseContended", { kind: "late" }],
  ["UseCounterTampered", { kind: "tampered", uses: 1, seen: 2 }],
])("a use that is not counted is a denial %s, and names approval and next step", async (code, outcome) => {
  const { verdict } = await ask({ outcomes: [outcome] });
  expect(verdict.verdict).toMatchObject({
    kind: "deny",
    code,
    next: expect.stringContaining(code === "UseCounterTampered" ? "request a new one" : "try again"),
    nearest: { namespace: "payments-prod", name: "inc-1234" },
  });
  expect(verdict.use).toBeUndefined();
});

describe("a repetition of the same write", () => {
  const first = async (ordinal: number): Promise<RememberedUses> => {
    const remembered = rememberUses(10);
    await ask({ review: write, remembered, outcomes: [counted(ordinal)] });
    return remembered;
  };

  test("consumes nothing, and says which use it repeats", async () => {
    const { verdict, consumed } = await ask({ review: write, remembered: await first(1), approvals: [limited(1)] });
    expect([verdict.use, consumed]).toEqual([{ repeats: 1, of: 3 }, []]);
  });

  test("is admitted when its own use was the last", async () => {
    const { verdict } = await ask({ review: write, remembered: await first(3), approvals: [limited(3)] });
    expect(verdict.use).toEqual({ repeats: 3, of: 3 });
  });

  test("is denied when more uses are counted than there are", async () => {
    expect((await ask({ review: write, remembered: await first(3), approvals: [limited(4)] })).code).toBe(
      "ApprovalExhausted",
    );
  });

  test("is judged like any other: an approval that is over lets nothing pass again", async () => {
    const gone = { ...limited(1), metadata: { ...limited(1).metadata, deletionTimestamp: "2026-06-01T12:01:00Z" } };
    expect((await ask({ review: write, remembered: await first(1), approvals: [gone] })).code).toBe("ApprovalInvalid");
  });

  test("after the object has moved is a use of its own", async () => {
    const moved = { ...write, oldObject: { metadata: { ...metadata, resourceVersion: "8" } } };
    const { consumed } = await ask({ review: moved, remembered: await first(1), outcomes: [counted(2)] });
    expect(consumed).toEqual(["1"]);
  });
});
