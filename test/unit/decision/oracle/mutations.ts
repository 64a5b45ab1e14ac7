import {
  bot,
  clerk,
  creation,
  hour,
  kinds,
  minute,
  namespaces,
  objectNames,
  ownerNames,
  pickMember,
  randomRule,
  voteOf,
} from "./base.ts";
import type { Approval, Draft, Owner, Signing, Terms, Vote } from "./draft.ts";
import type { Random } from "./random.ts";

/** A change to a draft before anything is signed: people knew of it when they decided. */
export type Mutation = (draft: Draft, random: Random) => void;

const someOwner = (draft: Draft, random: Random): Owner | undefined =>
  draft.owners.find(({ metadata }) => metadata.name === random.pick(ownerNames));
const identityOwner = (draft: Draft): Owner | undefined => draft.owners.find(({ spec }) => spec.identities);
const rootOwner = (draft: Draft): Owner | undefined => draft.owners.find(({ metadata }) => metadata.name === "cluster");
const votes = (draft: Draft): Vote[] => draft.votes.get("wanted") ?? [];
const someVote = (draft: Draft, random: Random): Vote | undefined =>
  votes(draft).length === 0 ? undefined : random.pick(votes(draft));
const someTerms = (draft: Draft, random: Random): Terms => random.pick(draft.capability.spec.approval);
const lastVoteAt = (draft: Draft): number => Math.max(creation, ...votes(draft).map(({ at }) => at));
const iso = (time: number): string => new Date(time).toISOString();
const life = ({ spec }: Approval): number =>
  ({ "30m": 30 * minute, "45m": 45 * minute, "1h": hour, "10m30s": 10.5 * minute })[spec.duration] ?? hour;
const pendingTTL = (terms: Terms): number =>
  ({ "30m": 30 * minute, "1h30m": 1.5 * hour, "5m": 5 * minute })[terms.pendingTTL ?? ""] ?? 24 * hour;
/** One more rule that differs from the covering one in its operation alone; the approval asks for both. */
const addSibling = ({ capability, approval, rule, request }: Draft, name: string, random: Random): void => {
  const others = (["CREATE", "UPDATE", "DELETE"] as const).filter((operation) => operation !== request.operation);
  capability.spec.rules.push({ ...structuredClone(rule), name, operations: [random.pick(others)] });
  delete approval.spec.rules;
};
const signings: readonly Signing[] = ["forged", "replayed", "foreign", "unsigned"];

