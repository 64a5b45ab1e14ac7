import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import type { AgentCapability, AgentCapabilityRule, ElevationApproval } from "../../../../src/api/types.gen.ts";
import type { JsonObject } from "../../../../src/decision/admission-request.ts";
import { approval, approvedBy } from "../../../builders/approval.ts";
import { capability, defined, editCapability, rule } from "../../../builders/capability.ts";
import { denial, judge } from "../../../builders/judge.ts";
import type { Scene } from "../../../builders/judge.ts";
import { editOwner } from "../../../builders/owner.ts";
import { review } from "../../../builders/review.ts";
import { payments, platform, root, scaler } from "../../../builders/world.ts";
import { resourceOf } from "./effect-text.ts";
import { alice, bob } from "./under.ts";

/** What the command that a denial prints hands to kubectl. */
function requested(scene: Scene): ElevationApproval {
  const { code, next, message } = denial({ approvals: [], ...scene });
  expect(`${code}: ${message}`).toMatch(/^NoApproval/);
  const command = next.replace(/^request one: /, "");
  const script = `kubectl() { cat; }\n${command}`;
  return JSON.parse(execFileSync("sh", ["-c", script], { encoding: "utf8" })) as ElevationApproval;
}

/** What is asked for by the command, approved by alice and bob; within the bounds of the kind. */
function asAsked(scene: Scene): ElevationApproval {
  const { metadata, spec } = requested(scene);
  expect(spec.targets?.length).toBeLessThanOrEqual(32);
  expect(Math.max(0, ...(spec.targets ?? []).map(({ names }) => names?.length ?? 0))).toBeLessThanOrEqual(64);
  expect(new Set(spec.rules).size).toBe(spec.rules?.length);
  const cap = scene.capabilities?.find((one) => one.metadata.name === spec.capabilityName) ?? scaler;
  return approvedBy(approval("asked", spec, { namespace: metadata.namespace ?? "" }), cap, alice, bob);
}

const owners = [root, editOwner(platform, { resources: [{ scope: "Cluster" }] }), payments];
const both = [
  { risk: "High", approvers: [{ from: "ResourceOwner" }], ticketPrefix: "INC-", maxDuration: "2h" },
  { risk: "Low", approvers: [{ from: "PolicyOwner" }], maxDuration: "720h" },
] as const;

function cap(rules: readonly AgentCapabilityRule[], more: Parameters<typeof editCapability>[1] = {}): AgentCapability {
  return defined(editCapability(scaler, { rules, approval: both, ...more }));
}

const make = rule("make", {
  operations: ["CREATE"],
  apiGroups: ["", "apps"],
  resources: ["deployments", "pods", "secrets"],
});
const use = rule("use", { operations: ["USE"], apiGroups: [""], resources: ["serviceaccounts", "secrets"] });
const node = rule("node", { operations: ["USE"], apiGroups: [""], resources: ["nodes"], scope: "Cluster" });
const core = (
  name: string,
  operations: AgentCapabilityRule["operations"],
  ...resources: string[]
): AgentCapabilityRule => rule(name, { operations, apiGroups: [""], resources });
const created = (resource: string, object: JsonObject): NonNullable<Scene["review"]> => ({
  operation: "CREATE",
  ...resourceOf(resource),
  object,
  oldObject: null,
});
const podSpec = (secrets: number, more: JsonObject = {}): JsonObject => ({
  containers: [{ name: "web" }],
  serviceAccountName: "deployer",
  imagePullSecrets: Array.from({ length: secrets }, (_, index) => ({ name: `s${index}` })),
  ...more,
});

