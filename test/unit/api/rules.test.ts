import { describe, expect, test } from "vitest";
import type { Effect, EffectVerb } from "../../../src/api/effect.ts";
import { highestRisk, isBuiltInGroup, matchRule, ruleParts, ruleRisk } from "../../../src/api/rules.ts";
import type { RulePart } from "../../../src/api/rules.ts";
import type { AgentCapabilityRule } from "../../../src/api/types.gen.ts";
import { rule } from "../../builders/capability.ts";

const update: Effect = {
  verb: "update",
  group: "apps",
  version: "v1",
  resource: "deployments",
  subresource: "",
  namespace: "payments-prod",
  name: "web",
};
const { namespace: _namespace, ...clusterWide } = update;

type Row = readonly [string, Partial<AgentCapabilityRule>, Partial<Effect>, RulePart | "covers"];

function judge(
  mods: Partial<AgentCapabilityRule>,
  effect: Effect,
  more = [] as Parameters<typeof matchRule>[2],
): string {
  const match = matchRule(rule("r", mods), effect, more);
  return match.covers ? "covers" : match.missed;
}

describe("a rule and a write in a namespace", () => {
  test.each<Row>([
    ["the same", {}, {}, "covers"],

    ["another group", { apiGroups: ["batch"] }, {}, "resources"],
    ["one of several groups", { apiGroups: ["batch", "apps"] }, {}, "covers"],
    ["the core group", { apiGroups: [""] }, {}, "resources"],
    ["any built-in group", { apiGroups: ["*"] }, {}, "covers"],
    ["any built-in group, core", { apiGroups: ["*"], resources: ["pods"] }, { group: "", resource: "pods" }, "covers"],
    [
      "any built-in group, *.k8s.io",
      { apiGroups: ["*"], resources: ["ingresses"] },
      { group: "networking.k8s.io", resource: "ingresses" },
      "covers",
    ],
    [
      "any built-in group, but a custom one",
      { apiGroups: ["*"], resources: ["widgets"] },
      { group: "example.org", resource: "widgets" },
      "resources",
    ],
    [
      "any built-in group, but a custom one that looks alike",
      { apiGroups: ["*"], resources: ["*"] },
      { group: "xk8s.io" },
      "resources",
    ],
    [
      "any built-in group, but the extensions' one",
      { apiGroups: ["*"], resources: ["*"] },
      { group: "gateway.networking.x-k8s.io" },
      "resources",
    ],
    [
      "any built-in group beside a named custom one",
      { apiGroups: ["*", "example.org"], resources: ["*"] },
      { group: "example.org", resource: "widgets" },
      "covers",
    ],

    ["another resource", { resources: ["pods"] }, {}, "resources"],
    ["any resource", { resources: ["*"] }, {}, "covers"],
    ["any resource is no subresource", { resources: ["*"] }, { subresource: "scale" }, "resources"],
    ["a resource is not its subresource", {}, { subresource: "scale" }, "resources"],
    ["a subresource is not its resource", { resources: ["deployments/scale"] }, {}, "resources"],
    ["a subresource by its literal name", { resources: ["deployments/scale"] }, { subresource: "scale" }, "covers"],
    ["another subresource", { resources: ["deployments/scale"] }, { subresource: "status" }, "resources"],
    [
      "stars do not reach into subresources",
      { resources: ["*/scale", "deployments/*", "*/*"] },
      { subresource: "scale" },
      "resources",
    ],

    ["another operation", { operations: ["CREATE", "DELETE", "USE"] }, {}, "operations"],
    ["a star is no operation", { operations: ["*" as "CREATE"] }, {}, "operations"],

    ["a version that is named", { apiVersions: ["v1"] }, {}, "covers"],
    ["another version", { apiVersions: ["v1beta1"] }, {}, "apiVersions"],
    ["no versions named", { apiVersions: [] }, { version: "v7" }, "covers"],

    ["another scope", { scope: "Cluster" }, {}, "scope"],
    ["another namespace", { namespaces: ["payments-dev"] }, {}, "namespaces"],
    ["a namespace whose name begins alike", { namespaces: ["payments"] }, {}, "namespaces"],
    ["any namespace", { namespaces: ["*"] }, {}, "covers"],
    ["no namespace named", { namespaces: [] }, {}, "namespaces"],

    ["an object that is named", { resourceNames: ["api", "web"] }, {}, "covers"],
    ["another object", { resourceNames: ["api"] }, {}, "resourceNames"],
    ["an object without a name yet", { resourceNames: ["web"] }, { name: "" }, "resourceNames"],
    [
      "an object without a name yet, and an empty name in the rule",
      { resourceNames: [""] },
      { name: "" },
      "resourceNames",
    ],
    ["a star is no object name", { resourceNames: ["*"] }, {}, "resourceNames"],
    ["no names are all names", { resourceNames: [] }, { name: "" }, "covers"],
  ])("%s", (_, mods, effect, expected) => {
    expect(judge(mods, { ...update, ...effect })).toBe(expected);
  });

  test("a rule that lists no namespaces at all covers none", () => {
    const { namespaces: _, ...bare } = rule("r");
    expect(matchRule(bare, update, [])).toEqual({ covers: false, missed: "namespaces" });
  });
});

