import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createLiveReader } from "../../../../src/admission/live-reader.ts";
import { prove } from "../../../../src/admission/prove.ts";
import { createRegisterReader } from "../../../../src/admission/register-reader.ts";
import type { AgentCapability, ElevationApproval, IdentityOwner } from "../../../../src/api/types.gen.ts";
import { loadSettings } from "../../../../src/cache/installation.ts";
import { loadConfiguration } from "../../../../src/config/load-configuration.ts";
import { snapshotOf } from "../../../../src/decision/snapshot.ts";
import type { Snapshot } from "../../../../src/decision/snapshot.ts";
import type { DecisionSettings } from "../../../../src/decision/facts.ts";
import { createKubeClient } from "../../../../src/kube/client.ts";
import type { KubeClient } from "../../../../src/kube/client.ts";
import { silentLog } from "../../../../src/kube/telemetry.ts";
import { createMetrics } from "../../../../src/telemetry/metrics.ts";
import { writeRequest } from "../../../builders/review.ts";
import { type Bench, startBench } from "../bench.ts";
import {
  applyWorld,
  approval,
  approvals,
  approveBoth,
  bot,
  botUser,
  capabilities,
  capability,
  decide,
  owner,
  owners,
  patchSpec,
  rule,
} from "../objects.ts";

// A gate whose watches have stood still since before the change, so that nothing but the register can tell it. The
// changes are made by people through the real guard.
let bench: Bench;
let client: KubeClient;
let settings: DecisionSettings;
const resources = [{ scope: "Namespaced", namespaces: ["payments-prod"] }] as const;

beforeAll(async () => {
  bench = await startBench({ writ: { operator: false } });
  await applyWorld(bench, [rule("configure"), rule("serve", { resources: ["services"], risk: "Low" })]);
  await bench.must("bob", "POST", owners(), owner("outside"));
  const configuration = loadConfiguration(bench.writ.configFile);
  client = await createKubeClient({ kubeconfig: configuration.kubeconfig ?? "" });
  settings = await loadSettings(configuration, client);
});

afterAll(async () => {
  await client.close();
  await bench.cluster.stop();
});

let cached: Snapshot;
let current: string;
let count = 0;

async function request(rules: readonly string[]): Promise<void> {
  current = approvals(`frozen-${(count += 1)}`);
  await bench.must("carol", "POST", approvals(), approval(`frozen-${count}`, { rules: [...rules] }));
}

beforeEach(async () => {
  await request(["configure"]);
  await approveBoth(bench, current);
  cached = await freeze();
});

async function freeze(): Promise<Snapshot> {
  const all = async <T>(path: string): Promise<readonly T[]> =>
    ((await bench.must("admin", "GET", path)).json() as { readonly items: readonly T[] }).items;
  return snapshotOf(await all<IdentityOwner>(owners()), await all<AgentCapability>(capabilities()), [
    (await bench.must("admin", "GET", current)).json() as ElevationApproval,
  ]);
}

async function verdict(resource = "configmaps"): Promise<string> {
  const account = (await bench.must("admin", "GET", "/api/v1/namespaces/agents/serviceaccounts/payments-bot")).json();
  const { uid } = (account as { readonly metadata: { readonly uid: string } }).metadata;
  const metrics = createMetrics();
  const { verdict: found, proof } = await prove({
    request: writeRequest({
      resource: { group: "", version: "v1", resource },
      name: "x",
      operation: "DELETE",
      object: null,
      oldObject: { metadata: { name: "x", namespace: "payments-prod", uid: "x-uid" } },
      userInfo: {
        ...writeRequest().requester,
        username: botUser,
        uid,
        groups: ["system:authenticated"],
        extra: { "authentication.kubernetes.io/credential-id": ["JTI=x"] },
      },
    }),
    snapshot: () => cached,
    silent: () => false,
    settings,
    reader: createLiveReader(client, Date.now, metrics),
    register: createRegisterReader({
      client,
      systemNamespace: "writ-system",
      clock: Date.now,
      monotonic: () => performance.now(),
      metrics,
      log: silentLog,
    }),
    clock: Date.now,
    onReadError: (error) => {
      throw error;
    },
  });
  return `${proof} ${found.kind} ${found.code}`;
}

describe("a gate whose cache has stood still learns from the register of", () => {
  test("nothing, when nothing has changed", async () => {
    expect(await verdict()).toBe("register allow Approved");
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ["a rejection", () => decide(bench, "alice", current, "Reject", "payments"), "ApprovalRejected"],
    ["the approval's deletion", () => bench.must("alice", "DELETE", current), "NoApproval"],
    ["the freeze", () => patchSpec(bench, "dave", owners("cluster"), { suspended: true }), "Frozen"],
    [
      "the identity owner's suspension",
      () => patchSpec(bench, "frank", owners("robots"), { suspended: true }),
      "IdentityOwnerNotLive",
    ],
    [
      "the capability's suspension",
      () => patchSpec(bench, "bob", capabilities("configurator"), { suspended: true }),
      "CapabilitySuspended",
    ],
    [
      "an approver's removal",
      () => patchSpec(bench, "bob", owners("payments"), { members: [{ user: "erin@example.com" }] }),
      "ApprovalInvalid",
    ],
    [
      "a new owner with a rival claim",
      () => bench.must("bob", "POST", owners(), owner("rival", { resources: [...resources] })),
      "ConflictingClaim",
    ],
    [
      "a rival claim of an owner that had none",
      () => patchSpec(bench, "bob", owners("outside"), { resources }),
      "ConflictingClaim",
    ],
    [
      "a second owner of the agent",
      () => bench.must("bob", "POST", owners(), owner("second", { identities: [bot] })),
      "ConflictingIdentityOwners",
    ],
    ["the identity owner's deletion", () => bench.must("bob", "DELETE", owners("robots")), "NoIdentityOwner"],
  ])("%s", async (_, change, code) => {
    expect(await verdict()).toBe("register allow Approved");
    await change();
    try {
      expect(await verdict()).toBe(`register deny ${code}`);
    } finally {
      await restore();
    }
  });

  test("a new rule of higher risk, which a low approval does not meet", async () => {
    await request(["serve"]);
    await decide(bench, "bob", current, "Approve", "platform");
    cached = await freeze();
    expect(await verdict("services")).toBe("register allow Approved");
    const riskier = capability("riskier", { rules: [rule("risky", { resources: ["services"] })] });
    await bench.must("bob", "POST", capabilities(), riskier);
    try {
      expect(await verdict("services")).toBe("register deny RiskNotApproved");
    } finally {
      await restore();
    }
  });
});

/** The world as the tests begin with it, whatever a change has left. */
async function restore(): Promise<void> {
  await bench.call("bob", "DELETE", owners("rival"));
  await bench.call("bob", "DELETE", owners("second"));
  await bench.call("bob", "DELETE", capabilities("riskier"));
  await bench.call("bob", "POST", owners(), owner("robots", { identities: [bot] }));
  await patchSpec(bench, "bob", owners("robots"), { suspended: false });
  await patchSpec(bench, "bob", owners("cluster"), { suspended: false });
  await patchSpec(bench, "bob", capabilities("configurator"), { suspended: false });
  await patchSpec(bench, "bob", owners("outside"), { resources: null });
  await patchSpec(bench, "bob", owners("payments"), {
    members: [{ user: "alice@example.com", aliases: ["oidc:alice"] }, { group: "payments-leads" }],
  });
}
