import { describe, expect, test } from "vitest";
import type { ConsumeOutcome } from "../../../../src/admission/consume/consume-use.ts";
import type { CountingOptions } from "../../../../src/admission/consume/count-verdict.ts";
import { rememberUses } from "../../../../src/admission/consume/remembered-uses.ts";
import { createGate } from "../../../../src/admission/gate.ts";
import type { GateOptions } from "../../../../src/admission/gate.ts";
import type { Answer } from "../../../../src/admission/handler.ts";
import { approvalKey } from "../../../../src/decision/snapshot.ts";
import type { AdmissionRequest } from "../../../../src/decision/admission-request.ts";
import { systemClock } from "../../../../src/kube/clock.ts";
import { createLogger } from "../../../../src/telemetry/logger.ts";
import { ours } from "../../../builders/installation.ts";
import { registerOf } from "../../../builders/register.ts";
import { review } from "../../../builders/review.ts";
import { after, minute } from "../../../builders/time.ts";
import { approval, approvedBy } from "../../../builders/approval.ts";
import { approved, scaler, snapshot } from "../../../builders/world.ts";

interface Asked {
  readonly answer: Answer;
  /** `verdict code` of each record. */
  readonly recorded: readonly string[];
  /** `use` of each record. */
  readonly uses: readonly unknown[];
}

const counting: CountingOptions = {
  consume: () => Promise.reject(new Error("nothing is counted in this world")),
  remembered: rememberUses(10),
  reader: { read: () => Promise.reject(new Error("nothing is counted in this world")) },
  timers: systemClock,
};

/** The gate in the world of the builders, in which `bot` may update the deployment of the review. */
async function ask(mods: Partial<AdmissionRequest>, options: Partial<GateOptions> = {}): Promise<Asked> {
  const recorded: string[] = [];
  const uses: unknown[] = [];
  const present = snapshot();
  const gate = createGate({
    settings: ours.settings,
    cache: { snapshot: () => present, problems: () => [], silent: () => [] },
    reader: {
      read: async ({ owners, capabilities, approvals }) => ({
        owners: new Map(owners.map((name) => [name, present.owners.get(name)])),
        capabilities: new Map(capabilities.map((name) => [name, present.capability(name)])),
        approvals: new Map(approvals.map((name) => [name, name === approvalKey(approved) ? approved : undefined])),
        clockSkew: 0,
      }),
    },
    register: registerOf(),
    onProof: () => undefined,
    requestIds: { holds: () => Promise.resolve(true) },
    counting,
    record: async (_, spec) => {
      const { verdict, code, use } = spec as {
        readonly verdict: string;
        readonly code: string;
        readonly use?: unknown;
      };
      uses.push(use);
      recorded.push(`${verdict} ${code}`);
      return { writer: "w0", index: 7n, leafHash: Buffer.alloc(32, 1) };
    },
    clock: () => after(2 * minute),
    log: createLogger({ level: "silent", name: "test" }),
    shadowUntil: undefined,
    ...options,
  });
  const answer = await gate({ request: review(mods), caller: { kind: "path" }, arrivedAt: 0, deadline: 4000 });
  return { answer, recorded, uses };
}

const denied: Partial<AdmissionRequest> = {
  resource: { group: "apps", version: "v1", resource: "statefulsets" },
};
const secret: Partial<AdmissionRequest> = { resource: { group: "", version: "v1", resource: "secrets" } };