describe("what is requested as the denial says, and approved, lets the same write pass", () => {
  const legacy = {
    metadata: { annotations: { "kubernetes.io/service-account.name": "x" } },
    type: "kubernetes.io/service-account-token",
  };
  test.each<[string, Scene]>([
    ["an update", { capabilities: [cap([rule("edit")])] }],
    [
      "a Deployment with an account, Secrets and the node",
      {
        capabilities: [cap([make, use, node])],
        review: created("apps/deployments", { spec: { template: { spec: podSpec(2, { hostPID: true }) } } }),
      },
    ],
    [
      "a pod on a node of its choice",
      { capabilities: [cap([make, use, node])], review: created("/pods", { spec: podSpec(1, { nodeName: "n1" }) }) },
    ],
    [
      "a pod with more Secrets than an approval has targets",
      { capabilities: [cap([make, use])], review: created("/pods", { spec: podSpec(40) }) },
    ],
    [
      "a pod with more Secrets than a target has names",
      { capabilities: [cap([make, use])], review: created("/pods", { spec: podSpec(100) }) },
    ],
    [
      "an eviction",
      {
        capabilities: [cap([core("evict", ["CREATE", "DELETE"], "pods", "pods/eviction")])],
        review: created("/pods/eviction", {}),
      },
    ],
    [
      "a token",
      {
        capabilities: [cap([core("token", ["CREATE"], "serviceaccounts/token")])],
        review: created("/serviceaccounts/token", { spec: {} }),
      },
    ],
    [
      "a token Secret",
      {
        capabilities: [cap([make, core("token", ["CREATE"], "serviceaccounts/token")])],
        review: created("/secrets", legacy),
      },
    ],
    [
      "a binding of a pod",
      {
        capabilities: [cap([core("bind", ["CREATE"], "pods/binding"), node])],
        review: created("/pods/binding", { target: { name: "n1" } }),
      },
    ],
    [
      "a role binding",
      {
        capabilities: [
          cap([
            rule("grant", {
              operations: ["CREATE"],
              apiGroups: ["rbac.authorization.k8s.io"],
              resources: ["rolebindings"],
            }),
          ]),
        ],
        review: created("rbac.authorization.k8s.io/rolebindings", {}),
      },
    ],
    [
      "a name that the server will choose",
      {
        capabilities: [cap([make, use])],
        review: { ...created("/pods", { metadata: { generateName: "web-" }, spec: podSpec(1) }), name: "web-x2x2x" },
      },
    ],
    [
      "a cluster-scoped object",
      {
        capabilities: [cap([{ ...node, operations: ["UPDATE"] }])],
        review: { ...resourceOf("/nodes"), namespace: "", name: "n1" },
      },
    ],
    [
      "a Low rule beside a High one that covers another effect",
      {
        capabilities: [
          cap([
            { ...make, risk: "High" },
            { ...use, risk: "Low", resources: ["serviceaccounts"] },
          ]),
        ],
        review: created("/pods", { spec: podSpec(0) }),
      },
    ],
    ["Low and High rules that cover the same", { capabilities: [cap([rule("low", { risk: "Low" }), rule("high")])] }],
    ["Low alone", { capabilities: [cap([rule("low", { risk: "Low" })])] }],
    [
      "a capability that binds to the token",
      { capabilities: [cap([rule("edit")], { credential: { bind: "Token" } })] },
    ],
    [
      "a capability that binds to the pod",
      {
        capabilities: [cap([rule("edit")], { credential: { bind: "Pod" } })],
        review: {
          userInfo: {
            ...review().userInfo,
            extra: {
              "authentication.kubernetes.io/credential-id": ["JTI=bot"],
              "authentication.kubernetes.io/pod-uid": ["0000aaaa-0000-4000-8000-000000000001"],
            },
          },
        },
      },
    ],
    [
      "a capability in force behind one that is not",
      { capabilities: [capability("a-draft", { rules: [rule("edit")] }), cap([rule("edit")])] },
    ],
    [
      "a capability with a High rule behind one without",
      {
        capabilities: [
          defined(capability("a-low", { rules: [rule("low", { risk: "Low" })], approval: both })),
          cap([rule("high")]),
        ],
      },
    ],
  ])("%s", (_, scene) => {
    const world = { owners, ...scene };
    const verdict = judge({ ...world, approvals: [asAsked(world)] });
    expect(verdict.kind === "allow" ? verdict.code : `${verdict.code}: ${verdict.message}`).toBe("Approved");
  });
});

test("names the one account of a token, the one pod of an eviction: other ones are not asked for", () => {
  const token: Scene = {
    owners,
    capabilities: [cap([core("token", ["CREATE"], "serviceaccounts/token")])],
    review: created("/serviceaccounts/token", {}),
  };
  expect(requested(token).spec.targets).toEqual([{ apiGroup: "", resource: "serviceaccounts/token", names: ["web"] }]);
  const approvals = [asAsked(token)];
  expect(judge({ ...token, approvals, review: { ...token.review, name: "admin" } }).code).toBe("NoApproval");

  const eviction: Scene = {
    owners,
    capabilities: [cap([core("evict", ["CREATE", "DELETE"], "pods", "pods/eviction")])],
    review: created("/pods/eviction", {}),
  };
  expect(requested(eviction).spec.targets).toEqual([
    { apiGroup: "", resource: "pods/eviction", names: ["web"] },
    { apiGroup: "", resource: "pods", names: ["web"] },
  ]);
});

test("names every rule that is needed and no other", () => {
  const scene: Scene = {
    capabilities: [cap([core("idle", ["DELETE"], "pods"), make, use, node])],
    review: created("/pods", { spec: podSpec(2) }),
  };
  expect(requested(scene).spec).toMatchObject({
    rules: ["make", "use"],
    targets: [
      { apiGroup: "", resource: "pods" },
      { apiGroup: "", resource: "serviceaccounts", names: ["deployer"] },
      { apiGroup: "", resource: "secrets", names: ["s0", "s1"] },
    ],
  });
});
