import { describe, expect, test } from "vitest";
import { reasons } from "../../../src/decision/reason.ts";
import type { ReasonCode } from "../../../src/decision/reason.ts";
import { bot, botUid, botUser } from "../../builders/agents.ts";
import { approval, approvedBy, rejectDecision, withDecisions } from "../../builders/approval.ts";
import { capability, defined, editCapability, rule } from "../../builders/capability.ts";
import { denial, judge } from "../../builders/judge.ts";
import type { Scene } from "../../builders/judge.ts";
import { editOwner, owner, users } from "../../builders/owner.ts";
import { review } from "../../builders/review.ts";
import { after, created, hour, minute, timestamp } from "../../builders/time.ts";
import { signedCapability, signer } from "../../builders/signed.ts";
import { approved, payments, pending, platform, root, scaler, world } from "../../builders/world.ts";

const alice = { by: "alice@example.com", ownerName: "payments" };
const bob = { by: "bob@example.com", ownerName: "platform" };
const userInfo = review().userInfo;

/** The capability with these rules and conditions, defined, and an approval of everything in it by alice and bob. */
function under(spec: Parameters<typeof editCapability>[1]): Scene {
  const cap = defined(editCapability(scaler, spec));
  return { capabilities: [cap], approvals: [approvedBy(pending, cap, alice, bob)] };
}

function merge(scenes: readonly Scene[]): Scene {
  const review = Object.assign({}, ...scenes.map((scene) => scene.review ?? {})) as Scene["review"];
  return { ...(Object.assign({}, ...scenes) as Scene), ...(review === undefined ? {} : { review }) };
}

test("an approved write is allowed and names everything that it rests on", () => {
  expect(judge()).toMatchObject({
    kind: "allow",
    code: "Approved",
    basis: {
      approval: approved,
      capability: scaler,
      rules: scaler.spec.rules,
      risk: "High",
      rootOwner: root,
      identityOwner: payments,
      policyOwner: platform,
      approvingOwners: [payments, platform],
      lifecycle: { phase: "Live" },
    },
  });
});

describe("the order of the chain", () => {
  const frozen = [editOwner(root, { suspended: true }), platform, payments];
  const unowned = [editOwner(root, { suspended: true }), platform, editOwner(payments, { identities: [] })];
  /** Each step is wrong in one way more; the first in the order of the chain is told. */
  const steps: readonly (readonly [ReasonCode, Scene])[] = [
    ["NotAnAgent", { review: { userInfo: { ...userInfo, username: "system:serviceaccount:agents2:payments-bot" } } }],
    ["ConnectNotGrantable", { review: { operation: "CONNECT" } }],
    [
      "NeverGrantable",
      { review: { resource: { group: "writ.dev", version: "v1alpha1", resource: "identityowners" } } },
    ],
    ["Frozen", { owners: unowned }],
    ["NoIdentityOwner", { owners: [root, platform, editOwner(payments, { identities: [] })] }],
    ["NoCapability", { capabilities: [] }],
    ["NoApproval", { approvals: [] }],
  ];

  test.each(steps.map(([code], index) => [code, index] as const))(
    "%s comes before all that follow it",
    (code, index) => {
      const scene = merge(
        steps
          .slice(index)
          .toReversed()
          .map(([, scene]) => scene),
      );
      expect(judge(scene).code).toBe(code);
    },
  );

  test.each(steps)("%s alone", (code, scene) => {
    expect(judge({ ...scene, ...(code === "Frozen" ? { owners: frozen } : {}) }).code).toBe(code);
  });

  test("a stranger that files a request for itself is a stranger", () => {
    const object = { spec: { agent: { user: "carol@example.com" } } };
    const resource = { group: "writ.dev", version: "v1alpha1", resource: "elevationapprovals" };
    const scene = {
      review: { operation: "CREATE", resource, object, userInfo: { username: "carol@example.com" } },
    } as const;
    expect(judge(scene).code).toBe("NotAnAgent");
  });

  test("the freeze is told rather than the suspension of an owner", () => {
    const owners = [editOwner(root, { suspended: true }), platform, editOwner(payments, { suspended: true })];
    expect(judge({ owners }).code).toBe("Frozen");
  });

  test("the capability's state is told only when a rule would cover the write", () => {
    const undefinedCap = capability("payments-scaler");
    expect(judge({ capabilities: [undefinedCap] }).code).toBe("CapabilityNotDefined");
    expect(judge({ capabilities: [undefinedCap], review: { operation: "DELETE" } }).code).toBe("NoRule");
  });
});

