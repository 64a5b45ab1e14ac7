import { describe, expect, test } from "vitest";
import { createGuard } from "../../../../src/admission/guard/guard.ts";
import type { Answer } from "../../../../src/admission/handler.ts";
import type { LiveReader } from "../../../../src/admission/live-reader.ts";
import type { WritObject } from "../../../../src/api/kinds.ts";
import type { AdmissionRequest, UserInfo } from "../../../../src/decision/admission-request.ts";
import { createLogger } from "../../../../src/telemetry/logger.ts";
import { botUser } from "../../../builders/agents.ts";
import { ours } from "../../../builders/installation.ts";
import { editOwner, owner } from "../../../builders/owner.ts";
import { review } from "../../../builders/review.ts";
import { payments, platform, snapshot } from "../../../builders/world.ts";

const alice: UserInfo = { username: "alice@example.com", groups: ["system:authenticated"] };
const carol: UserInfo = { username: "carol@example.com" };
const dead: LiveReader = { read: () => Promise.reject(new Error("unreachable")) };

/** What a guard answers whose API server cannot be read, so that it must do with what the review holds. */
async function answer(
  object: WritObject,
  old: WritObject,
  userInfo: UserInfo,
  record: () => Promise<never> | Promise<{ writer: string; index: bigint; leafHash: Buffer }> = async () => ({
    writer: "w0",
    index: 0n,
    leafHash: Buffer.alloc(32),
  }),
): Promise<Answer> {
  const guard = createGuard({
    settings: ours.settings,
    cache: { snapshot, approvalsWithRequestId: () => [] },
    reader: dead,
    mayClaim: () => Promise.reject(new Error("unreachable")),
    record,
    clock: () => 0,
    log: createLogger({ level: "silent", name: "test" }),
  });
  const request: AdmissionRequest = review({
    resource: { group: "writ.dev", version: "v1alpha1", resource: "identityowners" },
    operation: "UPDATE",
    object: JSON.parse(JSON.stringify(object)) as AdmissionRequest["object"] & object,
    oldObject: JSON.parse(JSON.stringify(old)) as AdmissionRequest["oldObject"] & object,
    userInfo,
  });
  return guard({ request, caller: { kind: "path" }, arrivedAt: 0, deadline: 4000 });
}

describe("suspending an owner needs nothing but membership", () => {
  test("no lookup", async () => {
    expect(await answer(editOwner(payments, { suspended: true }), payments, alice)).toMatchObject({ allowed: true });
  });

  test("no sound owner: one that could not be applied today can be suspended", async () => {
    const odd = owner("cluster", { members: payments.spec.members, identities: [{ user: "system:odd" }] });
    expect(await answer(editOwner(odd, { suspended: true }), odd, alice)).toMatchObject({ allowed: true });
  });

  test("but membership it needs", async () => {
    expect(await answer(editOwner(payments, { suspended: true }), payments, carol)).toMatchObject({
      allowed: false,
      code: "LookupFailed",
    });
  });

  test("as the owner was before: nobody joins and suspends at once", async () => {
    const joined = editOwner(payments, { suspended: true, members: [{ user: "carol@example.com" }] });
    expect(await answer(joined, payments, carol)).toMatchObject({ allowed: false });
  });
});

test("metadata alone may be changed by anybody whom RBAC lets, but not by an agent", async () => {
  const freed = { ...platform, metadata: { ...platform.metadata, finalizers: [] } };
  expect(await answer(freed, platform, carol)).toMatchObject({ allowed: true });
  expect(await answer(freed, platform, { username: botUser })).toMatchObject({ code: "AgentsMayOnlyRequest" });
});

test("what cannot be recorded is not admitted", async () => {
  const record = (): Promise<never> => Promise.reject(new Error("disk full"));
  expect(await answer(editOwner(payments, { suspended: true }), payments, alice, record)).toMatchObject({
    allowed: false,
    code: "RecordFailed",
  });
});
