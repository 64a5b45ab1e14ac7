import { describe, expect, test } from "vitest";
import type { LiveReader } from "../../../../src/admission/live-reader.ts";
import { prove } from "../../../../src/admission/prove.ts";
import type { ProvenVerdict } from "../../../../src/admission/prove.ts";
import type { RegisterReader } from "../../../../src/admission/register-reader.ts";
import type { ObjectNames } from "../../../../src/api/register/names-to-read.ts";
import { approvalKey, snapshotOf } from "../../../../src/decision/snapshot.ts";
import type { WriteRequest } from "../../../../src/decision/write-request.ts";
import { approvedBy, rejectDecision, withDecisions } from "../../../builders/approval.ts";
import { capability } from "../../../builders/capability.ts";
import { bot } from "../../../builders/agents.ts";
import { ours } from "../../../builders/installation.ts";
import { editOwner, owner } from "../../../builders/owner.ts";
import { brokenRegister, intentOn, registerOf } from "../../../builders/register.ts";
import { writeRequest } from "../../../builders/review.ts";
import { after, created, minute } from "../../../builders/time.ts";
import { approved, payments, pending, platform, root, scaler, world } from "../../../builders/world.ts";
import type { World } from "../../../builders/world.ts";

interface Asked {
  readonly proven: ProvenVerdict;
  /** Every name that was read, in order. */
  readonly read: readonly string[];
}

const bump = <T extends { metadata: object }>(object: T): T => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion: "2", generation: 2 },
});

/** The verdict where the cache holds one world, and the API server another. */
async function ask(
  register: RegisterReader,
  {
    cached = world,
    present = world,
    silent = () => false,
    request = writeRequest(),
  }: {
    readonly cached?: World;
    readonly present?: World;
    readonly silent?: () => boolean;
    readonly request?: WriteRequest;
  } = {},
): Promise<Asked> {
  const read: string[] = [];
  const find = <T>(names: readonly string[], objects: readonly T[], key: (object: T) => string) => {
    read.push(...names);
    return new Map(names.map((name) => [name, objects.find((object) => key(object) === name)]));
  };
  const reader: LiveReader = {
    read: async (names: ObjectNames) => ({
      owners: find(names.owners, present.owners, ({ metadata }) => metadata.name),
      capabilities: find(names.capabilities, present.capabilities, ({ metadata }) => metadata.name),
      approvals: find(names.approvals, present.approvals, approvalKey),
      clockSkew: 0,
    }),
  };
  const proven = await prove({
    request,
    snapshot: () => snapshotOf(cached.owners, cached.capabilities, cached.approvals),
    settings: ours.settings,
    reader,
    register,
    silent,
    clock: () => after(2 * minute),
    onReadError: () => undefined,
  });
  return { proven, read };
}

const codeOf = ({ proven: { verdict } }: Asked): string => `${verdict.kind} ${verdict.code}`;
const rejected = bump(
  withDecisions(approved, rejectDecision(approved, { by: "alice@example.com", ownerName: "payments" })),
);

describe("a complete register", () => {
  test("without an intent proves an allow without a single read", async () => {
    const asked = await ask(registerOf());
    expect([codeOf(asked), asked.proven.proof, asked.read]).toEqual(["allow Approved", "register", []]);
  });

  test("with intents that the cache shows proves an allow as well", async () => {
    const owners = world.owners.map((known) => bump(known));
    const asked = await ask(registerOf(world.owners.map((known) => intentOn(known))), { cached: { ...world, owners } });
    expect([codeOf(asked), asked.read]).toEqual(["allow Approved", []]);
  });

  test("proves a denial that awaits an approval without a read", async () => {
    const asked = await ask(registerOf(), { cached: { ...world, approvals: [pending] } });
    expect([asked.proven.verdict.kind, asked.proven.proof, asked.read]).toEqual(["deny", "register", []]);
  });

  test("is not asked for a denial that no approval could cure", async () => {
    const never: RegisterReader = () => Promise.reject(new Error("asked"));
    const asked = await ask(never, { request: writeRequest({ operation: "DELETE" }) });
    expect([codeOf(asked), asked.proven.proof]).toEqual(["deny NoRule", "none"]);
  });

  test("whose clock is more than 5 s from ours proves nothing", async () => {
    expect(codeOf(await ask(registerOf([], 5001)))).toBe("deny ClockSkew");
    expect(codeOf(await ask(registerOf([], 5000)))).toBe("allow Approved");
  });
});

