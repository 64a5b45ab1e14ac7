import { describe, expect, test, vi } from "vitest";
import { createGuard } from "../../../../src/admission/guard/guard.ts";
import type { Intent } from "../../../../src/api/register/intent.ts";
import type { WritObject } from "../../../../src/api/kinds.ts";
import type { AdmissionRequest } from "../../../../src/decision/admission-request.ts";
import { createLogger } from "../../../../src/telemetry/logger.ts";
import { ours } from "../../../builders/installation.ts";
import { editOwner, owner } from "../../../builders/owner.ts";
import { review } from "../../../builders/review.ts";
import { after, minute } from "../../../builders/time.ts";
import { approved, payments, scaler, snapshot } from "../../../builders/world.ts";
import { askGuard, person } from "./ask-guard.ts";

const alice = person("alice@example.com");
const suspended = editOwner(payments, { suspended: true });
const plain = (object: WritObject): AdmissionRequest["object"] & object =>
  JSON.parse(JSON.stringify(object)) as AdmissionRequest["object"] & object;

/** What happens when alice deletes an object. */
async function deletion(
  object: unknown,
  announce: (intent: Intent) => Promise<void>,
  mods: Partial<AdmissionRequest> = {},
): Promise<{ readonly allowed: boolean; readonly recorded: number }> {
  let recorded = 0;
  const guard = createGuard({
    settings: ours.settings,
    cache: { snapshot, problems: () => [] },
    reader: { read: () => Promise.reject(new Error("unreachable")) },
    mayClaim: () => Promise.reject(new Error("unreachable")),
    requestIds: { reserve: () => Promise.reject(new Error("unreachable")) },
    announce,
    record: async () => {
      recorded += 1;
      return { writer: "w0", index: 0n, leafHash: Buffer.alloc(32) };
    },
    clock: () => after(2 * minute),
    log: createLogger({ level: "silent", name: "test" }),
  });
  const request = review({
    resource: { group: "writ.dev", version: "v1alpha1", resource: "elevationapprovals" },
    operation: "DELETE",
    object: null,
    oldObject: object as AdmissionRequest["oldObject"] & object,
    userInfo: alice,
    ...mods,
  });
  const { allowed } = await guard({ request, caller: { kind: "path" }, arrivedAt: 0, deadline: 4000 });
  return { allowed, recorded };
}

describe("the guard announces", () => {
  test("a change of a spec before it records and admits it", async () => {
    const steps: string[] = [];
    const answer = await askGuard({
      object: suspended,
      old: payments,
      user: alice,
      options: {
        announce: async ({ plural, name, uid, change, call }) => {
          await Promise.resolve();
          steps.push(`${plural} ${name} ${uid === payments.metadata.uid} ${JSON.stringify(change)} ${call}`);
        },
        record: async () => {
          steps.push("recorded");
          return { writer: "w0", index: 0n, leafHash: Buffer.alloc(32) };
        },
      },
    });
    expect(answer.allowed).toBe(true);
    expect(steps).toEqual([
      `identityowners payments true {"kind":"updated","generation":1} ${review().uid}`,
      "recorded",
    ]);
  });

  test("no change that it refuses, none of metadata alone, and none of a rehearsal", async () => {
    const announce = vi.fn(async () => undefined);
    await askGuard({ object: suspended, old: payments, user: person("eve@example.com"), options: { announce } });
    const labelled = { ...payments, metadata: { ...payments.metadata, labels: { a: "b" } } };
    await askGuard({ object: labelled, old: payments, user: alice, options: { announce } });
    await deletion(plain(approved), announce, { dryRun: true });
    expect(announce).not.toHaveBeenCalled();
  });

  test("a new owner, which may claim against others", async () => {
    const announce = vi.fn<(intent: Intent) => Promise<void>>(async () => undefined);
    const rival = owner("rival", {});
    await askGuard({ object: rival, user: alice, claims: true, options: { announce } });
    expect(announce.mock.calls.map(([{ name, change }]) => [name, change])).toEqual([["rival", { kind: "created" }]]);
  });

  test("a deletion, in which nothing but the old object is known", async () => {
    const announce = vi.fn<(intent: Intent) => Promise<void>>(async () => undefined);
    expect(await deletion(plain(approved), announce)).toEqual({ allowed: true, recorded: 1 });
    expect(announce.mock.calls[0]?.[0]).toMatchObject({
      plural: "elevationapprovals",
      namespace: "payments-prod",
      name: "inc-1234",
      uid: approved.metadata.uid,
      change: { kind: "deleted" },
    });
  });
});

describe("when the register cannot be written", () => {
  const announce = (): Promise<never> => Promise.reject(new Error("unreachable"));

  test("a change is refused, and not recorded as made", async () => {
    const record = vi.fn(async () => ({ writer: "w0", index: 0n, leafHash: Buffer.alloc(32) }));
    const options = { announce, record };
    const answer = await askGuard({ object: suspended, old: payments, user: alice, options });
    expect(answer).toMatchObject({ allowed: false, code: "RegisterFailed" });
    expect(record).not.toHaveBeenCalled();
    const member = person("bob@example.com");
    const off = { ...scaler, spec: { ...scaler.spec, suspended: true } };
    expect(await askGuard({ object: off, old: scaler, user: member, options })).toMatchObject({
      code: "RegisterFailed",
    });
  });

  test("a deletion goes on and is recorded", async () => {
    expect(await deletion(plain(approved), announce)).toEqual({ allowed: true, recorded: 1 });
  });

  test("a deletion does not wait for it for ever", async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    expect(await deletion(plain(approved), never)).toEqual({ allowed: true, recorded: 1 });
  });
});

test.each([null, {}, { metadata: null }, { metadata: { uid: 1 } }, { metadata: {} }])(
  "a deletion of something odd goes on: %j",
  async (object) => {
    expect((await deletion(object, async () => undefined)).allowed).toBe(true);
  },
);
