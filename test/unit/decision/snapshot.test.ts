import { describe, expect, test } from "vitest";
import type { AgentCapability, ElevationApproval, IdentityOwner } from "../../../src/api/types.gen.ts";
import { isSameVersion, withFresh } from "../../../src/decision/snapshot.ts";
import type { FreshObjects } from "../../../src/decision/snapshot.ts";
import { botUser } from "../../builders/agents.ts";
import { approval } from "../../builders/approval.ts";
import { capability, editCapability } from "../../builders/capability.ts";
import { editOwner, owner } from "../../builders/owner.ts";
import { approved, payments, pending, scaler, snapshot } from "../../builders/world.ts";

const old = snapshot();

function fresh(objects: Partial<FreshObjects>): FreshObjects {
  return { owners: new Map(), capabilities: new Map(), approvals: new Map(), ...objects };
}

function next<T extends IdentityOwner | AgentCapability | ElevationApproval>(object: T): T {
  return { ...object, metadata: { ...object.metadata, resourceVersion: "2" } };
}

describe("snapshotOf", () => {
  test("finds approvals by agent and namespace", () => {
    const elsewhere = approval("x", {}, { namespace: "payments-dev" });
    const others = approval("y", { agent: { user: "spiffe://x" } });
    const held = snapshot({ approvals: [approved, elsewhere, others] });
    expect(held.approvalsOf(botUser, "payments-prod")).toEqual([approved]);
    expect(held.approvalsOf(botUser, "payments-dev")).toEqual([elsewhere]);
    expect(held.approvalsOf("spiffe://x", "payments-prod")).toEqual([others]);
    expect(held.approvalsOf(botUser, "")).toEqual([]);
  });

  test("finds capabilities by name and by agent", () => {
    expect(old.capability("payments-scaler")).toBe(scaler);
    expect(old.capability("__proto__")).toBeUndefined();
    expect(old.capabilitiesOf(botUser)).toEqual([scaler]);
    expect(old.capabilitiesOf("spiffe://x")).toEqual([]);
  });
});

describe("withFresh", () => {
  test("puts a changed object in place of the one that was held", () => {
    const owner = next(editOwner(payments, { suspended: true }));
    const cap = next(editCapability(scaler, { suspended: true }));
    const elev = next(pending);
    const now = withFresh(
      old,
      fresh({
        owners: new Map([["payments", owner]]),
        capabilities: new Map([["payments-scaler", cap]]),
        approvals: new Map([["payments-prod/inc-1234", elev]]),
      }),
    );
    expect(now.owners.get("payments")).toBe(owner);
    expect(now.owners.ofIdentity(botUser)).toEqual([owner]);
    expect(now.owners.all).toHaveLength(old.owners.all.length);
    expect(now.capability("payments-scaler")).toBe(cap);
    expect(now.capabilitiesOf(botUser)).toEqual([cap]);
    expect(now.approvalsOf(botUser, "payments-prod")).toEqual([elev]);
  });

  test("takes out what is gone", () => {
    const now = withFresh(
      old,
      fresh({
        owners: new Map([["payments", undefined]]),
        capabilities: new Map([["payments-scaler", undefined]]),
        approvals: new Map([["payments-prod/inc-1234", undefined]]),
      }),
    );
    expect(now.owners.get("payments")).toBeUndefined();
    expect(now.owners.ofIdentity(botUser)).toEqual([]);
    expect(now.capability("payments-scaler")).toBeUndefined();
    expect(now.capabilitiesOf(botUser)).toEqual([]);
    expect(now.approvalsOf(botUser, "payments-prod")).toEqual([]);
  });

  test("adds what was not held yet", () => {
    const [team, cap, elev] = [owner("new"), capability("new"), approval("new")];
    const now = withFresh(
      old,
      fresh({
        owners: new Map([["new", team]]),
        capabilities: new Map([["new", cap]]),
        approvals: new Map([["payments-prod/new", elev]]),
      }),
    );
    expect(now.owners.get("new")).toBe(team);
    expect(now.owners.get("payments")).toBe(payments);
    expect(now.capabilitiesOf(botUser)).toEqual([scaler, cap]);
    expect(now.approvalsOf(botUser, "payments-prod")).toEqual([approved, elev]);
  });

  test("an object that was created anew replaces its namesake of the same resource version", () => {
    const anew = approval("inc-1234", {}, { uid: "another" });
    const now = withFresh(old, fresh({ approvals: new Map([["payments-prod/inc-1234", anew]]) }));
    expect(now.approvalsOf(botUser, "payments-prod")).toEqual([anew]);
  });

  test("an approval of the same name in another namespace is another", () => {
    const elsewhere = approval("inc-1234", {}, { namespace: "payments-dev" });
    const now = withFresh(old, fresh({ approvals: new Map([["payments-dev/inc-1234", elsewhere]]) }));
    expect(now.approvalsOf(botUser, "payments-prod")).toEqual([approved]);
    expect(now.approvalsOf(botUser, "payments-dev")).toEqual([elsewhere]);
  });

  test("an object that names the agent no more is not found by it", () => {
    const cap = next(editCapability(scaler, { agents: [{ user: "spiffe://x" }] }));
    const now = withFresh(old, fresh({ capabilities: new Map([["payments-scaler", cap]]) }));
    expect(now.capabilitiesOf(botUser)).toEqual([]);
    expect(now.capabilitiesOf("spiffe://x")).toEqual([cap]);
    expect(now.capability("payments-scaler")).toBe(cap);
  });

  test("keeps the very same directory of owners while none changed", () => {
    const now = withFresh(old, fresh({ owners: new Map([["payments", { ...payments }]]) }));
    expect(now.owners).toBe(old.owners);
  });

  test("leaves the snapshot that it was given as it was", () => {
    withFresh(
      old,
      fresh({
        owners: new Map([["payments", undefined]]),
        approvals: new Map([["payments-prod/inc-1234", undefined]]),
      }),
    );
    expect(old.owners.get("payments")).toBe(payments);
    expect(old.approvalsOf(botUser, "payments-prod")).toEqual([approved]);
  });
});

test("one version has one uid and one resource version", () => {
  expect(isSameVersion(approved, { ...approved })).toBe(true);
  expect(isSameVersion(approved, next(approved))).toBe(false);
  expect(isSameVersion(approved, approval("inc-1234", {}, { uid: "another" }))).toBe(false);
  expect(isSameVersion(approved, undefined)).toBe(false);
});