const requestMutations: Record<string, Mutation> = {
  "request: other operation": ({ request }, random) => {
    request.operation = random.pick(["CREATE", "UPDATE", "DELETE", "DELETE", "CONNECT"]);
  },
  "request: connect": ({ request, rule, approval }, random) => {
    request.operation = "CONNECT";
    if (random.chance(50)) request.target.subresource = "exec";
    rule.resources.push(`${request.target.resource}/exec`);
    delete approval.spec.targets;
  },
  "request: other kind": ({ request }, random) => {
    const kind = random.pick(kinds);
    request.target = { ...request.target, group: kind.group, resource: kind.resource, subresource: kind.subresource };
  },
  "request: other group": ({ request }, random) => {
    request.target.group = random.pick(["", "apps", "extensions", "example.com", "shop.example.com", "x.k8s.io"]);
  },
  "request: other version": ({ request }, random) => {
    request.target.version = random.pick(["v2", "v1beta1"]);
  },
  "request: subresource": ({ request }, random) => {
    request.target.subresource = random.pick(["scale", "status", ""]);
  },
  "request: other namespace": ({ request }, random) => {
    request.target.namespace = random.pick([...namespaces, undefined]);
  },
  "request: other name": ({ request }, random) => {
    request.target.name = random.pick([...objectNames, "", "we", "web-2"]);
  },
  "request: Writ's own namespace": ({ request, approval, rule, owners }, random) => {
    const own = random.pick(["writ-system", "writ-approvals"]);
    approval.metadata.namespace = own;
    if (random.chance(50)) {
      request.target = { ...request.target, namespace: own };
      if (rule.scope === "Namespaced") rule.namespaces = ["*", own];
      for (const entry of owners.flatMap(({ spec }) => spec.resources ?? [])) entry.namespaces?.push(own);
      return;
    }
    approval.metadata.namespace = "writ-approvals";
    request.target = {
      ...request.target,
      group: "",
      resource: "namespaces",
      subresource: "",
      namespace: undefined,
      name: own,
    };
    Object.assign(rule, { risk: "High", scope: "Cluster", apiGroups: [""], resources: ["namespaces"] });
    delete rule.namespaces;
    delete rule.resourceNames;
    delete approval.spec.targets;
  },
  "request: Writ's own kinds": ({ request, rule, owners, approval }, random) => {
    request.target.group = "writ.dev";
    request.target.resource = random.pick(["elevationapprovals", "identityowners", "agentcapabilities"]);
    if (random.chance(50)) request.target.subresource = "";
    rule.apiGroups = ["writ.dev"];
    rule.resources = [request.target.resource];
    for (const entry of owners.flatMap(({ spec }) => spec.resources ?? [])) delete entry.apiGroups;
    delete approval.spec.targets;
  },
  "request: files its own approval": ({ request }, random) => {
    const isBot = request.requester.userName === bot.userName;
    request.operation = random.chance(80) ? "CREATE" : "UPDATE";
    request.target = {
      ...request.target,
      group: "writ.dev",
      resource: "elevationapprovals",
      subresource: "",
      namespace: "shop",
    };
    request.object = {
      spec: {
        agent:
          random.chance(80) === isBot
            ? { ...bot.subject(), ...(random.chance(60) ? { uid: random.pick([bot.uid, "another"]) } : {}) }
            : clerk.subject(),
        ...(random.chance(20) ? { decisions: [{ verdict: "Approve", ownerName: "shop" }] } : {}),
      },
    };
  },
  "requester: no agent": ({ request }, random) => {
    request.requester.groups = ["system:authenticated"];
    request.requester.userName = random.pick(["alice", "system:serviceaccount:shop:bot", request.requester.userName]);
  },
  "requester: a service account outside the agents' namespaces": ({ request, owners, capabilities, approvals }) => {
    if (request.requester.userName !== bot.userName) return;
    request.requester.userName = "system:serviceaccount:shop:bot";
    const subjects = [
      ...owners.flatMap(({ spec }) => spec.identities ?? []),
      ...capabilities.flatMap(({ spec }) => spec.agents),
      ...approvals.map(({ spec }) => spec.agent),
    ];
    for (const { serviceAccount } of subjects) if (serviceAccount) serviceAccount.namespace = "shop";
  },
  "requester: other agent": ({ request }, random) => {
    request.requester.groups.push("writ.dev:agents");
    request.requester.userName = random.pick([clerk.userName, bot.userName, "system:serviceaccount:agents:new"]);
  },
  "requester: other uid": ({ request }, random) => {
    request.requester.uid = random.pick([undefined, "22222222-0000-4000-8000-000000000002", bot.uid]);
  },
};

