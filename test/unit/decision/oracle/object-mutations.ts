import type { Mutation } from "./draft-parts.ts";
import type { Rule } from "./draft.ts";

const others = (rules: readonly Rule[], rule: Rule): Rule[] => rules.filter((one) => one !== rule);

/** Changes to what a request carries, and to the rules and credentials that it needs. */
export const objectMutations: Readonly<Record<string, Mutation>> = {
  "effects: a rule less": ({ capability, rule }, random) => {
    const [gone] = random.shuffled(others(capability.spec.rules, rule));
    if (gone) capability.spec.rules = capability.spec.rules.filter((one) => one !== gone);
  },
  "effects: a rule not asked for": ({ approval }, random) => {
    const rules = approval.spec.rules ?? [];
    if (rules.length > 1) approval.spec.rules = random.shuffled(rules).slice(1);
  },
  "effects: a target less": ({ approval }, random) => {
    const targets = approval.spec.targets ?? [];
    if (targets.length > 1) approval.spec.targets = random.shuffled(targets).slice(1);
  },
  "effects: a target of another name": ({ approval }, random) => {
    const targets = approval.spec.targets ?? [];
    if (targets.length > 0) random.pick(targets).names = [random.pick(["deployer", "db", "n2", "web"])];
  },
  "effects: a rule without USE": ({ capability }, random) => {
    const using = capability.spec.rules.filter(({ operations }) => operations.includes("USE"));
    if (using.length > 0) random.pick(using).operations = ["CREATE", "UPDATE", "DELETE"];
  },
  "effects: a wildcard for what is used": ({ capability }, random) => {
    const using = capability.spec.rules.filter(({ operations }) => operations.includes("USE"));
    if (using.length > 0) Object.assign(random.pick(using), random.pick([{ resources: ["*"] }, { apiGroups: ["*"] }]));
  },
  "effects: a used one by name": ({ capability }, random) => {
    const using = capability.spec.rules.filter(({ operations }) => operations.includes("USE"));
    if (using.length > 0) random.pick(using).resourceNames = [random.pick(["deployer", "default", "db", "n1"])];
  },
  "effects: Low where something is used": ({ capability }, random) => {
    const using = capability.spec.rules.filter(({ operations }) => operations.includes("USE"));
    if (using.length > 0) random.pick(using).risk = "Low";
  },
  "effects: rules moved to another capability": ({ capability, capabilities, rule }) => {
    const helper = capabilities.find((one) => one !== capability);
    if (!helper) return;
    helper.spec.rules.push(...others(capability.spec.rules, rule));
    capability.spec.rules = [rule];
  },
  "effects: eviction": ({ request, rule, approval }, random) => {
    if (request.target.namespace === undefined) return;
    request.operation = "CREATE";
    request.target = { ...request.target, group: "", resource: "pods", subresource: "eviction" };
    request.object = {};
    Object.assign(rule, { apiGroups: [""], resources: random.pick([["pods", "pods/eviction"], ["pods/eviction"]]) });
    rule.operations = random.pick<Rule["operations"]>([["CREATE", "DELETE"], ["CREATE", "DELETE"], ["CREATE"]]);
    delete rule.fields;
    delete approval.spec.targets;
  },
  "effects: binding": ({ request, rule, capability, approval }, random) => {
    if (request.target.namespace === undefined) return;
    request.operation = "CREATE";
    request.target = { ...request.target, group: "", resource: "pods", subresource: "binding" };
    request.object = { target: { name: "n1" } };
    Object.assign(rule, { apiGroups: [""], resources: ["pods/binding"], operations: ["CREATE"] });
    delete rule.fields;
    delete approval.spec.targets;
    delete approval.spec.rules;
    if (random.chance(70)) {
      capability.spec.rules.push({
        name: "to-node",
        operations: ["USE"],
        apiGroups: [""],
        resources: ["nodes"],
        scope: "Cluster",
      });
    }
  },
  "effects: token": ({ request, rule, approval }, random) => {
    if (request.target.namespace === undefined) return;
    request.operation = "CREATE";
    request.target = { ...request.target, group: "", resource: "serviceaccounts", subresource: "token" };
    request.object = { spec: { expirationSeconds: 3600 } };
    const resources = random.pick([["serviceaccounts/token"], ["serviceaccounts"], ["*"]]);
    Object.assign(rule, { risk: "High", apiGroups: [""], resources, operations: ["CREATE"] });
    delete rule.fields;
    delete approval.spec.targets;
  },
  "effects: finalize": ({ request, rule }, random) => {
    if (request.target.resource !== "namespaces") return;
    request.operation = "UPDATE";
    request.target.subresource = "finalize";
    rule.resources = random.pick([["namespaces", "namespaces/finalize"], ["namespaces/finalize"]]);
    rule.operations = random.pick<Rule["operations"]>([["UPDATE", "DELETE"], ["UPDATE"]]);
  },
  "fields: other": ({ rule }, random) => {
    if (rule.fields)
      rule.fields = random.pick([
        ["spec.replicas"],
        ["spec"],
        ["spec.template.spec.containers[name=web].image"],
        ["spec.rep"],
      ]);
  },
  "fields: one less": ({ rule }) => {
    if (rule.fields && rule.fields.length > 1) rule.fields = rule.fields.slice(1);
  },
  "fields: on another operation": ({ rule, request }) => {
    if (request.operation !== "UPDATE") rule.fields = ["spec"];
  },
  "fields: on what is used": ({ capability }, random) => {
    const using = capability.spec.rules.filter(({ operations }) => operations.includes("USE"));
    if (using.length > 0) random.pick(using).fields = ["spec", "metadata", "data"];
  },
  "fields: divided between two rules": ({ capability, rule, approval }) => {
    const [first, ...rest] = rule.fields ?? [];
    if (first === undefined || rest.length === 0) return;
    capability.spec.rules.push({ ...structuredClone(rule), name: "rest", fields: rest });
    rule.fields = [first];
    delete approval.spec.rules;
  },
  "fields: a label changes too": ({ request }) => {
    if (request.operation !== "UPDATE" || !request.object) return;
    request.object["labels"] = { a: "b" };
  },
  "credential: bound": ({ capability, approval, request }, random) => {
    const bind = random.pick(["Token", "Pod", "None"] as const);
    capability.spec.credential = { bind };
    request.requester.podUid = random.pick(["p1", undefined]);
    const tokenId = random.pick(["JTI=1", "JTI=1", "JTI=2"]);
    approval.spec.credential = random.pick([{ tokenId }, { podUid: "p1" }, { tokenId, podUid: "p1" }, {}]);
  },
  "credential: of another kind": ({ capability, request }, random) => {
    capability.spec.credential = random.pick([{ requireTokenId: true }, { requireTokenId: false }, {}]);
    request.requester.credentialId = random.pick(["X509SHA256=00", undefined, "JTI=1"]);
  },
};
