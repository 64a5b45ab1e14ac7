import { describe, expect, test } from "vitest";
import type { Effect } from "../../../src/api/effect.ts";
import { appliesIn, claimedObject, reachOf, selectedRules, targetsInclude } from "../../../src/api/targets.ts";
import type { AgentCapabilityRule, ElevationApprovalTarget } from "../../../src/api/types.gen.ts";
import { approval } from "../../builders/approval.ts";
import { rule } from "../../builders/capability.ts";

const web: Effect = {
  verb: "update",
  group: "apps",
  version: "v1",
  resource: "deployments",
  subresource: "",
  namespace: "payments-prod",
  name: "web",
};
const deployments: ElevationApprovalTarget = { apiGroup: "apps", resource: "deployments" };

describe("targetsInclude", () => {
  test.each<[string, readonly ElevationApprovalTarget[], Partial<Effect>, boolean]>([
    ["no target leaves everything in", [], {}, true],
    ["the resource", [deployments], {}, true],
    ["the resource's subresources", [deployments], { subresource: "scale" }, true],
    ["another resource", [{ ...deployments, resource: "pods" }], {}, false],
    ["another group", [{ ...deployments, apiGroup: "" }], {}, false],
    ["a star is no resource", [{ ...deployments, resource: "*" }], {}, false],
    ["a star is no group", [{ ...deployments, apiGroup: "*" }], {}, false],
    ["a subresource alone", [{ ...deployments, resource: "deployments/scale" }], { subresource: "scale" }, true],
    ["a subresource is not its object", [{ ...deployments, resource: "deployments/scale" }], {}, false],
    [
      "a subresource is not another",
      [{ ...deployments, resource: "deployments/scale" }],
      { subresource: "status" },
      false,
    ],
    ["the object by name", [{ ...deployments, names: ["api", "web"] }], {}, true],
    ["another object", [{ ...deployments, names: ["api"] }], {}, false],
    ["no names are all names", [{ ...deployments, names: [] }], {}, true],
    ["a name that is not chosen yet", [{ ...deployments, names: ["web"] }], { name: "" }, false],
    ["a name that is not chosen yet, and an empty name", [{ ...deployments, names: [""] }], { name: "" }, false],
    ["one of two targets", [{ ...deployments, names: ["api"] }, deployments], {}, true],
    [
      "names of another target do not mix",
      [
        { ...deployments, names: ["api"] },
        { apiGroup: "apps", resource: "statefulsets", names: ["web"] },
      ],
      {},
      false,
    ],
  ])("%s", (_, targets, effect, expected) => {
    expect(targetsInclude(approval("a", { targets }), { ...web, ...effect })).toBe(expected);
  });
});

describe("selectedRules", () => {
  const rules = [rule("scale"), rule("restart")];
  test.each<[string, readonly string[] | undefined, readonly string[]]>([
    ["absent means all", undefined, ["scale", "restart"]],
    ["none named means all", [], ["scale", "restart"]],
    ["those that are named", ["restart"], ["restart"]],
    ["names that do not exist give nothing", ["other"], []],
  ])("%s", (_, names, expected) => {
    const selected = selectedRules(approval("a", names === undefined ? {} : { rules: names }), rules);
    expect(selected.map(({ name }) => name)).toEqual(expected);
  });
});

describe("appliesIn", () => {
  test.each<[string, Partial<AgentCapabilityRule>, string | undefined, boolean]>([
    ["the namespace by name", {}, "payments-prod", true],
    ["any namespace", { namespaces: ["*"] }, "payments-prod", true],
    ["another namespace", {}, "payments-dev", false],
    ["a namespaced rule does not apply cluster-wide", { namespaces: ["*"] }, undefined, false],
    ["a cluster rule applies cluster-wide", { scope: "Cluster" }, undefined, true],
    ["a cluster rule applies in no namespace", { scope: "Cluster", namespaces: ["*"] }, "payments-prod", false],
  ])("%s", (_, mods, namespace, expected) => {
    expect(appliesIn(rule("r", mods), namespace)).toBe(expected);
  });
});

describe("reachOf", () => {
  const place = { scope: "Namespaced", namespace: "payments-prod" } as const;

  test("without targets: what the rules that apply in its namespace name, each once", () => {
    const rules = [
      rule("a", { apiGroups: ["", "apps"], resources: ["deployments"] }),
      rule("again", { resources: ["deployments", "deployments/scale"] }),
      rule("b", { resources: ["*"], resourceNames: ["web", "api"] }),
      rule("c", { namespaces: ["elsewhere"], resources: ["secrets"] }),
    ];
    expect(reachOf(approval("a"), rules, "writ-approvals")).toEqual([
      { ...place, group: "", resource: "deployments" },
      { ...place, group: "apps", resource: "deployments" },
      { ...place, group: "apps", resource: "deployments", subresource: "scale" },
      { ...place, group: "apps", resource: "*", name: "web" },
      { ...place, group: "apps", resource: "*", name: "api" },
    ]);
  });

  test("with targets: the targets alone", () => {
    const targets = [
      { ...deployments, resource: "deployments/scale", names: ["web"] },
      { apiGroup: "", resource: "pods" },
    ];
    expect(reachOf(approval("a", { targets }), [rule("r")], "writ-approvals")).toEqual([
      { ...place, group: "apps", resource: "deployments", subresource: "scale", name: "web" },
      { ...place, group: "", resource: "pods" },
    ]);
  });

  test("in the cluster approval namespace: cluster-scoped objects", () => {
    const rules = [
      rule("a", { scope: "Cluster", apiGroups: [""], resources: ["nodes"] }),
      rule("b", { namespaces: ["*"] }),
    ];
    expect(reachOf(approval("a", {}, { namespace: "writ-approvals" }), rules, "writ-approvals")).toEqual([
      { scope: "Cluster", group: "", resource: "nodes" },
    ]);
  });
});

test("the object of an effect is claimed with its subresource, and without a name while it has none", () => {
  expect(claimedObject({ ...web, subresource: "scale" })).toEqual({
    scope: "Namespaced",
    namespace: "payments-prod",
    group: "apps",
    resource: "deployments",
    subresource: "scale",
    name: "web",
  });
  const { namespace: _, ...clusterWide } = web;
  expect(claimedObject({ ...clusterWide, name: "" })).toEqual({
    scope: "Cluster",
    group: "apps",
    resource: "deployments",
  });
});
