import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiResponse } from "../../control-plane/control-plane.ts";
import type { Condition } from "../../../src/api/object-meta.ts";
import type { ElevationApproval } from "../../../src/api/types.gen.ts";
import { type Bench, eventually, startBench } from "./bench.ts";
import {
  applyWorld,
  approval,
  approvals,
  approveBoth,
  bot,
  capabilities,
  capability,
  decide,
  owner,
  owners,
  patchSpec,
} from "./objects.ts";

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
  await applyWorld(bench);
});

afterAll(async () => {
  await bench.cluster.stop();
});

type Status = NonNullable<ElevationApproval["status"]>;

const status = async (objectPath: string): Promise<Status> =>
  ((await bench.must("admin", "GET", objectPath)).json() as { readonly status?: Status }).status ?? {};

/** A condition in three words: its type, status and reason. */
const condition = async (objectPath: string, type: string): Promise<string> => {
  const found = (await status(objectPath)).conditions?.find((entry: Condition) => entry.type === type);
  return `${type} ${found?.status ?? "absent"} ${found?.reason ?? ""}`;
};

const becomes = (name: string, phase: string, live: string): Promise<void> =>
  eventually(async () => {
    expect((await status(approvals(name))).phase).toBe(phase);
    expect(await condition(approvals(name), "Live")).toBe(`Live ${live}`);
  });

const request = (name: string, spec: object = {}): Promise<ApiResponse> =>
  bench.must("carol", "POST", approvals(), approval(name, spec));

describe("the status of an approval", () => {
  test("is Pending with what is missing, then Live until its end, then Revoked", async () => {
    await request("life");
    await becomes("life", "Pending", "False QuorumMissing");
    const pending = await status(approvals("life"));
    expect(pending.missing).toEqual([
      'still needs the approval of 1 of "payments" (ResourceOwner)',
      'still needs the approval of 1 of "platform" (PolicyOwner)',
    ]);
    await decide(bench, "alice", approvals("life"), "Approve", "payments");
    await eventually(async () => expect((await status(approvals("life"))).missing).toHaveLength(1));
    await decide(bench, "bob", approvals("life"), "Approve", "platform");
    await becomes("life", "Live", "True InForce");
    const live = await status(approvals("life"));
    expect(live.missing ?? []).toEqual([]);
    expect(await condition(approvals("life"), "Approved")).toBe("Approved True QuorumMet");
    expect(Date.parse(live.expiresAt ?? "") - Date.parse(live.approvedAt ?? "")).toBe(30 * 60_000);
    await decide(bench, "alice", approvals("life"), "Reject", "payments");
    await becomes("life", "Revoked", "False Rejected");
    expect((await status(approvals("life"))).approvedAt).toBe(live.approvedAt);
  });

  test("becomes Denied by a rejection before the quorum", async () => {
    await request("denied");
    await decide(bench, "bob", approvals("denied"), "Reject", "platform");
    await becomes("denied", "Denied", "False Rejected");
  });

  test("is Approved before notBefore, Live from then on, and Expired by time alone", async () => {
    await request("short", { notBefore: new Date(Date.now() + 3_000).toISOString(), duration: "3s" });
    await approveBoth(bench, approvals("short"));
    await becomes("short", "Approved", "False NotYetValid");
    await becomes("short", "Live", "True InForce");
    await becomes("short", "Expired", "False DurationElapsed");
  });

  test("follows its owners and its capability: Suspended, Invalid, and back", async () => {
    await request("moved");
    await approveBoth(bench, approvals("moved"));
    await becomes("moved", "Live", "True InForce");
    await patchSpec(bench, "alice", owners("payments"), { suspended: true });
    await becomes("moved", "Suspended", "False ApprovingOwnerNotLive");
    await patchSpec(bench, "bob", owners("payments"), { suspended: false });
    await becomes("moved", "Live", "True InForce");
    await patchSpec(bench, "bob", capabilities("configurator"), { description: "other" });
    await becomes("moved", "Invalid", "False PolicyChanged");
    await patchSpec(bench, "bob", capabilities("configurator"), { description: null });
    await becomes("moved", "Live", "True InForce");
  });

  test("is what kubectl prints and waits for", async () => {
    await request("waited");
    const wait = ["wait", "elev/waited", "-n", "payments-prod", "--for=condition=Live", "--timeout=10s"];
    const waiting = bench.cluster.kubectl(wait, { context: "alice" });
    await approveBoth(bench, approvals("waited"));
    expect(await waiting).toMatchObject({ code: 0 });
    const get = ["get", "elev", "waited", "-n", "payments-prod"];
    const { stdout } = await bench.cluster.kubectl(get, { context: "alice" });
    const { expiresAt = "" } = await status(approvals("waited"));
    expect(stdout.split(/\s{2,}|\n/).slice(0, 6)).toEqual(["NAME", "AGENT", "CAPABILITY", "PHASE", "EXPIRES", "AGE"]);
    expect(stdout).toMatch(new RegExp(`waited +payments-bot +configurator +Live +${expiresAt} +\\d`));
    const wide = await bench.cluster.kubectl([...get, "-o", "wide"], { context: "alice" });
    expect(wide.stdout).toMatch(/carol@example\.com.*live until/);
    const live = ["get", "elev", "-n", "payments-prod", "--field-selector=status.phase=Live", "-o", "name"];
    expect((await bench.cluster.kubectl(live)).stdout).toContain("elevationapproval.writ.dev/waited\n");
  });
});

