import { describe, expect, test } from "vitest";
import { intendedChange, intentEntry, isResolved, parseIntent } from "../../../src/api/register/intent.ts";
import type { Intent } from "../../../src/api/register/intent.ts";
import { withDecisions } from "../../builders/approval.ts";
import { editOwner } from "../../builders/owner.ts";
import { intentOn } from "../../builders/register.ts";
import { approved, payments, pending, scaler } from "../../builders/world.ts";

const uid = "3f0c2c7e-5f5e-4d7a-9a57-2b1f0c1d2e3f";
const intent: Intent = {
  plural: "elevationapprovals",
  namespace: "payments-prod",
  name: "inc-1234",
  uid,
  change: { kind: "updated", generation: 7 },
  at: Date.parse("2026-11-24T10:00:00.123Z"),
  call: "705ab4f5-6393-11e8-b7cc-42010a800002",
};

describe("a change is announced", () => {
  test.each([
    ["an update of a spec, by the generation before it", pending, approved, { kind: "updated", generation: 1 }],
    ["a rejection as any other decision", approved, withDecisions(approved), undefined],
    ["a deletion", approved, undefined, { kind: "deleted" }],
    ["a new owner, which may claim against others", undefined, payments, { kind: "created" }],
    ["a new capability, which may raise the risk", undefined, scaler, { kind: "created" }],
    ["no new approval, which takes nothing from anybody", undefined, pending, undefined],
    [
      "no change of metadata alone",
      payments,
      { ...payments, metadata: { ...payments.metadata, labels: { a: "b" } } },
      undefined,
    ],
    ["a suspension", payments, editOwner(payments, { suspended: true }), { kind: "updated", generation: 1 }],
  ])("%s", (_, old, object, expected) => {
    expect(intendedChange(old, object)).toEqual(expected);
  });
});

describe("an entry of the register", () => {
  test("is one key an intent, and says what people need", () => {
    expect(intentEntry(intent)).toEqual({
      key: `${uid}.7`,
      value: "elevationapprovals payments-prod/inc-1234 2026-11-24T10:00:00.123Z 705ab4f5-6393-11e8-b7cc-42010a800002",
    });
  });

  test.each<Partial<Intent>>([
    {},
    { change: { kind: "deleted" } },
    { plural: "identityowners", namespace: undefined, name: "payments", change: { kind: "created" } },
  ])("is read as it was written: %j", (mods) => {
    const { key, value } = intentEntry({ ...intent, ...mods });
    expect(parseIntent(key, value)).toEqual({ ...intent, ...mods });
  });

  test.each<[string, Partial<Intent>]>([
    ["without a generation", { change: { kind: "updated", generation: Number.NaN } }],
    ["without a uid", { uid: "" }],
    ["with a uid that is a path", { uid: "../x" }],
    ["of a kind that is not Writ's", { plural: "secrets" as Intent["plural"] }],
    ["of a namespaced kind without namespace", { namespace: undefined }],
    ["of a name that is no name", { name: "a b" }],
    ["of a name that leads elsewhere", { name: ".." }],
  ])("is not written %s", (_, mods) => {
    expect(() => intentEntry({ ...intent, ...mods })).toThrow("cannot be written");
  });

  const { value } = intentEntry(intent);
  test.each([
    ["another key", "incomplete", value],
    ["a generation with a sign", `${uid}.-1`, value],
    ["a generation that is no number", `${uid}.1e3`, value],
    ["no value", `${uid}.7`, ""],
    ["a value with more in it", `${uid}.7`, `${value} x`],
    ["a value of another kind", `${uid}.7`, value.replace("elevationapprovals", "secrets")],
    ["a cluster-scoped kind in a namespace", `${uid}.7`, value.replace("elevationapprovals", "identityowners")],
    ["a path in the name", `${uid}.7`, value.replace("inc-1234", "../../secrets")],
    ["a name in capitals", `${uid}.7`, value.replace("inc-1234", "INC")],
    ["no time", `${uid}.7`, value.replace("2026-11-24T10:00:00.123Z", "yesterday")],
  ])("that no guard wrote is not read: %s", (_, key, text) => {
    expect(parseIntent(key, text)).toBeUndefined();
  });
});

describe("an intent is resolved", () => {
  const { metadata } = approved;
  const update = intentOn(approved);
  test("once the object is seen at a later generation", () => {
    expect(isResolved(update, metadata)).toBe(false);
    expect(isResolved(update, { ...metadata, generation: 2 })).toBe(true);
  });

  test("not by an object of the same name with another uid, nor by none", () => {
    expect(isResolved(update, { ...metadata, uid: "other", generation: 9 })).toBe(false);
    expect(isResolved(update, undefined)).toBe(false);
  });

  test("of a deletion, once the object is gone, being deleted, or another", () => {
    const deletion = intentOn(approved, "deleted");
    expect(isResolved(deletion, metadata)).toBe(false);
    expect(isResolved(deletion, { ...metadata, deletionTimestamp: "2026-06-01T12:00:00Z" })).toBe(true);
    expect(isResolved(deletion, { ...metadata, uid: "other" })).toBe(true);
    expect(isResolved(deletion, undefined)).toBe(true);
  });

  test("of a creation, once the object is there", () => {
    const creation = intentOn(payments, "created");
    expect(isResolved(creation, undefined)).toBe(false);
    expect(isResolved(creation, { ...payments.metadata, uid: "other" })).toBe(false);
    expect(isResolved(creation, payments.metadata)).toBe(true);
  });
});
