import { describe, expect, test } from "vitest";
import type { LiveObjects, LiveReader } from "../../../../src/admission/live-reader.ts";
import { prove } from "../../../../src/admission/prove.ts";
import type { ObjectNames } from "../../../../src/api/register/names-to-read.ts";
import { approvalKey, snapshotOf } from "../../../../src/decision/snapshot.ts";
import type { WriteRequest } from "../../../../src/decision/write-request.ts";
import { bot } from "../../../builders/agents.ts";
import { approvedBy, rejectDecision, withDecisions } from "../../../builders/approval.ts";
import { ours } from "../../../builders/installation.ts";
import { editOwner } from "../../../builders/owner.ts";
import { brokenRegister } from "../../../builders/register.ts";
import { writeRequest } from "../../../builders/review.ts";
import { after, minute } from "../../../builders/time.ts";
import { approved, payments, pending, platform, root, scaler, world } from "../../../builders/world.ts";
import type { World } from "../../../builders/world.ts";

const bump = <T extends { metadata: object }>(object: T): T => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: "2" },
});
const rejected = bump(
  withDecisions(approved, rejectDecision(approved, { by: "alice@example.com", ownerName: "payments" })),
);

/** A reader over a world, which may change between reads; notes what was asked. */
function readerOf(present: () => World, skew = 0): LiveReader & { readonly asked: ObjectNames[] } {
  const asked: ObjectNames[] = [];
  const find = <T>(
    names: readonly string[],
    objects: readonly T[],
    key: (object: T) => string,
  ): Map<string, T | undefined> => new Map(names.map((name) => [name, objects.find((object) => key(object) === name)]));
  return {
    asked,
    read: async (names): Promise<LiveObjects> => {
      asked.push(names);
      const { owners, capabilities, approvals } = present();
      return {
        owners: find(names.owners, owners, (owner) => owner.metadata.name),
        capabilities: find(names.capabilities, capabilities, (capability) => capability.metadata.name),
        approvals: find(names.approvals, approvals, approvalKey),
        clockSkew: skew,
      };
    },
  };
}

const failing: LiveReader = { read: () => Promise.reject(new Error("unreachable")) };

async function verdictOf(cached: World, reader: LiveReader, request: WriteRequest = writeRequest()): Promise<string> {
  const { verdict } = await prove({
    request,
    snapshot: () => snapshotOf(cached.owners, cached.capabilities, cached.approvals),
    settings: ours.settings,
    reader,
    register: brokenRegister(),
    silent: () => false,
    clock: () => after(2 * minute),
    onReadError: () => undefined,
  });
  return `${verdict.kind} ${verdict.code}`;
}

