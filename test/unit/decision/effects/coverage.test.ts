import { describe, expect, test } from "vitest";
import type { AgentCapabilityRule } from "../../../../src/api/types.gen.ts";
import type { JsonObject } from "../../../../src/decision/admission-request.ts";
import type { Verdict } from "../../../../src/decision/verdict.ts";
import { approval, approvedBy } from "../../../builders/approval.ts";
import { capability, defined, editCapability, rule } from "../../../builders/capability.ts";
import { judge } from "../../../builders/judge.ts";
import type { Scene } from "../../../builders/judge.ts";
import { editOwner, owner } from "../../../builders/owner.ts";
import { payments, platform, root, scaler } from "../../../builders/world.ts";
import { resourceOf } from "./effect-text.ts";
import { alice, bob, under } from "./under.ts";

const spec: JsonObject = {
  containers: [{ name: "web", image: "web:1" }],
  serviceAccountName: "deployer",
  hostPID: true,
  volumes: [{ name: "db", secret: { secretName: "db" } }],
};
/** A Deployment whose pods use an account, a Secret and the node. */
const create: NonNullable<Scene["review"]> = {
  operation: "CREATE",
  object: { metadata: { name: "web" }, spec: { template: { spec } } },
  oldObject: null,
};

const make = rule("make", { operations: ["CREATE"] });
const account = rule("account", { operations: ["USE"], apiGroups: [""], resources: ["serviceaccounts"] });
const secret = rule("secret", { operations: ["USE"], apiGroups: [""], resources: ["secrets"] });
const { namespaces: _, ...clusterWide } = rule("node", { operations: ["USE"], apiGroups: [""], resources: ["nodes"] });
const node: AgentCapabilityRule = { ...clusterWide, scope: "Cluster" };
const all = [make, account, secret, node];

function code(scene: Scene): Verdict["code"] {
  return judge({ review: create, ...scene }).code;
}

describe("an approval covers a write", () => {
  test("when the rules of one capability cover every effect together", () => {
    const verdict = judge({ ...under({ rules: all }), review: create });
    expect(verdict).toMatchObject({ code: "Approved", basis: { rules: all } });
  });

  test("by one rule for all, too", () => {
    const rules = [
      rule("both", {
        operations: ["CREATE", "USE"],
        apiGroups: ["apps", ""],
        resources: ["deployments", "serviceaccounts", "secrets"],
      }),
      node,
    ];
    expect(code(under({ rules }))).toBe("Approved");
  });

  test.each(all.map(({ name }) => [name]))("but not without the rule %s", (name) => {
    const rules = all.filter((one) => one.name !== name);
    expect(code(under({ rules }))).toBe("NoRule");
    expect(code(under({ rules: all }, { rules: rules.map((one) => one.name) }))).toBe("NoApproval");
  });

  test("but not when two capabilities have to help each other", () => {
    const policy = { approval: [{ risk: "High", approvers: [{ from: "PolicyOwner" }] }] } as const;
    const first = defined(capability("first", { rules: [make, account], ...policy }));
    const second = defined(capability("second", { rules: [secret, node], ...policy }));
    const approvals = [first, second].map((cap) =>
      approvedBy(approval(cap.metadata.name, { capabilityName: cap.metadata.name }), cap, alice, bob),
    );
    expect(code({ capabilities: [first, second], approvals })).toBe("NoRule");
  });

  test("but not when two approvals have to help each other", () => {
    const { capabilities } = under({ rules: all });
    const [cap = scaler] = capabilities ?? [];
    const approvals = [
      ["make", "account"],
      ["secret", "node"],
    ].map((rules, index) => approvedBy(approval(`a${index}`, { rules }), cap, alice, bob));
    expect(code({ capabilities: [cap], approvals })).toBe("NoApproval");
  });
});

