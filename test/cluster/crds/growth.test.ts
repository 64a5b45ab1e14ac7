import { readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { ElevationApproval } from "../../../src/api/types.gen.ts";
import { type ControlPlane, startControlPlane } from "../../control-plane/control-plane.ts";
import { approval, approve, crds, create, installCrds, patch, pathOf, reject } from "./kinds.ts";

let controlPlane: ControlPlane;
beforeAll(async () => {
  controlPlane = await startControlPlane();
  await installCrds(controlPlane);
});
afterAll(() => controlPlane?.stop());

/** A new approval for each test, with one Approve. */
let stored: ElevationApproval;
let count = 0;
beforeEach(async () => {
  count += 1;
  stored = { ...approval, metadata: { namespace: "default", name: `inc-${count}` } };
  stored = { ...stored, spec: { ...stored.spec, decisions: [approve] } };
  const created = await create(controlPlane, stored);
  expect(created.status, created.causes.join("\n")).toBe(201);
});

const change = (spec: object) => patch(controlPlane, stored, { spec });
const changeStatus = (status: object | null) => patch(controlPlane, stored, { status }, "/status");

describe("an approval's spec never changes", () => {
  const other = { serviceAccount: { namespace: "agents", name: "other" } };
  test.for([
    ["capabilityName", "other"],
    ["rules", ["other"]],
    ["rules", null],
    ["agent", other],
    ["agent", { uid: "00000000-0000-4000-8000-000000000000" }],
    ["targets", [{ apiGroup: "", resource: "pods" }]],
    ["targets", null],
    ["reason", "another"],
    ["reason", null],
    ["ticket", "INC-9"],
    ["ticket", null],
    ["onBehalfOf", ["user:dave@example.com"]],
    ["onBehalfOf", null],
    ["requestedBy", "dave@example.com"],
    ["requestID", "00000000000000000000000000000000"],
    ["notBefore", "2027-01-01T00:00:00Z"],
    ["notBefore", "2026-11-27T00:00:00.0Z"],
    ["notBefore", null],
    ["duration", "31m"],
    ["maxUses", 5],
    ["duration", "1800s"],
  ] as const)("%s to %o", async ([field, value]) => {
    const answer = await change({ [field]: value });
    expect(answer.status).toBe(422);
    expect(answer.causes.join("\n")).toContain(`spec.${field}: `);
    expect(answer.causes.join("\n")).toContain(`${field} cannot change after creation`);
  });

  test("nor gains a field that was left out", async () => {
    const { reason: _, ...spec } = stored.spec;
    const bare = { ...stored, metadata: { namespace: "default", name: `${stored.metadata.name}-bare` }, spec };
    expect((await create(controlPlane, bare)).status).toBe(201);
    const answer = await patch(controlPlane, bare, { spec: { reason: "late" } });
    expect(answer.causes.join("\n")).toContain("reason cannot change after creation");
  });
});

describe("decisions only grow", () => {
  test("one is added", async () => {
    expect((await change({ decisions: [approve, reject] })).status).toBe(200);
  });

  test("the same person may reject what they approved", async () => {
    expect((await change({ decisions: [approve, { ...reject, by: approve.by }] })).status).toBe(200);
  });

  test("their order means nothing", async () => {
    expect((await change({ decisions: [reject, approve] })).status).toBe(200);
    expect((await change({ decisions: [approve, reject] })).status).toBe(200);
  });

  test("server-side apply merges the decisions of two appliers", async () => {
    const { apiVersion, kind, metadata } = stored;
    const manifest = { apiVersion, kind, metadata, spec: { decisions: [reject] } };
    const args = ["apply", "--server-side", "--field-manager=bob", "-f", "-"];
    const applied = await controlPlane.kubectl(args, { stdin: JSON.stringify(manifest) });
    expect(applied.stderr).toBe("");
    const verdicts = ["get", "elev", metadata.name, "-o", "jsonpath={.spec.decisions[*].verdict}"];
    expect((await controlPlane.kubectl(verdicts)).stdout).toBe("Approve Reject");
  });

  test.for([
    ["another reason", { reason: "changed" }],
    ["another time", { at: "2026-11-27T09:00:00Z" }],
    ["another policy digest", { policyDigest: `sha256:${"1".repeat(64)}` }],
    [
      "a signature in place of its attestation",
      { attestation: undefined, signature: "x", notAfter: "2026-12-01T00:00:00Z" },
    ],
    ["another attestation", { attestation: "v1.key.b3RoZXI.c2lnbmF0dXJl" }],
  ] as const)("a decision is never edited: %s", async ([, edit]) => {
    const answer = await change({ decisions: [{ ...approve, ...edit }] });
    expect(answer.causes.join("\n")).toContain("spec.decisions[0]: ");
    expect(answer.causes.join("\n")).toContain("a decision cannot change once it was made");
  });

  const { reason: _reason, ...withoutReason } = approve;
  test.for([
    ["by another list", [reject]],
    ["by an edited key", [{ ...approve, by: "mallory" }]],
    ["by an empty list", []],
    ["by dropping the list", null],
  ] as const)("none is removed: %s", async ([, decisions]) => {
    const answer = await change({ decisions });
    expect(answer.status).toBe(422);
    expect(answer.causes.join("\n")).toContain("spec.decisions: ");
    expect(answer.causes.join("\n")).toContain("none can be removed");
  });

  test("nor a part of one", async () => {
    const answer = await change({ decisions: [withoutReason] });
    expect(answer.causes.join("\n")).toContain("a decision cannot change once it was made");
  });

  test("a list full of approvals still takes a Reject", async () => {
    const approvals = Array.from({ length: 95 }, (_, i) => ({ ...approve, by: `member-${i}` }));
    expect((await change({ decisions: [approve, ...approvals] })).status).toBe(200);
    expect((await change({ decisions: [approve, ...approvals, { ...approve, by: "one more" }] })).status).toBe(422);
    expect((await change({ decisions: [approve, ...approvals, reject] })).status).toBe(200);
  });
});

test("a Reject is taken by an approval that a stricter version of the CRD would refuse", async () => {
  const present = readFileSync(crds.ElevationApproval.file, "utf8");
  const stricter = present.replace("maximum: 1000000", "maximum: 4");
  const apply = (stdin: string) => controlPlane.kubectl(["apply", "-f", "-"], { stdin });
  const counted = { ...stored, spec: { ...stored.spec, maxUses: 5 } };
  const named = (name: string): typeof stored => ({ ...counted, metadata: { ...stored.metadata, name } });
  const before = named(`${stored.metadata.name}-counted`);
  const inTime = { timeout: 20_000, interval: 100 };

  expect((await create(controlPlane, before)).status).toBe(201);
  await apply(stricter);
  onTestFinished(async () => {
    await apply(present);
    await vi.waitFor(async () => expect((await create(controlPlane, named("again"), true)).status).toBe(201), inTime);
  });
  await vi.waitFor(async () => expect((await create(controlPlane, named("late"), true)).status).toBe(422), inTime);

  const answer = await patch(controlPlane, before, { spec: { decisions: [approve, reject] } });
  expect(answer.causes).toEqual([]);
  expect(answer.status).toBe(200);
});

describe("status", () => {
  const full = {
    phase: "Live",
    approvedAt: "2026-11-27T09:00:00Z",
    expiresAt: "2026-11-27T09:30:00Z",
    uses: 3,
    missing: ["1 of 1 from the policy owner platform"],
    observedGeneration: 1,
    conditions: [
      { type: "Live", status: "True", lastTransitionTime: "2026-11-27T09:00:00Z", reason: "Live", message: "" },
    ],
  };

  test("takes every field through the subresource, and none through the object", async () => {
    const answer = await changeStatus(full);
    expect(answer.causes).toEqual([]);
    expect(answer.body["status"]).toEqual(full);
    const ignored = await patch(controlPlane, stored, { status: { phase: "Denied", uses: 0 } });
    expect(ignored.body["status"]).toEqual(full);
  });

  test("a write of the status leaves the spec alone", async () => {
    const answer = await patch(controlPlane, stored, { spec: { decisions: null }, status: full }, "/status");
    expect(answer.body["spec"]).toEqual(stored.spec);
  });

  test.for([
    ["lower", { uses: 2 }, "uses never decreases"],
    ["negative", { uses: -1 }, "greater than or equal to 0"],
    ["gone", { uses: null }, "uses never decreases"],
    ["gone with the whole status", null, "uses never decreases"],
    ["a phase of its own", { phase: "Blessed" }, "Unsupported value"],
  ] as const)("uses never goes back: %s", async ([, status, message]) => {
    expect((await changeStatus(full)).status).toBe(200);
    const answer = await changeStatus(status);
    expect(answer.status).toBe(422);
    expect(answer.causes.join("\n")).toContain(message);
  });

  test("says of a new object that nobody has looked at it, as tools that wait for the generation expect", async () => {
    const fresh = (await controlPlane.request(`${pathOf(stored)}/${stored.metadata.name}`)).json() as ElevationApproval;
    expect(fresh.status).toEqual({ observedGeneration: -1 });
    const answer = await changeStatus({ phase: "Pending" });
    expect(answer.body["status"]).toEqual({ observedGeneration: -1, phase: "Pending" });
  });

  test("uses grows", async () => {
    expect((await changeStatus({ uses: 1 })).status).toBe(200);
    expect((await changeStatus({ uses: 2 })).status).toBe(200);
  });
});