describe("Ready tells the problem", () => {
  const ready = (objectPath: string, expected: string, message: string): Promise<void> =>
    eventually(async () => {
      expect(await condition(objectPath, "Ready")).toBe(`Ready ${expected}`);
      expect((await status(objectPath)).conditions?.[0]?.message).toContain(message);
    });
  const newOwner = (name: string, spec: object): Promise<ApiResponse> =>
    bench.must("bob", "POST", owners(), owner(name, spec));

  test("of an owner that is live, suspended or past its review", async () => {
    await newOwner("lonely", { reviewBy: new Date(Date.now() + 3_000).toISOString() });
    await ready(owners("lonely"), "True Live", "answers for");
    await ready(owners("lonely"), "False OwnerReviewOverdue", "recertifies it by setting a later date");
    await patchSpec(bench, "bob", owners("lonely"), { reviewBy: null, suspended: true });
    await ready(owners("lonely"), "False OwnerSuspended", "is suspended");
  });

  test("of owners that claim one agent or one object, on both", async () => {
    await newOwner("twin", { identities: [bot] });
    await ready(owners("twin"), "False ConflictingIdentity", 'claimed by "robots"');
    await ready(owners("robots"), "False ConflictingIdentity", 'claimed by "twin"');
    await bench.must("admin", "DELETE", owners("twin"));
    await ready(owners("robots"), "True Live", "answers for");
    await newOwner("rival", { resources: [{ scope: "Namespaced", namespaces: ["payments-prod"] }] });
    await ready(owners("rival"), "False ConflictingClaim", '"payments" claims');
    await ready(owners("payments"), "False ConflictingClaim", '"rival" claims');
    await bench.must("admin", "DELETE", owners("rival"));
  });

  test("of a capability that is defined, changed by a stranger, suspended or without a live owner", async () => {
    await bench.must("admin", "POST", capabilities(), capability("piped"));
    await ready(capabilities("piped"), "False CapabilityNotDefined", "definedBy");
    await patchSpec(bench, "bob", capabilities("piped"), { definedBy: {} });
    await ready(capabilities("piped"), "True InForce", "bob@example.com");
    await patchSpec(bench, "admin", capabilities("piped"), { description: "other" });
    await ready(capabilities("piped"), "False CapabilityChanged", "sha256:");
    const { conditions } = await status(capabilities("piped"));
    const policyDigest = /sha256:[0-9a-f]{64}/.exec(conditions?.[0]?.message ?? "")?.[0];
    await patchSpec(bench, "bob", capabilities("piped"), { definedBy: { policyDigest }, suspended: true });
    await ready(capabilities("piped"), "False CapabilitySuspended", "is suspended");
    await patchSpec(bench, "bob", owners("platform"), { suspended: true });
    await ready(capabilities("piped"), "False PolicyOwnerNotLive", "is suspended");
    await patchSpec(bench, "bob", owners("platform"), { suspended: false });
  });
});

describe("the operator", () => {
  test("killed and restarted, catches up with what happened meanwhile and leaves the rest untouched", async () => {
    await request("before");
    await becomes("before", "Pending", "False QuorumMissing");
    const untouched = (await bench.must("admin", "GET", approvals("before"))).json();
    await bench.writ.operator?.kill("SIGKILL");
    await request("meanwhile", { duration: "1s" });
    await approveBoth(bench, approvals("meanwhile"));
    expect((await status(approvals("meanwhile"))).phase).toBeUndefined();
    await bench.writ.operator?.restart();
    await becomes("meanwhile", "Expired", "False DurationElapsed");
    expect((await bench.must("admin", "GET", approvals("before"))).json()).toEqual(untouched);
  });

  test("repairs a status that somebody else wrote, and no decision rests on it", async () => {
    await request("forged");
    const forged = { status: { phase: "Live", conditions: [] } };
    const headers = { "content-type": "application/merge-patch+json" };
    await bench.must("admin", "PATCH", approvals("forged/status"), forged, headers);
    await becomes("forged", "Pending", "False QuorumMissing");
  });
});