describe("the targets of an approval", () => {
  const targets = [
    { apiGroup: "apps", resource: "deployments", names: ["web"] },
    { apiGroup: "", resource: "serviceaccounts", names: ["deployer"] },
    { apiGroup: "", resource: "secrets", names: ["db"] },
    { apiGroup: "", resource: "nodes" },
  ];
  test("leave every effect in", () => {
    expect(code(under({ rules: all }, { targets }))).toBe("Approved");
  });

  test.each(targets.map(({ resource }, index) => [resource, index] as const))("miss none: without %s", (_, index) => {
    expect(code(under({ rules: all }, { targets: targets.toSpliced(index, 1) }))).toBe("NoApproval");
  });

  test.each(targets.map(({ resource }, index) => [resource, index] as const))(
    "by its name: another of %s",
    (_, index) => {
      const other = targets.map((target, at) => (at === index ? { ...target, names: ["other"] } : target));
      expect(code(under({ rules: all }, { targets: other }))).toBe("NoApproval");
    },
  );
});

describe("USE is covered", () => {
  const uses: readonly (readonly [string, AgentCapabilityRule])[] = [
    ["serviceaccounts", account],
    ["secrets", secret],
    ["nodes", node],
  ];
  const withRule = (changed: AgentCapabilityRule): string =>
    code(under({ rules: all.map((one) => (one.name === changed.name ? changed : one)) }));

  test.each(uses)("by a rule that names %s literally, never by a wildcard", (_, one) => {
    expect(withRule({ ...one, resources: ["*"] })).toBe("NoRule");
    expect(withRule({ ...one, apiGroups: ["*"] })).toBe("NoRule");
    expect(withRule({ ...one, resources: ["*"], apiGroups: ["*"] })).toBe("NoRule");
    expect(withRule({ ...one, resources: [...one.resources, "*"] })).toBe("Approved");
  });

  test.each(uses)("by a rule that lists USE: all other operations on %s do not do", (_, one) => {
    expect(withRule({ ...one, operations: ["CREATE", "UPDATE", "DELETE"] })).toBe("NoRule");
  });

  test.each(uses)("by a rule that names the one of the %s, or all", (resource, one) => {
    const used = { serviceaccounts: "deployer", secrets: "db", nodes: "n1" }[resource] ?? "";
    expect(withRule({ ...one, resourceNames: [used] })).toBe(resource === "nodes" ? "NoRule" : "Approved");
    expect(withRule({ ...one, resourceNames: ["other"] })).toBe("NoRule");
  });

  test("in the pod's namespace alone", () => {
    for (const one of [account, secret]) {
      expect(withRule({ ...one, namespaces: ["payments-dev"] })).toBe("NoRule");
      expect(withRule({ ...one, namespaces: ["*"] })).toBe("Approved");
    }
    const { namespaces: _, ...rest } = account;
    expect(withRule({ ...rest, scope: "Cluster" })).toBe("NoRule");
    expect(withRule({ ...node, scope: "Namespaced", namespaces: ["*"] })).toBe("NoRule");
  });

  test("of Secrets by a High rule alone, for they are protected", () => {
    const policy = { approval: [{ risk: "Low", approvers: [{ from: "PolicyOwner" }] }] } as const;
    const low = all.map((one) => ({ ...one, risk: "Low" as const }));
    expect(code(under({ ...policy, rules: low }))).toBe("NoRule");
  });

  test("of a node that is named by a rule with its name", () => {
    const object = { metadata: { name: "web" }, spec: { ...spec, hostPID: false, nodeName: "n1" } };
    const pods = { ...make, apiGroups: [""], resources: ["pods"] };
    const review = { ...create, ...resourceOf("/pods"), object };
    const judged = (names: readonly string[]): string =>
      judge({ ...under({ rules: [pods, account, secret, { ...node, resourceNames: names }] }), review }).code;
    expect(judged(["n1"])).toBe("Approved");
    expect(judged(["n2"])).toBe("NoRule");
  });

  test("of nodes although the approval stands in the pods' namespace, by the people of the node's owner too", () => {
    const policy = { approval: [{ risk: "High", approvers: [{ from: "ResourceOwner" }] }] } as const;
    const nodes = { resources: [{ scope: "Cluster", apiGroups: [""], resources: ["nodes"] }] } as const;
    const scene = under({ ...policy, rules: all });
    expect(code(scene)).toBe("NoResourceOwner");
    expect(code({ ...scene, owners: [root, editOwner(platform, nodes), payments] })).toBe("Approved");
    const nobodyAsked = owner("hosts", nodes);
    expect(code({ ...scene, owners: [root, platform, payments, nobodyAsked] })).toBe("ApprovalPending");
  });
});

