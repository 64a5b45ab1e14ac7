import { describe, expect, test } from "vitest";
import type { Phase } from "../../../src/api/lifecycle.ts";
import { approvalsByPhase, capabilitiesByReason, ownersByReason } from "../../builders/statuses.ts";
import { type Kstatus, type Observed, kstatus } from "./kstatus.ts";

describe("an approval", () => {
  const expected: Readonly<Record<Phase, Kstatus>> = {
    // Waiting for people is no work in progress: what waits for the resources would wait as long as they do.
    Pending: "Current",
    Approved: "Current",
    Live: "Current",
    Denied: "Current",
    Revoked: "Current",
    Expired: "Current",
    Exhausted: "Current",
    Suspended: "Current",
    Invalid: "Failed",
  };

  test.for(Object.entries(approvalsByPhase))("that is %s", ([phase, approval]) => {
    expect(approval.status?.phase).toBe(phase);
    expect(kstatus(approval)).toBe(expected[phase as Phase]);
  });

  test("has no condition Ready in any phase, and Stalled in none but Invalid", () => {
    for (const [phase, { status }] of Object.entries(approvalsByPhase)) {
      const types = status?.conditions?.map(({ type }) => type);
      expect(types).toEqual(["Approved", "Live", ...(phase === "Invalid" ? ["Stalled"] : [])]);
    }
  });
});

describe.for([
  ["a capability", capabilitiesByReason, "InForce"],
  ["an owner", ownersByReason, "Live"],
] as const)("%s", ([, byReason, good]) => {
  test.for<readonly [string, Observed]>([...byReason])("with the reason %s", ([reason, object]) => {
    const ready = object.status?.conditions?.[0];
    expect(ready).toMatchObject({ type: "Ready", status: reason === good ? "True" : "False", reason });
    expect(kstatus(object)).toBe(reason === good ? "Current" : "Failed");
  });
});

describe.for<readonly [string, Observed]>([
  ["an approval", approvalsByPhase.Live],
  ["a capability", capabilitiesByReason.get("InForce") ?? { metadata: {} }],
  ["an owner", ownersByReason.get("Live") ?? { metadata: {} }],
])("%s", ([, object]) => {
  test("is in progress while its last change has not been looked at", () => {
    const { generation = 0 } = object.metadata;
    expect(kstatus({ ...object, metadata: { ...object.metadata, generation: generation + 1 } })).toBe("InProgress");
  });

  test("is in progress before anybody has looked at it, with the status that the API server gives it", () => {
    expect(kstatus({ ...object, status: { observedGeneration: -1 } })).toBe("InProgress");
  });
});