describe("a rule and a cluster-scoped write", () => {
  test.each<Row>([
    ["a cluster rule", { scope: "Cluster" }, {}, "covers"],
    ["a cluster rule whatever its namespaces say", { scope: "Cluster", namespaces: ["payments-prod"] }, {}, "covers"],
    ["a namespaced rule for all namespaces", { namespaces: ["*"] }, {}, "scope"],
  ])("%s", (_, mods, effect, expected) => {
    expect(judge(mods, { ...clusterWide, ...effect })).toBe(expected);
  });
});

describe("operations", () => {
  const covering: Record<EffectVerb, readonly string[]> = {
    create: ["CREATE"],
    update: ["UPDATE"],
    delete: ["DELETE"],
    use: ["USE"],
    grant: ["CREATE", "UPDATE"],
    mint: ["CREATE", "UPDATE"],
    connect: [],
  };
  const operations = ["CREATE", "UPDATE", "DELETE", "USE", "CONNECT"] as const;
  test.each(Object.entries(covering) as [EffectVerb, readonly string[]][])(
    "%s is covered by %j alone",
    (verb, expected) => {
      const found = operations.filter(
        (operation) => judge({ operations: [operation as "USE"] }, { ...update, verb }) === "covers",
      );
      expect(found).toEqual(expected);
    },
  );
});

describe("the protected set", () => {
  const secret = { group: "", resource: "secrets" };
  const token = { group: "", resource: "serviceaccounts", subresource: "token" };
  test.each<Row>([
    ["named literally and High", { apiGroups: [""], resources: ["secrets"], risk: "High" }, secret, "covers"],
    ["named literally, High by silence", { apiGroups: [""], resources: ["secrets"] }, secret, "covers"],
    ["named, but Low", { apiGroups: [""], resources: ["secrets"], risk: "Low" }, secret, "protected"],
    ["any resource", { apiGroups: [""], resources: ["*"] }, secret, "protected"],
    ["any group", { apiGroups: ["*"], resources: ["secrets"] }, secret, "protected"],
    ["a star beside both literal names", { apiGroups: ["*", ""], resources: ["*", "secrets"] }, secret, "covers"],
    [
      "a custom group that is protected",
      { apiGroups: ["argoproj.io"], resources: ["*"] },
      { group: "argoproj.io", resource: "applications" },
      "protected",
    ],
    ["a token, named", { apiGroups: [""], resources: ["serviceaccounts/token"] }, token, "covers"],
    ["a token by its account", { apiGroups: [""], resources: ["serviceaccounts"] }, token, "resources"],
    ["a token, Low", { apiGroups: [""], resources: ["serviceaccounts/token"], risk: "Low" }, token, "protected"],
  ])("%s", (_, mods, effect, expected) => {
    expect(judge(mods, { ...update, ...effect })).toBe(expected);
  });

  test("what configuration adds is protected alike", () => {
    const more = [{ apiGroup: "apps", resource: "deployments" }];
    expect(judge({ resources: ["*"] }, update, more)).toBe("protected");
    expect(judge({ risk: "Low" }, update, more)).toBe("protected");
    expect(judge({}, update, more)).toBe("covers");
  });
});

test("parts are asked in their published order, so the last miss is the nearest", () => {
  const wrong: [RulePart, Partial<AgentCapabilityRule>][] = [
    ["resources", { resources: ["pods"] }],
    ["protected", { risk: "Low" }],
    ["operations", { operations: ["DELETE"] }],
    ["apiVersions", { apiVersions: ["v2"] }],
    ["scope", { scope: "Cluster" }],
    ["namespaces", { namespaces: ["dev"] }],
    ["resourceNames", { resourceNames: ["api"] }],
  ];
  const more = [{ apiGroup: "apps", resource: "deployments" }];
  expect(wrong.map(([part]) => part)).toEqual(ruleParts);
  for (const [index, [part]] of wrong.entries()) {
    const mods = Object.assign({}, ...wrong.slice(index).map(([, mod]) => mod)) as Partial<AgentCapabilityRule>;
    expect(judge(mods, update, more)).toBe(part);
  }
});

test("risk is High unless every rule says Low", () => {
  expect(ruleRisk(rule("r"))).toBe("High");
  expect(ruleRisk(rule("r", { risk: "Low" }))).toBe("Low");
  expect(highestRisk(["Low", "High"])).toBe("High");
  expect(highestRisk(["Low", "Low"])).toBe("Low");
});

test.each([
  ["", true],
  ["apps", true],
  ["networking.k8s.io", true],
  ["example.org", false],
  ["k8s.io.example.org", false],
  ["gateway.networking.x-k8s.io", false],
  ["k8s.io", false],
])("built-in group %j: %s", (group, expected) => {
  expect(isBuiltInGroup(group)).toBe(expected);
});