test("the owner of what is used must have been asked, not the owner of the object alone", () => {
  const policy = { approval: [{ risk: "High", approvers: [{ from: "ResourceOwner" }] }] } as const;
  const everywhere = editOwner(payments, { resources: [{ scope: "Namespaced", namespaces: ["*"] }] });
  const hosts = editOwner(platform, { resources: [{ scope: "Cluster" }] });
  const vault = owner("vault", {
    resources: [{ scope: "Namespaced", namespaces: ["payments-prod"], resources: ["secrets"], resourceNames: ["db"] }],
  });
  const scene = under({ ...policy, rules: all });
  expect(code({ ...scene, owners: [root, hosts, everywhere] })).toBe("Approved");
  expect(code({ ...scene, owners: [root, hosts, everywhere, vault] })).toBe("ResourceOwnerNotAsked");
});

describe("a rule with fields or schema", () => {
  const update: NonNullable<Scene["review"]> = {
    object: { spec: { template: { spec: { ...spec, hostPID: false, volumes: [] } } } },
    oldObject: { spec: { template: { spec: { ...spec, hostPID: false, volumes: [], priority: 1 } } } },
  };
  const versions = { apiVersions: ["v1"] };
  const change = rule("change", { fields: ["spec.template.spec"], ...versions });

  test("covers the request's own effect", () => {
    expect(judge({ ...under({ rules: [change, account] }), review: update }).code).toBe("Approved");
    expect(
      judge({ ...under({ rules: [{ ...change, fields: ["spec.replicas"] }, account] }), review: update }).code,
    ).toBe("FieldNotCovered");
  });

  test.each<[string, Partial<AgentCapabilityRule>]>([
    ["fields", { fields: ["spec"] }],
    ["a schema", { schema: {} }],
  ])("covers no other effect: %s", (_, part) => {
    const narrow = { ...account, ...part, ...versions };
    expect(judge({ ...under({ rules: [change, narrow] }), review: update }).code).toBe("NoRule");
    const both = rule("both", {
      operations: ["UPDATE", "USE"],
      apiGroups: ["apps", ""],
      resources: ["deployments", "serviceaccounts"],
    });
    expect(judge({ ...under({ rules: [both] }), review: update }).code).toBe("Approved");
    expect(judge({ ...under({ rules: [{ ...both, ...part, ...versions }] }), review: update }).code).toBe("NoRule");
  });

  test("covers no deletion that follows from an update", () => {
    const review = {
      object: { metadata: { name: "web", ownerReferences: [{ uid: "ghost" }] } },
      oldObject: { metadata: { name: "web" } },
    };
    const part = { fields: ["metadata.ownerReferences"], ...versions };
    const drop = rule("drop", { operations: ["DELETE"] });
    expect(judge({ ...under({ rules: [rule("own", part)] }), review }).code).toBe("NoRule");
    expect(
      judge({ ...under({ rules: [rule("own", { ...part, operations: ["UPDATE", "DELETE"] })] }), review }).code,
    ).toBe("NoRule");
    expect(judge({ ...under({ rules: [rule("own", part), drop] }), review }).code).toBe("Approved");
  });

  test("covers no deletion of the object itself, schema or fields", () => {
    for (const part of [{ schema: {} }, { fields: ["spec"] }]) {
      const rules = [rule("drop", { operations: ["DELETE"], ...part, ...versions })];
      expect(judge({ ...under({ rules }), review: { operation: "DELETE", object: null } }).code).toBe("NoRule");
    }
  });

  test("does not add its fields to those of another", () => {
    const review = { object: { spec: { a: 2, b: 2 } }, oldObject: { spec: { a: 1, b: 1 } } };
    const rules = ["a", "b"].map((name) => rule(name, { fields: [`spec.${name}`], ...versions }));
    expect(judge({ ...under({ rules }), review }).code).toBe("FieldNotCovered");
    expect(
      judge({ ...under({ rules: [...rules, rule("ab", { fields: ["spec.a", "spec.b"], ...versions })] }), review })
        .code,
    ).toBe("Approved");
  });

  test("must keep both", () => {
    const schema = { properties: { spec: { properties: { a: { maximum: 5 } } } } };
    const both = [rule("a", { fields: ["spec.a"], schema, ...versions })];
    const judged = (object: JsonObject): string =>
      judge({ ...under({ rules: both }), review: { object, oldObject: { spec: { a: 1 } } } }).code;
    expect(judged({ spec: { a: 5 } })).toBe("Approved");
    expect(judged({ spec: { a: 6 } })).toBe("SchemaViolated");
    expect(judged({ spec: { a: 5, b: 1 } })).toBe("FieldNotCovered");
  });

  test("with an empty list of fields lets change nothing", () => {
    const rules = [rule("none", { fields: [], ...versions })];
    expect(judge({ ...under({ rules }), review: { object: { spec: { a: 1 } }, oldObject: { spec: {} } } }).code).toBe(
      "FieldNotCovered",
    );
    expect(judge({ ...under({ rules }) }).code).toBe("Approved");
  });
});