const ownerMutations: Record<string, Mutation> = {
  "owner: suspended": (draft, random) => {
    const owner = someOwner(draft, random);
    if (owner) owner.spec.suspended = true;
  },
  "owner: being deleted": (draft, random) => {
    const owner = someOwner(draft, random);
    if (owner) owner.metadata.deletionTimestamp = iso(creation);
  },
  "owner: due for review": (draft, random) => {
    const owner = someOwner(draft, random);
    if (owner) owner.spec.reviewBy = iso(draft.now + random.pick([-hour, 0, 1, hour]));
  },
  "owner: gone": (draft, random) => {
    const gone = random.pick(ownerNames);
    draft.owners = draft.owners.filter(({ metadata }) => metadata.name !== gone);
  },
  "owner: second claims the agent": (draft, random) => {
    const second = someOwner(draft, random);
    if (second) second.spec.identities = [random.pick([bot.subject(), clerk.subject()])];
  },
  "owner: none claims the agent": (draft, random) => {
    const owner = identityOwner(draft);
    if (owner) owner.spec.identities = random.pick([[], [clerk.subject()]]);
  },
  "owner: identities move": (draft, random) => {
    const [from, to] = [identityOwner(draft), someOwner(draft, random)];
    if (!from || !to || from === to) return;
    to.spec.identities = from.spec.identities ?? [];
    delete from.spec.identities;
  },
  "owner: one more claim": (draft, random) => {
    const owner = someOwner(draft, random);
    if (!owner) return;
    const cluster = draft.request.target.namespace === undefined;
    (owner.spec.resources ??= []).push({
      scope: cluster ? "Cluster" : "Namespaced",
      ...(cluster ? {} : { namespaces: [random.pick(["shop", "dev", "*"])] }),
      ...(random.chance(50)
        ? { resources: [random.pick(["deployments", "configmaps", draft.request.target.resource])] }
        : {}),
      ...(random.chance(30) ? { resourceNames: [random.pick(objectNames)] } : {}),
    });
  },
  "owner: another claims one object of a range": (draft, random) => {
    const { namespace, name } = draft.request.target;
    if (name === "") return;
    delete draft.approval.spec.targets;
    delete draft.rule.resourceNames;
    const owner = someOwner(draft, random);
    if (owner)
      (owner.spec.resources ??= []).push({
        ...(namespace === undefined ? { scope: "Cluster" } : { scope: "Namespaced", namespaces: [namespace] }),
        resourceNames: [name],
      });
  },
  "owner: one claim less": (draft, random) => {
    const owner = someOwner(draft, random);
    if (owner?.spec.resources) owner.spec.resources = owner.spec.resources.slice(1);
  },
  "owner: aliases join two people": (draft, random) => {
    const owner = someOwner(draft, random);
    const [first, second] = random.shuffled(votes(draft));
    if (first && second) owner?.spec.members.push({ user: first.by, aliases: [second.by] });
  },
  "owner: a chain of aliases joins two people": (draft, random) => {
    const [first, second] = random.shuffled(votes(draft));
    const [one, other] = random.shuffled(draft.owners);
    if (!first || !second || !one || !other) return;
    one.spec.members.push({ user: first.by, aliases: ["between"] });
    other.spec.members.push({ user: "between", aliases: [second.by] });
  },
  "owner: an agent as member decides": (draft, random) => {
    const vote = someVote(draft, random);
    const owner = draft.owners.find(({ metadata }) => metadata.name === vote?.ownerName);
    if (!vote || !owner) return;
    const by = random.pick([clerk.userName, "robot"]);
    owner.spec.members.push(by === "robot" ? { user: by, aliases: [clerk.userName] } : { user: by });
    Object.assign(vote, { by, member: `user:${by}` });
  },
  "owner: a service account decides": (draft, random) => {
    const vote = someVote(draft, random);
    const owner = draft.owners.find(({ metadata }) => metadata.name === vote?.ownerName);
    if (!vote || !owner) return;
    owner.spec.members.push({ user: "system:serviceaccount:ci:robot" });
    Object.assign(vote, { by: "system:serviceaccount:ci:robot", member: "user:system:serviceaccount:ci:robot" });
  },
  "owner: a person on leave": (draft, random) => {
    const owner = someOwner(draft, random);
    if (owner) owner.spec.members = random.shuffled(owner.spec.members).slice(1);
  },
  "owner: an approver leaves": (draft, random) => {
    const vote = someVote(draft, random);
    const owner = draft.owners.find(({ metadata }) => metadata.name === vote?.ownerName);
    if (!vote || !owner) return;
    owner.spec.members = owner.spec.members.filter(
      ({ user, group }) => vote.member !== `user:${user ?? ""}` && vote.member !== `group:${group ?? ""}`,
    );
  },
  "root: suspended": (draft) => {
    const root = rootOwner(draft);
    if (root) root.spec.suspended = true;
  },
  "root: due for review": (draft, random) => {
    const root = rootOwner(draft);
    if (root) root.spec.reviewBy = iso(draft.now + random.pick([-hour, 0, 1]));
  },
  "root: gone": (draft, random) => {
    if (random.chance(50)) draft.owners = draft.owners.filter((owner) => owner !== rootOwner(draft));
    else
      for (const owner of draft.owners)
        if (owner === rootOwner(draft)) owner.metadata.deletionTimestamp = iso(creation);
  },
};