describe("every code", () => {
  const dead = { deletionTimestamp: timestamp(created) };
  const resources = payments.spec.resources ?? [];
  const claimNothing = [root, platform, editOwner(payments, { resources: [] })];
  const low = rule("low", { risk: "Low" });
  const lowApproval = { risk: "Low", approvers: [{ from: "PolicyOwner" }] } as const;
  const targets = [{ apiGroup: "apps", resource: "deployments", names: ["api"] }];

  const rows: readonly (readonly [ReasonCode, string, Scene])[] = [
    [
      "ConnectNotGrantable",
      "exec",
      {
        review: { operation: "CONNECT", resource: { group: "", version: "v1", resource: "pods" }, subResource: "exec" },
      },
    ],
    [
      "ConnectNotGrantable",
      "whatever a rule says",
      { ...under({ rules: [rule("x", { operations: ["CONNECT" as "USE"] })] }), review: { operation: "CONNECT" } },
    ],
    [
      "NeverGrantable",
      "one of our kinds",
      { review: { resource: { group: "writ.dev", version: "v1alpha1", resource: "elevationapprovals" } } },
    ],
    [
      "NeverGrantable",
      "our kinds whatever a rule says",
      {
        ...under({ rules: [rule("x", { apiGroups: ["writ.dev"], resources: ["elevationapprovals"] })] }),
        review: { resource: { group: "writ.dev", version: "v1alpha1", resource: "elevationapprovals" } },
      },
    ],
    [
      "NeverGrantable",
      "a group below ours",
      { review: { resource: { group: "x.writ.dev", version: "v1", resource: "things" } } },
    ],
    ["NeverGrantable", "our namespace", { review: { namespace: "writ-system" } }],
    ["NeverGrantable", "the cluster approval namespace", { review: { namespace: "writ-approvals" } }],
    [
      "NeverGrantable",
      "our Namespace object",
      {
        review: {
          resource: { group: "", version: "v1", resource: "namespaces" },
          namespace: "writ-system",
          name: "writ-system",
          operation: "DELETE",
        },
      },
    ],
    [
      "NeverGrantable",
      "our Namespace object among those of a deletecollection",
      {
        review: {
          resource: { group: "", version: "v1", resource: "namespaces" },
          name: "",
          operation: "DELETE",
          object: null,
          oldObject: { metadata: { name: "writ-approvals" } },
        },
      },
    ],
    [
      "NeverGrantable",
      "our namespace's finalizers",
      {
        review: {
          resource: { group: "", version: "v1", resource: "namespaces" },
          subResource: "finalize",
          name: "writ-system",
          namespace: "writ-system",
        },
      },
    ],
    ["Frozen", "the root owner is suspended", { owners: [editOwner(root, { suspended: true }), platform, payments] }],
    ["Frozen", "the root owner is absent", { owners: [platform, payments] }],
    [
      "Frozen",
      "the root owner is overdue for review",
      { owners: [editOwner(root, { reviewBy: timestamp(created) }), platform, payments] },
    ],
    [
      "Frozen",
      "the root owner is being deleted",
      { owners: [{ ...root, metadata: { ...root.metadata, ...dead } }, platform, payments] },
    ],
    [
      "NoIdentityOwner",
      "nobody answers for the agent",
      { owners: [root, platform, editOwner(payments, { identities: [] })] },
    ],
    [
      "ConflictingIdentityOwners",
      "two answer for the agent",
      { owners: [...world.owners, owner("other", { identities: [bot] })] },
    ],
    [
      "IdentityOwnerNotLive",
      "its owner is suspended",
      { owners: [root, platform, editOwner(payments, { suspended: true })] },
    ],
    [
      "IdentityOwnerNotLive",
      "its owner is overdue for review",
      { owners: [root, platform, editOwner(payments, { reviewBy: timestamp(created) })] },
    ],
    ["NoCapability", "none names the agent", { capabilities: [editCapability(scaler, { agents: [{ user: "x" }] })] }],
    ["NoRule", "another operation", { review: { operation: "DELETE" } }],
    ["NoRule", "another namespace", { review: { namespace: "payments-dev" } }],
    [
      "NoRule",
      "another resource",
      { review: { resource: { group: "apps", version: "v1", resource: "statefulsets" } } },
    ],
    ["NoRule", "a subresource that is not named", { review: { subResource: "scale" } }],
    ["NoRule", "a cluster-scoped write", { review: { namespace: "" } }],
    ["CapabilityNotDefined", "nobody defined it", { capabilities: [capability("payments-scaler")] }],
    ["CapabilityChanged", "it was edited", { capabilities: [editCapability(scaler, { description: "x" })] }],
    [
      "DefinitionNotAttested",
      "its definition is forged",
      { capabilities: [editCapability(scaler, { definedBy: { ...scaler.spec.definedBy, attestation: "v1.x.y.z" } })] },
    ],
    [
      "DefinitionNotSigned",
      "its policy owner wants it signed",
      { owners: [root, editOwner(platform, { decisions: "Signed" }), payments] },
    ],
    ["DefinitionNotVerified", "its signer has no key", { capabilities: [signedCapability(scaler)] }],
    [
      "DefinitionExpired",
      "its signature has ended",
      {
        owners: [root, editOwner(platform, { members: [signer("bob@example.com")] }), payments],
        capabilities: [signedCapability(scaler, { notAfter: after(2 * minute) })],
      },
    ],
    [
      "DefinerNotMember",
      "its definer is gone",
      { owners: [root, editOwner(platform, { members: users("dave@example.com") }), payments] },
    ],
    ["CapabilitySuspended", "it is suspended", { capabilities: [editCapability(scaler, { suspended: true })] }],
    [
      "CapabilityBeingDeleted",
      "it is being deleted",
      { capabilities: [{ ...scaler, metadata: { ...scaler.metadata, ...dead } }] },
    ],
    [
      "PolicyOwnerNotLive",
      "its policy owner is suspended",
      { owners: [root, editOwner(platform, { suspended: true }), payments] },
    ],
    ["NoApproval", "there is none", { approvals: [] }],
    [
      "NoApproval",
      "there is one in another namespace",
      { approvals: [approvedBy(approval("x", {}, { namespace: "payments-dev" }), scaler, alice, bob)] },
    ],
    ["NoApproval", "there is one of another agent", { approvals: [approval("x", { agent: { user: "spiffe://x" } })] }],
    [
      "NoApproval",
      "there is one of other targets",
      { approvals: [approvedBy(approval("x", { targets }), scaler, alice, bob)] },
    ],
    [
      "NoApproval",
      "there is one of another rule",
      {
        ...under({ rules: [rule("scale"), rule("other", { resources: ["statefulsets"] })] }),
        approvals: [approval("x", { rules: ["other"] })],
      },
    ],
    ["NoApproval", "there is one of another capability", { approvals: [approval("x", { capabilityName: "other" })] }],
    ["ApprovalPending", "nobody decided", { approvals: [pending] }],
    ["ApprovalPending", "one of two decided", { approvals: [approvedBy(pending, scaler, alice)] }],
    [
      "ApprovalNotYetValid",
      "notBefore lies ahead",
      { approvals: [approvedBy(approval("x", { notBefore: timestamp(after(hour)) }), scaler, alice, bob)] },
    ],
    ["ApprovalExpired", "its duration is over", { now: after(31 * minute) }],
    ["ApprovalExpired", "its pending time is over", { approvals: [pending], now: after(24 * hour) }],
    [
      "ApprovalExhausted",
      "its uses are consumed",
      { approvals: [{ ...approvedBy(approval("x", { maxUses: 1 }), scaler, alice, bob), status: { uses: 1 } }] },
    ],
    ["ApprovalRejected", "it was denied", { approvals: [withDecisions(pending, rejectDecision(pending, alice))] }],
    [
      "ApprovalRejected",
      "it was revoked",
      { approvals: [withDecisions(approved, rejectDecision(approved, { ...alice, at: after(90_000) }))] },
    ],
    [
      "ApprovalInvalid",
      "an approver is gone",
      { owners: [root, platform, editOwner(payments, { members: users("dave@example.com") })] },
    ],
    [
      "ApprovalInvalid",
      "it is being deleted",
      { approvals: [{ ...approved, metadata: { ...approved.metadata, ...dead } }] },
    ],
    [
      "ApprovalSuspended",
      "an approving owner is suspended",
      {
        owners: [
          root,
          platform,
          editOwner(payments, { resources: [] }),
          owner("claimant", { members: users("alice@example.com"), resources, suspended: true }),
        ],
        approvals: [approvedBy(pending, scaler, { ...alice, ownerName: "claimant" }, bob)],
      },
    ],
    [
      "AgentUidMismatch",
      "the service account was created anew",
      { review: { userInfo: { ...userInfo, uid: "another" } } },
    ],
    [
      "AgentUidMismatch",
      "the request is impersonated and has no uid",
      { review: { userInfo: { username: botUser, groups: userInfo.groups ?? [] } } },
    ],
    ["AgentUidMismatch", "the uid is empty", { review: { userInfo: { ...userInfo, uid: "" } } }],
    [
      "RiskNotApproved",
      "a High rule covers it too",
      {
        ...under({ rules: [rule("scale"), low], approval: [lowApproval, ...scaler.spec.approval] }),
        approvals: [
          approvedBy(
            approval("x", { rules: ["low"] }),
            defined(
              editCapability(scaler, { rules: [rule("scale"), low], approval: [lowApproval, ...scaler.spec.approval] }),
            ),
            bob,
          ),
        ],
      },
    ],
    [
      "ConflictingClaim",
      "two claim the object, though its range has one owner",
      {
        owners: [
          ...world.owners,
          owner("other", {
            resources: [{ scope: "Namespaced", namespaces: ["payments-prod"], resourceNames: ["web"] }],
          }),
        ],
      },
    ],
    ["CredentialUnbound", "a legacy token has no id", { review: { userInfo: { ...userInfo, extra: {} } } }],
    [
      "CredentialMismatch",
      "it is for another token",
      { approvals: [approvedBy(approval("x", { credential: { tokenId: "JTI=other" } }), scaler, alice, bob)] },
    ],
    [
      "ChangeMismatch",
      "it is for another change",
      {
        approvals: [
          approvedBy(
            approval("x", { change: { salt: "00112233445566778899aabbccddeeff", digest: `sha256:${"0".repeat(64)}` } }),
            scaler,
            alice,
            bob,
          ),
        ],
      },
    ],
    [
      "FieldNotCovered",
      "another field changes too",
      {
        ...under({ rules: [rule("scale", { fields: ["spec.replicas"], apiVersions: ["v1"] })] }),
        review: { object: { spec: { paused: true } }, oldObject: { spec: { paused: false } } },
      },
    ],
    [
      "SchemaViolated",
      "the result is beyond the schema",
      {
        ...under({
          rules: [
            rule("scale", {
              apiVersions: ["v1"],
              schema: { properties: { spec: { properties: { replicas: { maximum: 20 } } } } },
            }),
          ],
        }),
        review: { object: { spec: { replicas: 21 } }, oldObject: { spec: { replicas: 1 } } },
      },
    ],
    [
      "ResourceOwnerNotAsked",
      "the object alone belongs to somebody else",
      {
        owners: [
          root,
          platform,
          editOwner(payments, { resources: [{ scope: "Namespaced", namespaces: ["*"] }] }),
          owner("other", {
            resources: [{ scope: "Namespaced", namespaces: ["payments-prod"], resourceNames: ["web"] }],
          }),
        ],
      },
    ],
  ];

  test.each(rows)("%s: %s", (code, _, scene) => {
    const verdict = denial(scene);
    expect(verdict.code).toBe(code);
    expect(verdict.message).not.toBe("");
    expect(verdict.next).not.toBe("");
  });

  test("has a row here or stands elsewhere for a reason", () => {
    const elsewhere = [
      "Approved",
      "OwnRequest",
      "NotAnAgent",
      // An approval whose range nobody claims is Invalid before its object is looked at.
      "NoResourceOwner",
      // Not the chain's: the gate gives them around it.
      "CacheNotSynced",
      "LiveReadFailed",
      "ClockSkew",
      "Unsettled",
      "RecordFailed",
      "Replayed",
      "UseNotCounted",
      "UseContended",
      "UseCounterTampered",
    ];
    const codes = new Set([...rows.map(([code]) => code as string), ...elsewhere]);
    expect([...codes].sort()).toEqual(Object.keys(reasons).sort());
  });

  test("an approval whose whole range has no owner, or two, is told by that", () => {
    expect(denial({ owners: claimNothing }).message).toContain("no IdentityOwner claims");
    expect(denial({ owners: claimNothing }).code).toBe("NoResourceOwner");
    const both = denial({ owners: [...world.owners, owner("other", { resources })] });
    expect(both.code).toBe("ConflictingClaim");
    expect(both.message).toContain("claimed equally precisely");
  });
});

