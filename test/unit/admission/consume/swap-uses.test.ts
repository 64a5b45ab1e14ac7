import { describe, expect, test } from "vitest";
import { createSwapUses } from "../../../../src/admission/consume/swap-uses.ts";
import type { Swap, SwapOutcome } from "../../../../src/admission/consume/use-counter.ts";
import type { KubeRequest, KubeResponse } from "../../../../src/kube/client.ts";
import { KubeError } from "../../../../src/kube/kube-error.ts";
import { createLogger } from "../../../../src/telemetry/logger.ts";
import { createMetrics } from "../../../../src/telemetry/metrics.ts";

const place = { namespace: "payments-prod", name: "inc-1234", uid: "uid" };
const waiter = (id: number) => ({ id, version: "7", uses: 3, maxUses: 9, validUntil: 1, deadline: 1 });
const swap: Swap = { begunAt: 0, from: "7", base: 3, takers: [waiter(1), waiter(2)] };
const stored = { metadata: { uid: "uid", resourceVersion: "8" }, status: { uses: 5 } };

interface Swapped {
  readonly sent: readonly KubeRequest[];
  readonly outcome: SwapOutcome;
  /** Results that the metric counts. */
  readonly counted: readonly string[];
}

async function swapped(answer: unknown): Promise<Swapped> {
  const sent: KubeRequest[] = [];
  const request = async (call: KubeRequest): Promise<KubeResponse> => {
    sent.push(call);
    if (answer instanceof Error) throw answer;
    return { status: 200, body: answer, serverDate: undefined };
  };
  const metrics = createMetrics();
  const log = createLogger({ level: "silent", name: "test" });
  const outcome = await createSwapUses({ request }, metrics, log)(place, swap, 2000);
  const { values } = await metrics.useSwaps.get();
  return { sent, outcome, counted: values.filter(({ value }) => value > 0).map(({ labels }) => String(labels.result)) };
}

const error = (status: number): KubeError => new KubeError({ status, reason: "Any", message: "any" });

describe("a swap of uses", () => {
  test("is one patch of the status that names uid, version and the new count", async () => {
    const { sent, outcome, counted } = await swapped(stored);
    expect(sent).toEqual([
      {
        method: "PATCH",
        path: "/apis/writ.dev/v1alpha1/namespaces/payments-prod/elevationapprovals/inc-1234/status",
        contentType: "application/merge-patch+json",
        body: { metadata: { uid: "uid", resourceVersion: "7" }, status: { uses: 5 } },
        timeoutMs: 2000,
      },
    ]);
    expect([outcome, counted]).toEqual([{ kind: "counted", version: "8" }, ["counted"]]);
  });

  test.each([
    [409, "conflict", "conflict"],
    [404, "conflict", "gone"],
    [403, "failed", "refused"],
    [422, "failed", "refused"],
    [429, "failed", "refused"],
    [500, "failed", "unknown"],
    [504, "failed", "unknown"],
    [0, "failed", "unknown"],
  ])("that is answered %i is told as %s and counted as %s", async (status, kind, result) => {
    const { outcome, counted } = await swapped(error(status));
    expect([outcome.kind, counted]).toEqual([kind, [result]]);
  });

  test.each([
    ["another count", { ...stored, status: { uses: 4 } }],
    ["no count", { ...stored, status: {} }],
    ["another object", { ...stored, metadata: { uid: "other", resourceVersion: "8" } }],
    ["no version", { ...stored, metadata: { uid: "uid" } }],
    ["no object", "ok"],
  ])("whose answer holds %s gives no use", async (_, answer) => {
    expect((await swapped(answer)).outcome.kind).toBe("failed");
  });
});