const policyMutations: Record<string, Mutation> = {
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

const approvalMutations: Record<string, Mutation> = {
  "approval: being deleted": ({ approval }) => {
    approval.metadata.deletionTimestamp = iso(creation + minute);
  },
  "approval: gone": (draft) => {
    draft.approvals = draft.approvals.filter((one) => one !== draft.approval);
  },
  "approval: other namespace": ({ approval }, random) => {
    approval.metadata.namespace = random.pick([...namespaces, "writ-approvals"]);
  },
  "approval: other capability": ({ approval }, random) => {
    approval.spec.capabilityName = random.pick(["helper", "unknown"]);
  },
  "approval: other rules": (draft, random) => {
    addSibling(draft, "sibling", random);
    draft.approval.spec.rules = random.pick([
      ["sibling"],
      ["sibling"],
      ["other"],
      ["wanted", "other"],
      ["wanted", "unknown"],
    ]);
  },
  "approval: other agent": ({ approval }, random) => {
    approval.spec.agent = random.pick([clerk.subject(), { ...bot.subject(), uid: bot.uid }]);
  },
  "approval: other uid": ({ approval }, random) => {
    approval.spec.agent.uid = random.pick([bot.uid, "22222222-0000-4000-8000-000000000002"]);
    if (random.chance(20)) delete approval.spec.agent.uid;
  },
  "approval: other targets": ({ approval, request }, random) => {
    const { group, resource, subresource, name } = request.target;
    approval.spec.targets = [
      {
        apiGroup: random.chance(80) ? group : "apps",
        resource: random.pick([resource, `${resource}/${subresource || "scale"}`, "deployments"]),
        ...random.pick([{}, { names: [] }, { names: [name || "web"] }, { names: [random.pick(objectNames)] }]),
      },
    ];
  },
  "approval: for a range": ({ approval, rule }) => {
    delete approval.spec.targets;
    delete rule.resourceNames;
    if (rule.scope === "Namespaced") rule.namespaces = ["*"];
  },
  "approval: requested by an approver": (draft, random) => {
    const by = someVote(draft, random)?.by ?? "erin";
    draft.approval.spec.requestedBy = random.pick([by, `oidc:${by}`, by.replace("oidc:", "")]);
  },
  "approval: on behalf of an approver": (draft, random) => {
    const by = someVote(draft, random)?.by ?? "erin";
    draft.approval.spec.onBehalfOf = ["user:erin", `user:${random.pick([by, `oidc:${by}`, by.replace("oidc:", "")])}`];
  },
  "approval: longer": ({ approval }, random) => {
    approval.spec.duration = random.pick(["2h", "45m1s", "1h1s", "720h"]);
  },
  "approval: later": (draft, random) => {
    draft.approval.spec.notBefore = iso(draft.now + random.pick([-minute, 0, 1, hour, 30 * hour]));
  },
  "approval: other ticket": ({ approval }, random) => {
    approval.spec.ticket = random.pick(["CHG-1", "inc-1", "XINC-1"]);
  },
  "vote: one less": (draft, random) => {
    votes(draft).splice(random.below(votes(draft).length || 1), 1);
  },
  "vote: badly signed": (draft, random) => {
    const vote = someVote(draft, random);
    if (vote) vote.signing = random.pick(signings);
  },
  "vote: too late": (draft, random) => {
    const vote = someVote(draft, random);
    const terms = random.pick(draft.capability.spec.approval);
    if (!vote) return;
    vote.at = creation + pendingTTL(terms) + random.pick([-1, 0, 1]);
    draft.now = vote.at + random.pick([0, 1, minute]);
  },
  "vote: of another member": (draft, random) => {
    const vote = someVote(draft, random);
    const member = vote && pickMember(draft, vote.ownerName, [], random);
    if (vote && member) Object.assign(vote, member);
  },
  "vote: for another owner": (draft, random) => {
    const vote = someVote(draft, random);
    if (vote) vote.ownerName = random.pick(ownerNames);
  },
  "vote: again by the same person": (draft, random) => {
    const [first, second] = random.shuffled(votes(draft));
    if (first && second) Object.assign(second, { by: first.by, member: first.member });
  },
  "vote: somebody speaks for several owners": (draft, random) => {
    const { by, member, at } = someVote(draft, random) ?? { by: "alice", member: "user:alice", at: creation };
    for (const ownerName of random.shuffled(ownerNames)) votes(draft).push(voteOf({ by, member }, ownerName, at));
    if (random.chance(70)) for (const vote of votes(draft)) if (vote.by === by) vote.at = creation;
  },
  "vote: one more": (draft, random) => {
    const ownerName = random.pick(ownerNames);
    const member = pickMember(draft, ownerName, [], random);
    if (member) votes(draft).push(voteOf(member, ownerName, draft.now - random.pick([0, minute])));
  },
  "vote: reject": (draft, random) => {
    const ownerName = random.pick(ownerNames);
    const member = pickMember(draft, ownerName, [], random);
    if (!member) return;
    const signing = random.chance(50) ? "genuine" : random.pick(signings);
    const at = random.pick([creation, draft.now, creation + 25 * hour]);
    votes(draft).push({ ...voteOf(member, ownerName, at), verdict: "Reject", signing });
  },
  "time: at the end": (draft, random) => {
    draft.now = lastVoteAt(draft) + life(draft.approval) + random.pick([-1, 0, 1, hour]);
  },
  "time: at the end of what began later": (draft, random) => {
    const begin = lastVoteAt(draft) + 7 * minute;
    draft.approval.spec.notBefore = iso(begin);
    draft.now = begin + random.pick([-1, 0, life(draft.approval) - 1, life(draft.approval)]);
  },
  "time: at the hard end": (draft, random) => {
    const hardEnd = creation + pendingTTL(someTerms(draft, random)) + life(draft.approval);
    draft.approval.spec.notBefore = iso(hardEnd - random.pick([0, 1, minute, 5 * minute]));
    draft.now = hardEnd + random.pick([-minute, -1, 0, 1]);
  },
  "time: before the approval": (draft, random) => {
    draft.now = lastVoteAt(draft) - random.pick([1, 1000, minute]);
  },
};

export const draftMutations: Readonly<Record<string, Mutation>> = {
  ...requestMutations,
  ...ownerMutations,
  ...policyMutations,
  ...approvalMutations,
};