describe("allowed", () => {
  const low = rule("low", { risk: "Low" });
  const lowApproval = { risk: "Low", approvers: [{ from: "PolicyOwner" }] } as const;
  const lowCap = defined(editCapability(scaler, { rules: [low], approval: [lowApproval] }));
  const named = rule("scale", { resources: ["deployments", "deployments/scale"] });
  const cluster = rule("label", {
    scope: "Cluster",
    apiGroups: [""],
    resources: ["namespaces"],
    operations: ["UPDATE", "DELETE", "CREATE"],
  });
  const clusterCap = defined(
    editCapability(scaler, { rules: [cluster], approval: [{ risk: "High", approvers: [{ from: "PolicyOwner" }] }] }),
  );
  const clusterScene: Scene = {
    capabilities: [clusterCap],
    approvals: [approvedBy(approval("ns", {}, { namespace: "writ-approvals" }), clusterCap, bob)],
  };
  const spiffe = "spiffe://example.org/bot";
  const spiffeCap = defined(editCapability(scaler, { agents: [{ user: spiffe }] }));

  test.each<[string, Scene]>([
    ["a dry run like any other write", { review: { dryRun: true } }],
    ["a subresource that the rule names", { ...under({ rules: [named] }), review: { subResource: "scale" } }],
    ["the second approval when the first does not cover the write", { approvals: [approval("other"), approved] }],
    [
      "an approval of all rules where one covers the write",
      under({ rules: [rule("other", { resources: ["statefulsets"] }), rule("scale")] }),
    ],
    ["a Low rule by the quorum of Low", { capabilities: [lowCap], approvals: [approvedBy(pending, lowCap, bob)] }],
    [
      "an approval that names the object",
      {
        approvals: [
          approvedBy(
            approval("x", { targets: [{ apiGroup: "apps", resource: "deployments", names: ["web"] }] }),
            scaler,
            alice,
            bob,
          ),
        ],
      },
    ],
    [
      "a create whose name the API server will choose",
      {
        ...under({ rules: [rule("make", { operations: ["CREATE"] })] }),
        review: { operation: "CREATE", name: "", object: { metadata: { generateName: "web-" } }, oldObject: null },
      },
    ],
    [
      "a Namespace object from the cluster approval namespace",
      {
        ...clusterScene,
        review: {
          resource: { group: "", version: "v1", resource: "namespaces" },
          namespace: "payments-prod",
          name: "payments-prod",
        },
      },
    ],
    [
      "a write of a user that is no service account, without a uid",
      {
        capabilities: [spiffeCap],
        approvals: [approvedBy(approval("x", { agent: { user: spiffe } }), spiffeCap, alice, bob)],
        owners: [root, platform, editOwner(payments, { identities: [{ user: spiffe }] })],
        review: {
          userInfo: {
            username: spiffe,
            groups: ["writ.dev:agents"],
            extra: { "authentication.kubernetes.io/credential-id": ["JTI=j-1"] },
          },
        },
      },
    ],
    [
      "while an approval of the same agent elsewhere is in whatever state",
      { approvals: [approval("z", {}, { namespace: "payments-dev" }), approved] },
    ],
  ])("%s", (_, scene) => {
    expect(judge(scene)).toMatchObject({ kind: "allow", code: "Approved" });
  });

  test("a Namespace object is not covered from the namespace of its name", () => {
    const there = approvedBy(approval("ns", {}, { namespace: "payments-prod" }), clusterCap, bob);
    const scene: Scene = {
      ...clusterScene,
      approvals: [there],
      review: { resource: { group: "", version: "v1", resource: "namespaces" }, name: "payments-prod" },
    };
    expect(judge(scene).code).toBe("NoApproval");
  });

  test.each<[string, Scene, string]>([
    [
      "a deletecollection is judged by each old object's name",
      { review: { operation: "DELETE", name: "", object: null, oldObject: { metadata: { name: "web" } } } },
      "allow",
    ],
    [
      "a deletecollection reaches no other object",
      { review: { operation: "DELETE", name: "", object: null, oldObject: { metadata: { name: "api" } } } },
      "deny",
    ],
    [
      "without any name nothing that is limited to names is covered",
      { review: { operation: "DELETE", name: "", object: null, oldObject: null } },
      "deny",
    ],
    [
      "generateName gives no name that a rule could name",
      { review: { operation: "DELETE", name: "", object: { metadata: { generateName: "web" } }, oldObject: null } },
      "deny",
    ],
  ])("%s", (_, scene, kind) => {
    const rules = [rule("drop", { operations: ["DELETE"], resourceNames: ["web"] })];
    expect(judge({ ...under({ rules }), ...scene }).kind).toBe(kind);
  });
});

