import { describe, expect, test } from "vitest";
import { decisionsUnderWay } from "../../../../src/admission/consume/decisions-under-way.ts";
import type { Answer } from "../../../../src/admission/handler.ts";
import type { AdmissionRequest, JsonObject } from "../../../../src/decision/admission-request.ts";
import { rejectDecision, withDecisions } from "../../../builders/approval.ts";
import { review } from "../../../builders/review.ts";
import { approved } from "../../../builders/world.ts";

const json = (object: object): JsonObject => object as JsonObject;
const rejected = withDecisions(approved, rejectDecision(approved, { by: "alice@example.com", ownerName: "payments" }));
const rejection: Partial<AdmissionRequest> = {
  resource: { group: "writ.dev", version: "v1alpha1", resource: "elevationapprovals" },
  name: "inc-1234",
  oldObject: json(approved),
  object: json(rejected),
};

/** Whether swaps stand back so many milliseconds after the guard has answered. */
async function standsBack(mods: Partial<AdmissionRequest>, allowed = true, later = 10): Promise<boolean> {
  let now = 1000;
  const underWay = decisionsUnderWay(() => now);
  const answer: Answer = { allowed, code: "Admitted", message: "" };
  const guard = underWay.noted(async () => answer);
  await guard({ request: review({ ...rejection, ...mods }), caller: { kind: "path" }, arrivedAt: 0, deadline: 0 });
  now += later;
  return underWay.has(approved);
}

describe("swaps stand back", () => {
  test("for a decision that the guard has just admitted, until it must be stored", async () => {
    expect(await standsBack({})).toBe(true);
    expect(await standsBack({}, true, 1000)).toBe(false);
  });

  test("for a deletion", async () => {
    expect(await standsBack({ operation: "DELETE", object: null })).toBe(true);
  });

  test("not for a decision that is refused", async () => {
    expect(await standsBack({}, false)).toBe(false);
  });

  test.each<readonly [string, Partial<AdmissionRequest>]>([
    ["a dry run", { dryRun: true }],
    ["a change that decides nothing", { object: json(approved) }],
    ["a decision on another approval", { name: "other" }],
    ["a decision in another namespace", { namespace: "elsewhere" }],
    ["another kind", { resource: { group: "writ.dev", version: "v1alpha1", resource: "agentcapabilities" } }],
  ])("not for %s", async (_, mods) => {
    expect(await standsBack(mods)).toBe(false);
  });
});
