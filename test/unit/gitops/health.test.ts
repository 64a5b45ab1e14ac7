import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import type { Phase } from "../../../src/api/lifecycle.ts";
import { approvalsByPhase, capabilitiesByReason, ownersByReason } from "../../builders/statuses.ts";
import { type Health, runHealth } from "../../lua/run-health.ts";

const script = (name: string): string =>
  fileURLToPath(new URL(`../../../manifests/samples/gitops/argocd/health/${name}.lua`, import.meta.url));
const scripts = { approval: script("elevationapproval"), ready: script("ready") } as const;

const health = async (path: string, object: unknown): Promise<Health | undefined> =>
  (await runHealth(path, [object]))[0];

// The first run on a machine compiles Go's own packages too.
beforeAll(async () => {
  await runHealth(scripts.ready, []);
}, 300_000);

describe("Argo CD shows an approval that is", () => {
  const expected: Readonly<Record<Phase, Health>> = {
    Pending: {
      status: "Suspended",
      message: 'Pending: still needs the approval of 1 of "payments" (ResourceOwner) and 1 of "platform" (PolicyOwner)',
    },
    Approved: { status: "Suspended", message: "Approved: approved, but not valid before 2026-06-01T13:00:00.000Z" },
    Live: { status: "Healthy", message: "Live: live until 2026-06-01T12:31:00.000Z" },
    Denied: {
      status: "Healthy",
      message:
        'Denied: rejected by bob@example.com for owner "platform" at 2026-06-01T12:00:01.000Z; request anew (over: its file can go)',
    },
    Revoked: {
      status: "Healthy",
      message:
        'Revoked: rejected by bob@example.com for owner "platform" at 2026-06-01T12:02:00.000Z; request anew (over: its file can go)',
    },
    Expired: { status: "Healthy", message: "Expired: expired 2026-06-01T12:31:00.000Z (over: its file can go)" },
    Exhausted: { status: "Healthy", message: "Exhausted: all 1 uses are consumed (over: its file can go)" },
    Invalid: { status: "Degraded", message: 'Invalid: AgentCapability "payments-scaler" does not exist' },
    Suspended: {
      status: "Suspended",
      message: expect.stringMatching(/^Suspended: .*IdentityOwner "payments" is suspended/) as string,
    },
  };

  test.for(Object.entries(approvalsByPhase))("%s", async ([phase, approval]) => {
    expect(await health(scripts.approval, approval)).toEqual(expected[phase as Phase]);
  });
});

describe("Argo CD shows by its condition Ready", () => {
  const statusOf = (reason: string): string =>
    reason === "Live" || reason === "InForce" ? "Healthy" : reason.endsWith("Suspended") ? "Suspended" : "Degraded";

  test.for([
    ["a capability", capabilitiesByReason],
    ["an owner", ownersByReason],
  ] as const)("%s", async ([, byReason]) => {
    const reasons = [...byReason.keys()];
    const results = await runHealth(scripts.ready, [...byReason.values()]);
    expect(results.map(({ status }) => status)).toEqual(reasons.map(statusOf));
    const messages = [...byReason.values()].map(({ status }) => status?.conditions?.[0]?.message);
    expect(results.map(({ message }) => message)).toEqual(messages);
  });
});

describe.for([
  ["an approval", scripts.approval, approvalsByPhase.Live],
  ["a capability", scripts.ready, capabilitiesByReason.get("InForce")],
] as const)("of %s Argo CD says that Writ has not looked at it yet", ([, path, object]) => {
  const progressing = { status: "Progressing", message: "Writ has not looked at it yet" };

  test.for<readonly [string, object]>([
    ["that has no status", { ...object, status: undefined }],
    ["that has the status of a new object", { ...object, status: { observedGeneration: -1 } }],
    ["that was changed since", { ...object, metadata: { ...object?.metadata, generation: 2 } }],
    ["whose status names no generation", { ...object, status: { ...object?.status, observedGeneration: undefined } }],
  ])("%s", async ([, changed]) => {
    expect(await health(path, changed)).toEqual(progressing);
  });
});

describe.for(Object.entries(scripts))("the health check %s never fails", ([, path]) => {
  const generation = { metadata: { generation: 1 } };
  const junk = [null, true, 0, -1, 1.5, "text", [], {}, [null], [1, "x"], { type: "Ready" }, { phase: {} }];
  const hostile: readonly unknown[] = [
    ...junk,
    ...junk.map((status) => ({ ...generation, status })),
    ...junk.map((metadata) => ({ metadata, status: { phase: "Live", conditions: [] } })),
    ...junk.map((phase) => ({ ...generation, status: { observedGeneration: 1, phase } })),
    ...junk.map((conditions) => ({ ...generation, status: { observedGeneration: 1, phase: "Live", conditions } })),
    ...["type", "status", "reason", "message"].flatMap((key) =>
      junk.map((value) => ({
        ...generation,
        status: {
          observedGeneration: 1,
          phase: "Expired",
          conditions: ["Ready", "Live"].map((type) => ({
            type,
            status: "False",
            reason: "x",
            message: "y",
            [key]: value,
          })),
        },
      })),
    ),
    { ...generation, status: { observedGeneration: 1, phase: "__index", conditions: { __index: {} } } },
  ];

  test("whatever the object holds, and always says something that Argo CD knows", async () => {
    const results = await runHealth(path, hostile);
    expect(results).toHaveLength(hostile.length);
    expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
    const known = new Set(["Healthy", "Suspended", "Progressing", "Degraded"]);
    expect(results.filter(({ status = "" }) => !known.has(status))).toEqual([]);
  });
});

test("what is broken is told as an error, so the tests above would see it", async () => {
  const path = fileURLToPath(new URL("../../lua/go.mod", import.meta.url));
  expect(await health(path, {})).toEqual({ error: expect.any(String) as string });
});
