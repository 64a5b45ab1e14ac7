import { bot, clerk, creation, hour, objectNames, ownerNames, randomRule, signVote } from "./base.ts";
import { someTerms, iso, addSibling, signings } from "./draft-parts.ts";
import type { Mutation } from "./draft-parts.ts";

export const policyMutations: Readonly<Record<string, Mutation>> = {
  "capability: suspended": ({ capability }) => {
    capability.spec.suspended = true;
  },
  "capability: being deleted": ({ capability }) => {
    capability.metadata.deletionTimestamp = iso(creation);
  },
  "capability: gone": (draft, random) => {
    draft.capabilities = random.shuffled(draft.capabilities).slice(1);
  },
  "capability: another policy owner": ({ capability }, random) => {
    capability.spec.policyOwnerName = random.pick(ownerNames);
  },
  "capability: not for this agent": ({ capability }, random) => {
    capability.spec.agents = random.pick([[clerk.subject()], [bot.subject()], [{ user: "somebody" }]]);
  },
  "capability: not defined": (draft, random) => {
    const definition = draft.definitions.get("scaler");
    if (!definition || random.chance(20)) draft.definitions.delete("scaler");
    else definition.signing = random.pick(signings);
  },
  "capability: defined for another owner": (draft, random) => {
    const definition = draft.definitions.get("scaler");
    if (definition) definition.ownerName = random.pick(ownerNames);
  },
  "capability: its definition is signed": (draft, random) => {
    const definition = draft.definitions.get("scaler");
    if (!definition) return;
    signVote(draft, definition, random);
    if (definition.signature && random.chance(50)) {
      definition.signature.notAfter = draft.now + random.pick([-1, 0, 1, 91 * 24 * hour]);
    }
    if (definition.signature && random.chance(20)) definition.signature.key = random.pick(["alice", "bob", "nobody"]);
  },
  "capability: its definer leaves": (draft) => {
    const definition = draft.definitions.get("scaler");
    const owner = draft.owners.find(({ metadata }) => metadata.name === definition?.ownerName);
    if (!owner || !definition) return;
    owner.spec.members = owner.spec.members.filter(
      ({ user, group }) => definition.member !== `user:${user ?? ""}` && definition.member !== `group:${group ?? ""}`,
    );
    owner.spec.members.push({ group: "newcomers" });
  },
  "rule: other operations": ({ rule }, random) => {
    rule.operations = [random.pick(["CREATE", "UPDATE", "DELETE"])];
  },
  "rule: other groups": ({ rule }, random) => {
    rule.apiGroups = random.pick([["*"], [""], ["apps", "batch"], ["example.com"], ["*.k8s.io"]]);
  },
  "rule: other versions": ({ rule }, random) => {
    rule.apiVersions = random.pick([["v2"], ["v1", "v2"], ["v1beta1"]]);
  },
  "rule: other resources": ({ rule }, random) => {
    rule.resources = random.pick([
      ["*"],
      ["deployments"],
      ["deployments/scale"],
      ["secrets", "cronjobs"],
      ["configmaps"],
    ]);
  },
  "rule: other scope": (draft, random) => {
    const { rule } = draft;
    if (random.chance(70)) addSibling(draft, "place", random);
    if (rule.scope === "Namespaced") {
      rule.scope = "Cluster";
      delete rule.namespaces;
    } else Object.assign(rule, { scope: "Namespaced", namespaces: [random.pick(["*", "shop"])] });
  },
  "rule: one for elsewhere": ({ capability, approval, rule }, random) => {
    const elsewhere = { ...structuredClone(rule), name: "elsewhere" };
    const scope = random.pick(["Namespaced", "Cluster"] as const);
    delete elsewhere.namespaces;
    Object.assign(elsewhere, { scope, ...(scope === "Namespaced" ? { namespaces: ["agents"] } : {}) });
    capability.spec.rules.push(elsewhere);
    delete approval.spec.rules;
    if (random.chance(50)) delete approval.spec.targets;
  },
  "rule: other namespaces": ({ rule }, random) => {
    if (rule.scope === "Namespaced") rule.namespaces = random.pick([["shop"], ["dev"], ["agents"], ["sho"]]);
  },
  "rule: other names": ({ rule }, random) => {
    rule.resourceNames = random.shuffled(objectNames).slice(0, 2);
  },
  "rule: other risk": ({ rule }, random) => {
    if (random.chance(30)) delete rule.risk;
    else rule.risk = random.pick(["Low", "Low", "High"]);
  },
  "rule: a protected resource by wildcard or as Low": ({ request, rule, capability, approval }, random) => {
    if (request.target.namespace === undefined) return;
    Object.assign(request.target, { group: "", resource: "secrets", subresource: "" });
    const named = { risk: "High", apiGroups: [""], resources: ["secrets"] };
    Object.assign(rule, named, random.pick([{}, { risk: "Low" }, { apiGroups: ["*"] }, { resources: ["*"] }]));
    delete approval.spec.targets;
    capability.spec.approval = capability.spec.approval.flatMap((terms) =>
      terms.risk === "High" ? [terms, { ...structuredClone(terms), risk: "Low" }] : [],
    );
  },
  "rule: a High one overlaps": (draft, random) => {
    const capability = random.pick([draft.capability, ...draft.capabilities]);
    const overlap = { ...structuredClone(draft.rule), name: "overlap", risk: "High" as const };
    if (random.chance(30)) overlap.resourceNames = [random.pick(objectNames)];
    if (random.chance(30)) overlap.operations = [random.pick(["CREATE", "UPDATE"])];
    capability.spec.rules.push(overlap);
    if (draft.rule.risk !== "Low" && random.chance(70)) draft.rule.risk = "Low";
    if (random.chance(70)) draft.approval.spec.rules = [draft.rule.name];
  },
  "rule: one more": ({ capability }, random) => {
    capability.spec.rules.push(randomRule("later", random));
  },
  "terms: risk without terms": ({ capability }, random) => {
    if (capability.spec.approval.length > 1) capability.spec.approval.splice(random.below(2), 1);
  },
  "terms: more people": (draft, random) => {
    const line = random.pick(someTerms(draft, random).approvers);
    line.count = (line.count ?? 1) + 1;
  },
  "terms: other line": (draft, random) => {
    const terms = someTerms(draft, random);
    const from = random.pick(["PolicyOwner", "IdentityOwner", "ResourceOwner"] as const);
    if (random.chance(50)) terms.approvers.push({ from });
    else terms.approvers = [{ from }, { from: "Owner", ownerName: random.pick([...ownerNames, "nobody"]) }];
  },
  "terms: shorter": (draft, random) => {
    for (const terms of draft.capability.spec.approval)
      terms.maxDuration = random.pick(["10m", "10m30s", "30m", "44m59s"]);
  },
  "terms: fewer uses": (draft, random) => {
    for (const terms of draft.capability.spec.approval) terms.maxUses = random.pick([1, 2, 9]);
  },
  "terms: default duration": (draft, random) => {
    for (const terms of draft.capability.spec.approval) delete terms.maxDuration;
    draft.approval.spec.duration = random.pick(["1h", "1h1s", "60m"]);
  },
  "terms: less patience": (draft) => {
    for (const terms of draft.capability.spec.approval) terms.pendingTTL = "5m";
  },
  "terms: ticket": (draft, random) => {
    for (const terms of draft.capability.spec.approval) terms.ticketPrefix = random.pick(["INC-", "CHG-"]);
    if (random.chance(50)) delete draft.approval.spec.ticket;
  },
};