describe("the risk is the highest of any rule that covers any effect", () => {
  const policy = {
    approval: [{ risk: "Low", approvers: [{ from: "PolicyOwner" }] }, ...scaler.spec.approval],
  } as const;
  const low = [make, account].map((one) => ({ ...one, risk: "Low" as const }));
  const review = {
    ...create,
    object: { spec: { template: { spec: { containers: [], serviceAccountName: "deployer" } } } },
  };
  const judged = (more: readonly AgentCapabilityRule[]): string =>
    judge({ ...under({ ...policy, rules: [...low, ...more] }, { rules: low.map(({ name }) => name) }), review }).code;

  test.each<[string, Partial<AgentCapabilityRule>, string]>([
    ["the request itself", { ...make, name: "high" }, "RiskNotApproved"],
    ["the use of the account alone", { ...account, name: "high" }, "RiskNotApproved"],
    ["no effect of this write", { ...secret, name: "high" }, "Approved"],
  ])("%s", (_, more, expected) => {
    expect(judged([rule("high", more)])).toBe(expected);
  });

  test("a High rule whose fields leave the change out does not count", () => {
    const capabilityRules = [
      rule("low", { risk: "Low" }),
      rule("high", { fields: ["spec.paused"], apiVersions: ["v1"] }),
    ];
    const scene = under({ ...policy, rules: capabilityRules }, { rules: ["low"] });
    const change = (name: string): NonNullable<Scene["review"]> => ({
      object: { spec: { [name]: 2 } },
      oldObject: { spec: { [name]: 1 } },
    });
    expect(judge({ ...scene, review: change("replicas") }).code).toBe("Approved");
    expect(judge({ ...scene, review: change("paused") }).code).toBe("RiskNotApproved");
  });
});

test("a denial names the effect that is not covered, and what brings it about", () => {
  const verdict = judge({ ...under({ rules: [make, account] }), review: create });
  expect(verdict).toMatchObject({ kind: "deny", code: "NoRule", absolute: true });
  expect(verdict.kind === "deny" && verdict.message).toContain(
    'use secrets "db" in namespace payments-prod as this request does (create deployments (apps) "web"',
  );
});

test("an edited capability that loses a rule covers less at once", () => {
  const scene = under({ rules: all });
  const [cap = scaler] = scene.capabilities ?? [];
  expect(code({ ...scene, capabilities: [defined(editCapability(cap, { rules: [make, account, secret] }))] })).toBe(
    "NoRule",
  );
});