describe("an intent that the cache does not show leads to what it is about", () => {
  const second = owner("rival", { identities: [bot] });
  const rival = owner("rival", { resources: [{ scope: "Namespaced", namespaces: ["payments-prod"] }] });
  const idle = owner("rival", {});
  const riskier = capability("riskier", {
    rules: scaler.spec.rules.map((known) => ({ ...known, name: "riskier" })),
  });
  const lowScaler = world.capabilities;

  test.each<[string, RegisterReader, Partial<World>, Partial<World>, string, readonly string[]]>([
    [
      "a rejection",
      registerOf([intentOn(approved)]),
      {},
      { approvals: [rejected] },
      "deny ApprovalRejected",
      ["payments-prod/inc-1234"],
    ],
    [
      "a deletion",
      registerOf([intentOn(approved, "deleted")]),
      {},
      { approvals: [] },
      "deny NoApproval",
      ["payments-prod/inc-1234"],
    ],
    [
      "the freeze",
      registerOf([intentOn(root)]),
      {},
      { owners: [bump(editOwner(root, { suspended: true })), platform, payments] },
      "deny Frozen",
      ["cluster"],
    ],
    [
      "a suspended capability",
      registerOf([intentOn(scaler)]),
      {},
      { capabilities: [bump({ ...scaler, spec: { ...scaler.spec, suspended: true } })] },
      "deny CapabilitySuspended",
      ["payments-scaler"],
    ],
    [
      "a new owner that claims the object",
      registerOf([intentOn(rival, "created")]),
      {},
      { owners: [...world.owners, rival] },
      "deny ConflictingClaim",
      ["rival"],
    ],
    [
      "a new owner that claims the agent",
      registerOf([intentOn(second, "created")]),
      {},
      { owners: [...world.owners, second] },
      "deny ConflictingIdentityOwners",
      ["rival"],
    ],
    [
      "an owner outside the verdict that begins to claim the agent",
      registerOf([intentOn(idle)]),
      { owners: [...world.owners, idle] },
      { owners: [...world.owners, bump(second)] },
      "deny ConflictingIdentityOwners",
      ["rival"],
    ],
    [
      "a new capability that changes nothing",
      registerOf([intentOn(riskier, "created")]),
      {},
      { capabilities: [...lowScaler, riskier] },
      "allow Approved",
      ["riskier"],
    ],
  ])("%s", async (_, register, cached, present, code, read) => {
    const asked = await ask(register, { cached: { ...world, ...cached }, present: { ...world, ...present } });
    expect([codeOf(asked), asked.read]).toEqual([code, read]);
  });

  test("a quorum that the cache has not seen yet is found before the denial stands", async () => {
    const half = approvedBy(pending, scaler, { by: "alice@example.com", ownerName: "payments" });
    const asked = await ask(registerOf([intentOn(half)]), {
      cached: { ...world, approvals: [half] },
      present: { ...world, approvals: [bump(approved)] },
    });
    expect([codeOf(asked), asked.proven.proof]).toEqual(["allow Approved", "register"]);
  });

  test("an approval that the verdict does not rest on is not read", async () => {
    const other = { ...pending, metadata: { ...pending.metadata, name: "other", uid: "other" } };
    const asked = await ask(registerOf([intentOn(other)]));
    expect([codeOf(asked), asked.read]).toEqual(["allow Approved", []]);
  });

  test("a change that has not happened yet is told: somebody decides on the approval right now", async () => {
    const asked = await ask(registerOf([intentOn(approved)]));
    expect([codeOf(asked), asked.proven.changeAnnouncedAt]).toEqual(["allow Approved", created]);
    expect((await ask(registerOf([intentOn(root)]))).proven.changeAnnouncedAt).toBeUndefined();
  });
});

describe("everything that an allow rests on is read by name", () => {
  const everything = ["cluster", "payments", "platform", "payments-scaler", "payments-prod/inc-1234"];

  test.each(["unreadable", "missing", "replaced", "incomplete"] as const)("when the register is %s", async (gap) => {
    const asked = await ask(brokenRegister(gap));
    expect([codeOf(asked), asked.proven.proof, asked.read.toSorted()]).toEqual([
      "allow Approved",
      gap,
      everything.toSorted(),
    ]);
  });

  test("when a watch has been silent for too long, and revocations may no longer be announced", async () => {
    const asked = await ask(registerOf(), { silent: () => true, present: { ...world, approvals: [rejected] } });
    expect([codeOf(asked), asked.proven.proof]).toEqual(["deny ApprovalRejected", "silent"]);
  });

  test("together with what is announced all the same", async () => {
    const outside = owner("outside", {});
    const asked = await ask(brokenRegister("incomplete", [intentOn(outside, "created")]));
    expect(asked.read.toSorted()).toEqual([...everything, "outside"].toSorted());
  });
});