describe("the highest risk wins", () => {
  const low = rule("low", { risk: "Low" });
  const lowCap = defined(
    editCapability(scaler, { rules: [low], approval: [{ risk: "Low", approvers: [{ from: "PolicyOwner" }] }] }),
  );
  const scene = { capabilities: [lowCap], approvals: [approvedBy(pending, lowCap, bob)] };
  const other = (mods: Parameters<typeof rule>[1], spec: Parameters<typeof capability>[1] = {}): typeof scaler =>
    capability("other", { rules: [rule("high", mods)], ...spec });

  test("over the rules of all capabilities of the agent", () => {
    expect(judge(scene).code).toBe("Approved");
    expect(judge({ ...scene, capabilities: [lowCap, defined(other({}))] }).code).toBe("RiskNotApproved");
    expect(judge({ ...scene, capabilities: [lowCap, other({})] }).code).toBe("RiskNotApproved");
  });

  test("but not of rules that do not match, nor of other agents' capabilities", () => {
    expect(judge({ ...scene, capabilities: [lowCap, defined(other({ resources: ["statefulsets"] }))] }).code).toBe(
      "Approved",
    );
    expect(judge({ ...scene, capabilities: [lowCap, defined(other({}, { agents: [{ user: "x" }] }))] }).code).toBe(
      "Approved",
    );
  });
});