describe("where the register proves nothing, a verdict is proven by live reads", () => {
  test("an allow rests on approval, capability and all owners as read after the request", async () => {
    const reader = readerOf(() => world);
    expect(await verdictOf(world, reader)).toBe("allow Approved");
    expect(reader.asked).toHaveLength(1);
    expect(reader.asked[0]?.approvals).toEqual(["payments-prod/inc-1234"]);
    expect(reader.asked[0]?.capabilities).toEqual(["payments-scaler"]);
    expect([...(reader.asked[0]?.owners ?? [])].sort()).toEqual(["cluster", "payments", "platform"]);
  });

  test.each<[string, Partial<World>, string]>([
    ["a rejection", { approvals: [rejected] }, "deny ApprovalRejected"],
    ["the approval's deletion", { approvals: [] }, "deny NoApproval"],
    [
      "a suspension of the identity owner",
      { owners: [root, platform, bump(editOwner(payments, { suspended: true }))] },
      "deny IdentityOwnerNotLive",
    ],
    [
      "a suspension of the policy owner",
      { owners: [root, bump(editOwner(platform, { suspended: true })), payments] },
      "deny PolicyOwnerNotLive",
    ],
    ["the freeze", { owners: [bump(editOwner(root, { suspended: true })), platform, payments] }, "deny Frozen"],
    ["the root owner's deletion", { owners: [platform, payments] }, "deny Frozen"],
    ["the capability's deletion", { capabilities: [] }, "deny NoCapability"],
    [
      "the capability's suspension",
      { capabilities: [bump({ ...scaler, spec: { ...scaler.spec, suspended: true } })] },
      "deny CapabilitySuspended",
    ],
    [
      "an edit of the capability while the request is under way",
      { capabilities: [bump({ ...scaler, spec: { ...scaler.spec, description: "edited" } })] },
      "deny CapabilityChanged",
    ],
    [
      "an approver's removal",
      { owners: [root, platform, bump(editOwner(payments, { members: [{ user: "eve@example.com" }] }))] },
      "deny ApprovalInvalid",
    ],
  ])("a stale cache does not hide %s", async (_, change, expected) => {
    expect(
      await verdictOf(
        world,
        readerOf(() => ({ ...world, ...change })),
      ),
    ).toBe(expected);
  });

  test("a stale cache does not let a frozen agent file a request", async () => {
    const filing = writeRequest({
      operation: "CREATE",
      resource: { group: "writ.dev", version: "v1alpha1", resource: "elevationapprovals" },
      object: { metadata: { name: "x" }, spec: { agent: bot } },
      oldObject: null,
    });
    const frozen = { ...world, owners: [bump(editOwner(root, { suspended: true })), platform, payments] };
    expect(
      await verdictOf(
        world,
        readerOf(() => world),
        filing,
      ),
    ).toBe("allow OwnRequest");
    expect(
      await verdictOf(
        world,
        readerOf(() => frozen),
        filing,
      ),
    ).toBe("deny Frozen");
  });

  test("a quorum that the cache has not seen yet is found before the denial stands", async () => {
    const half = approvedBy(pending, scaler, { by: "alice@example.com", ownerName: "payments" });
    const reader = readerOf(() => ({ ...world, approvals: [bump(approved)] }));
    expect(await verdictOf({ ...world, approvals: [half] }, reader)).toBe("allow Approved");
  });

  test("a denial that no approval could cure is answered without a read", async () => {
    const reader = readerOf(() => world);
    expect(await verdictOf(world, reader, writeRequest({ operation: "DELETE" }))).toBe("deny NoRule");
    expect(reader.asked).toHaveLength(0);
  });

  test("a second approval found after the first was rejected is read before it counts", async () => {
    const other = approvedBy(
      { ...pending, metadata: { ...pending.metadata, name: "inc-2", uid: "other" } },
      scaler,
      { by: "alice@example.com", ownerName: "payments" },
      { by: "bob@example.com", ownerName: "platform" },
    );
    const cached = { ...world, approvals: [approved, other] };
    const bothRejected = bump(
      withDecisions(other, rejectDecision(other, { by: "alice@example.com", ownerName: "payments" })),
    );
    const reader = readerOf(() => ({ ...world, approvals: [rejected, bothRejected] }));
    expect(await verdictOf(cached, reader)).toBe("deny ApprovalRejected");
    expect(reader.asked.flatMap((names) => names.approvals)).toEqual(["payments-prod/inc-1234", "payments-prod/inc-2"]);
  });

  test("reads that fail are a denial", async () => {
    expect(await verdictOf(world, failing)).toBe("deny LiveReadFailed");
  });

  test("clocks more than 5 s apart are a denial", async () => {
    expect(
      await verdictOf(
        world,
        readerOf(() => world, 5001),
      ),
    ).toBe("deny ClockSkew");
    expect(
      await verdictOf(
        world,
        readerOf(() => world, 5000),
      ),
    ).toBe("allow Approved");
  });

  test("objects that change at every read are a denial in the end", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `inc-${index}`);
    const approvals = names.map((name) =>
      approvedBy(
        { ...pending, metadata: { ...pending.metadata, name, uid: name } },
        scaler,
        { by: "alice@example.com", ownerName: "payments" },
        { by: "bob@example.com", ownerName: "platform" },
      ),
    );
    const reader = readerOf(() => ({ ...world, approvals: [] }));
    expect(await verdictOf({ ...world, approvals }, reader)).toBe("deny Unsettled");
  });
});