describe("the gate", () => {
  test("records what it answers, and names the place of the record", async () => {
    const allowed = await ask({});
    expect([allowed.answer.allowed, allowed.recorded]).toEqual([true, ["allow Approved"]]);
    expect(Object.values(allowed.answer.auditAnnotations ?? {})).toEqual([`w0;7;${"01".repeat(32)}`]);
    const refused = await ask(denied);
    expect([refused.answer.allowed, refused.recorded]).toEqual([false, ["deny NoRule"]]);
  });

  test("admits nothing that it cannot record", async () => {
    const record = (): Promise<never> => Promise.reject(new Error("disk full"));
    expect((await ask({}, { record })).answer).toMatchObject({ allowed: false, code: "RecordFailed" });
  });

  test("admits nothing while it does not know the present objects", async () => {
    const cache = { snapshot: () => snapshot(), problems: () => ["the watch is dead"], silent: () => [] };
    const { answer, recorded } = await ask({}, { cache });
    expect([answer.code, recorded]).toEqual(["CacheNotSynced", ["deny CacheNotSynced"]]);
  });

  test("records how the verdict was proven, and reads everything while a watch is silent", async () => {
    const entries: object[] = [];
    const proofs: string[] = [];
    const record: GateOptions["record"] = async (_, spec) => {
      entries.push(spec);
      return { writer: "w0", index: 7n, leafHash: Buffer.alloc(32, 1) };
    };
    const onProof = (proof: string): number => proofs.push(proof);
    const silent = { snapshot: () => snapshot(), problems: () => [], silent: () => ["nothing heard"] };
    await ask({}, { record, onProof });
    await ask({}, { record, onProof, cache: silent });
    await ask(denied, { record, onProof });
    expect(entries).toMatchObject([
      { verdict: "allow", proof: "register", liveReads: 0 },
      { verdict: "allow", proof: "silent", liveReads: 5 },
      { verdict: "deny", proof: "none", liveReads: 0 },
    ]);
    expect(proofs).toEqual(["register", "silent", "none"]);
  });

  test("decides a dry run and records nothing", async () => {
    const rehearsed = await ask({ dryRun: true });
    expect([rehearsed.answer.allowed, rehearsed.recorded]).toEqual([true, []]);
    expect((await ask({ ...denied, dryRun: true })).answer.allowed).toBe(false);
  });
});

describe("under an approval with a limit of uses the gate", () => {
  const limited = approvedBy(
    approval("inc-1234", { maxUses: 3 }),
    scaler,
    { by: "alice@example.com", ownerName: "payments" },
    { by: "bob@example.com", ownerName: "platform" },
  );
  const present = snapshot({ approvals: [limited] });
  const answered = (outcome: ConsumeOutcome, options: Partial<GateOptions> = {}): Partial<GateOptions> => ({
    cache: { snapshot: () => present, problems: () => [], silent: () => [] },
    reader: {
      read: async ({ owners, capabilities, approvals }) => ({
        owners: new Map(owners.map((name) => [name, present.owners.get(name)])),
        capabilities: new Map(capabilities.map((name) => [name, scaler])),
        approvals: new Map(approvals.map((name) => [name, limited])),
        clockSkew: 0,
      }),
    },
    counting: { ...counting, remembered: rememberUses(10), consume: async () => outcome },
    ...options,
  });
  const second = { kind: "counted", ordinal: 2, of: 3, resourceVersion: "9" } as const;

  test("records which use an allow is", async () => {
    const { recorded, uses } = await ask({}, answered(second));
    expect([recorded, uses]).toEqual([["allow Approved"], [{ ordinal: 2, of: 3, resourceVersion: "9" }]]);
  });

  test("denies and records what could not be counted", async () => {
    const { answer, recorded, uses } = await ask({}, answered({ kind: "failed", why: "no answer" }));
    expect([answer.code, recorded, uses]).toEqual(["UseNotCounted", ["deny UseNotCounted"], [undefined]]);
  });

  test("admits nothing whose use is counted and cannot be recorded", async () => {
    const record = (): Promise<never> => Promise.reject(new Error("disk full"));
    expect((await ask({}, answered(second, { record }))).answer.code).toBe("RecordFailed");
  });

  test("counts nothing for what shadow mode lets pass", async () => {
    const consume = (): Promise<never> => Promise.reject(new Error("counted"));
    const options = { ...answered(second), counting: { ...counting, consume }, shadowUntil: after(3 * minute) };
    expect((await ask(denied, options)).recorded).toEqual(["would-deny NoRule"]);
  });
});

describe("in shadow mode the gate", () => {
  const until = { shadowUntil: after(3 * minute) };

  test("admits what it would deny, and records so", async () => {
    const { answer, recorded } = await ask(denied, until);
    expect([answer.allowed, recorded]).toEqual([true, ["would-deny NoRule"]]);
  });

  test("denies the protected set, also while it does not know the present objects", async () => {
    expect((await ask(secret, until)).answer.allowed).toBe(false);
    const cache = { snapshot: () => snapshot(), problems: () => ["the watch is dead"], silent: () => [] };
    expect((await ask(secret, { ...until, cache })).answer).toMatchObject({ allowed: false, code: "CacheNotSynced" });
  });

  test("denies again once its end has come", async () => {
    expect((await ask(denied, { shadowUntil: after(2 * minute) })).answer.allowed).toBe(false);
  });
});