describe("shadow mode can never admit", () => {
  const secrets = { group: "", version: "v1", resource: "secrets" };
  test.each<[string, Scene, boolean]>([
    ["a stranger", { review: { userInfo: { username: "carol@example.com" } } }, true],
    ["what concerns Writ itself", { review: { namespace: "writ-system" } }, true],
    ["a protected object that no rule names", { review: { resource: secrets } }, true],
    ["a protected object while frozen", { owners: [], review: { resource: secrets } }, true],
    [
      "a protected object for want of an approval",
      {
        ...under({ rules: [rule("s", { apiGroups: [""], resources: ["secrets"] })] }),
        approvals: [],
        review: { resource: secrets },
      },
      true,
    ],
    [
      "what configuration protects",
      { approvals: [], settings: { protectedResources: [{ apiGroup: "apps", resource: "deployments" }] } },
      true,
    ],
    [
      "Writ's kinds by CONNECT",
      {
        review: {
          operation: "CONNECT",
          resource: { group: "writ.dev", version: "v1alpha1", resource: "identityowners" },
        },
      },
      true,
    ],
    ["but may admit an ordinary write", { approvals: [] }, false],
    ["an ordinary write while frozen: the freeze stops agents in shadow mode too", { owners: [] }, true],
  ])("%s", (_, scene, absolute) => {
    expect(denial(scene).absolute).toBe(absolute);
  });
});

test("the uid of the request that decides is the agent's, not that of the object", () => {
  expect(
    judge({ approvals: [approvedBy(approval("x", { agent: { ...bot, uid: "web-uid" } }), scaler, alice, bob)] }).code,
  ).toBe("AgentUidMismatch");
  expect(judge({ review: { userInfo: { ...userInfo, uid: botUid } } }).code).toBe("Approved");
});
