import type { Approval, Capability, Draft, Owner, Rule, Terms, Vote } from "./draft.ts";
import { randomOf } from "./random.ts";
import type { Random } from "./random.ts";
import { keyOf } from "./ssh-keys.ts";
import { giveObjects } from "./workloads.ts";
import type { Needs } from "./workloads.ts";

/** Names are few, so that random choices meet. */
export const namespaces = ["shop", "dev", "agents"] as const;
export const objectNames = ["web", "db", "cart"] as const;
export const ownerNames = ["platform", "shop", "staff"] as const;
export const minute = 60_000;
export const hour = 60 * minute;
export const creation = Date.parse("2026-05-04T08:00:00Z");

interface Kind {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespaced: boolean;
  readonly sealed: boolean;
}

const kind = (group: string, resource: string, marks = ""): Kind => ({
  group,
  resource,
  subresource: marks.includes("scale") ? "scale" : "",
  namespaced: !marks.includes("cluster"),
  sealed: marks.includes("sealed"),
});

export const kinds: readonly Kind[] = [
  kind("apps", "deployments"),
  kind("apps", "deployments", "scale"),
  kind("", "pods"),
  kind("", "configmaps"),
  kind("batch", "jobs"),
  kind("networking.k8s.io", "ingresses"),
  kind("example.com", "widgets"),
  kind("", "nodes", "cluster"),
  kind("storage.k8s.io", "storageclasses", "cluster"),
  kind("", "secrets", "sealed"),
  kind("batch", "cronjobs", "sealed"),
  kind("rbac.authorization.k8s.io", "rolebindings", "sealed"),
  kind("", "namespaces", "cluster sealed"),
  kind("rbac.authorization.k8s.io", "clusterroles", "cluster sealed"),
];

export const bot = {
  subject: () => ({ serviceAccount: { namespace: "agents", name: "bot" } }),
  uid: "11111111-0000-4000-8000-000000000001",
  userName: "system:serviceaccount:agents:bot",
};
export const clerk = {
  subject: () => ({ user: "spiffe://example.org/clerk" }),
  userName: "spiffe://example.org/clerk",
};

/** A request that people have approved, in one of many ways; nearly always allowed. */
export function baseDraft(seed: number): Draft {
  const random = randomOf(seed, "base");
  const isBot = random.chance(60);
  const what = random.chance(60) ? random.pick(kinds.slice(0, 7)) : random.pick(kinds);
  const namespace = what.namespaced ? random.pick(["shop", "shop", "dev"]) : undefined;
  const name = random.chance(90) ? random.pick(objectNames) : "";
  const operation = name === "" ? "CREATE" : random.pick(["CREATE", "UPDATE", "UPDATE", "DELETE"] as const);
  const request: Draft["request"] = {
    uid: "request-1",
    requester: {
      userName: isBot ? bot.userName : clerk.userName,
      uid: isBot ? bot.uid : undefined,
      groups: ["system:authenticated", ...(isBot ? ["system:serviceaccounts"] : ["writ.dev:agents"])],
      credentialId: "JTI=1",
      podName: undefined,
      podUid: undefined,
      nodeName: undefined,
      delegation: [],
    },
    operation,
    target: {
      group: what.group,
      version: "v1",
      resource: what.resource,
      subresource: what.subresource,
      namespace,
      name,
      uid: undefined,
      oldResourceVersion: undefined,
    },
    object: undefined,
    oldObject: undefined,
    options: undefined,
    dryRun: random.chance(5),
  };

  const identityOwner = random.pick(["staff", "staff", "platform"] as const);
  const owners = [root(), ...ownerNames.map((owner) => ownerOf(owner, owner === identityOwner, random))];
  claimResources(owners, request, random);

  const rule = coveringRule("wanted", request, what, random);
  const needs = giveObjects(request, rule, seed);
  const rules = random.shuffled([rule, ...needs.rules, ...(random.chance(50) ? [randomRule("other", random)] : [])]);
  const policyOwner = random.pick(["platform", "platform", "shop"] as const);
  const capability = capabilityOf(
    "scaler",
    policyOwner,
    isBot ? [bot.subject()] : [bot.subject(), clerk.subject()],
    rules,
    random,
  );
  const capabilities = [capability];
  if (random.chance(40)) {
    const more = random.chance(50) ? randomRule("more", random) : coveringRule("more", request, what, random);
    capabilities.push(
      capabilityOf(
        "helper",
        random.pick(ownerNames),
        [isBot || random.chance(50) ? bot.subject() : clerk.subject()],
        [more],
        random,
      ),
    );
  }

  const approval = approvalOf("wanted", capability, [rule, ...needs.rules], request, needs, isBot, random);
  bindCredential(capability, approval, seed);
  const draft: Draft = {
    now: 0,
    request,
    owners,
    capabilities,
    approvals: [approval],
    definitions: new Map(),
    votes: new Map([["wanted", []]]),
    approval,
    capability,
    rule,
  };
  for (const one of capabilities) {
    const definer = pickMember(draft, one.spec.policyOwnerName, [], random);
    if (definer) draft.definitions.set(one.metadata.name, voteOf(definer, one.spec.policyOwnerName, creation - hour));
  }
  const approvedAt = approveAll(draft, identityOwner, random);
  settleTimes(draft, approvedAt, random);
  limitUses(draft, seed);
  if (random.chance(25)) addSecondApproval(draft, random);
  signSome(draft, seed);
  return draft;
}

/** Some approvals count for the request's token alone. */
function bindCredential(capability: Capability, approval: Approval, seed: number): void {
  const random = randomOf(seed, "credential");
  if (random.chance(85)) return;
  if (random.chance(50)) capability.spec.credential = random.pick([{ bind: "Token" }, { requireTokenId: true }, {}]);
  approval.spec.credential = { tokenId: "JTI=1" };
}

/** Some approvals are for a number of uses, of which one at least is left. */
function limitUses({ capability, approval }: Draft, seed: number): void {
  const random = randomOf(seed, "uses");
  if (random.chance(70)) return;
  const limit = random.pick([1, 2, 10]);
  if (random.chance(70)) approval.spec.maxUses = limit;
  else for (const terms of capability.spec.approval) terms.maxUses = limit;
  if (random.chance(70)) approval.status = { uses: random.below(limit) };
}

function root(): Owner {
  return {
    apiVersion: "writ.dev/v1alpha1",
    kind: "IdentityOwner",
    metadata: { name: "cluster", uid: "owner-cluster" },
    spec: { members: [{ group: "platform-leads" }] },
  };
}

function ownerOf(name: (typeof ownerNames)[number], isIdentityOwner: boolean, random: Random): Owner {
  const people = {
    platform: [signer("alice", "oidc:alice"), signer("bob"), { group: "platform-leads" }],
    shop: [signer("carol", "oidc:carol"), signer("alice"), { group: "shop-leads" }],
    staff: [signer("dave"), signer("bob", "oidc:bob"), { group: "staff-leads" }],
  }[name];
  return {
    apiVersion: "writ.dev/v1alpha1",
    kind: "IdentityOwner",
    metadata: { name, uid: `owner-${name}` },
    spec: {
      members: random.chance(80) ? people : people.slice(0, 2),
      ...(isIdentityOwner ? { identities: [bot.subject(), clerk.subject()] } : {}),
      ...(random.chance(20) ? { reviewBy: "2027-01-01T00:00:00Z" } : {}),
      ...(random.chance(20) ? { suspended: false } : {}),
    },
  };
}

function signer(user: string, ...aliases: string[]): Owner["spec"]["members"][number] {
  return { user, ...(aliases.length === 0 ? {} : { aliases }), sshKeys: [keyOf(user).line] };
}

/** Some decide by their own signature; some owners want nothing else. */
function signSome(draft: Draft, seed: number): void {
  const random = randomOf(seed, "signatures");
  const all = [...draft.definitions.values(), ...[...draft.votes.values()].flat()];
  const strict = random.chance(40) ? random.pick(ownerNames) : undefined;
  for (const vote of all) {
    if (random.chance(vote.ownerName === strict ? 97 : 25)) signVote(draft, vote, random);
  }
  for (const owner of draft.owners) if (owner.metadata.name === strict) owner.spec.decisions = "Signed";
}

/** Makes a decision or definition one that its person has signed. Of a group nobody can. */
export function signVote(draft: Pick<Draft, "now">, vote: Vote, random: Random): void {
  if (!vote.member.startsWith("user:")) return;
  const notAfter = random.pick([draft.now + 1, draft.now + hour, vote.at + 29 * 24 * hour]);
  vote.signature = { notAfter, key: vote.member.slice("user:".length) };
}

/** Divides the resources among the owners in one of several ways. */
function claimResources(owners: readonly Owner[], { target }: Draft["request"], random: Random): void {
  const claim = (name: string, ...entries: NonNullable<Owner["spec"]["resources"]>): void => {
    const owner = owners.find((one) => one.metadata.name === name);
    if (owner) owner.spec.resources = [...(owner.spec.resources ?? []), ...entries];
  };
  claim("platform", { scope: "Cluster", ...(random.chance(50) ? { apiGroups: ["*"] } : {}) });
  switch (random.below(5)) {
    case 0:
      return claim("shop", { scope: "Namespaced", namespaces: ["shop", "dev", "agents"] });
    case 1:
      claim("shop", { scope: "Namespaced", namespaces: ["shop"], resourceNames: [] });
      return claim("staff", { scope: "Namespaced", namespaces: ["*"], resources: ["*"] });
    case 2:
      return claim("shop", { scope: "Namespaced" });
    case 3:
      claim("shop", {
        scope: "Namespaced",
        namespaces: ["shop", "dev"],
        apiGroups: [target.group, "apps"],
        resources: [target.resource, "deployments"],
      });
      return claim("platform", { scope: "Namespaced" });
    default:
      claim("shop", { scope: "Namespaced", namespaces: ["shop", "dev"], resourceNames: ["web", "cart"] });
      return claim("staff", { scope: "Namespaced", namespaces: ["shop", "*"], resourceNames: ["db"] });
  }
}

/** A rule that covers the request. */
function coveringRule(name: string, { operation, target }: Draft["request"], what: Kind, random: Random): Rule {
  const full = what.subresource === "" ? what.resource : `${what.resource}/${what.subresource}`;
  const isBuiltIn = what.group !== "example.com";
  const groups = [[what.group], [what.group, "apps"], ...(isBuiltIn && !what.sealed ? [["*"]] : [])];
  const resources = [[full], [full, "deployments"], ...(what.subresource === "" && !what.sealed ? [["*"]] : [])];
  const covered: Rule["operations"] = operation === "CONNECT" ? ["UPDATE"] : [operation];
  const other = random.pick(objectNames);
  return {
    name,
    ...(what.sealed ? (random.chance(50) ? { risk: "High" as const } : {}) : riskAtRandom(random)),
    operations: random.chance(50) ? covered : ["CREATE", "UPDATE", "DELETE"],
    apiGroups: random.pick(groups),
    ...(random.chance(25) ? { apiVersions: random.chance(50) ? ["v1"] : ["v1", "v2"] } : {}),
    resources: random.pick(resources),
    ...(target.namespace === undefined
      ? { scope: "Cluster" as const }
      : {
          scope: "Namespaced" as const,
          namespaces: random.pick([[target.namespace], ["*"], ["shop", "dev"]]),
        }),
    ...(target.name !== "" && random.chance(40)
      ? { resourceNames: random.pick([[], [target.name], [target.name, other]]) }
      : {}),
  };
}

export function randomRule(name: string, random: Random): Rule {
  const what = random.pick(kinds);
  const full = what.subresource === "" ? what.resource : `${what.resource}/${what.subresource}`;
  return {
    name,
    ...riskAtRandom(random),
    operations: random.pick<Rule["operations"]>([["CREATE"], ["UPDATE"], ["CREATE", "UPDATE", "DELETE"]]),
    apiGroups: random.chance(30) ? ["*"] : [what.group],
    resources: random.chance(30) ? ["*"] : [full],
    ...(what.namespaced
      ? { scope: "Namespaced", namespaces: random.pick([["shop"], ["dev"], ["*"]]) }
      : { scope: "Cluster" }),
    ...(random.chance(30) ? { resourceNames: [random.pick(objectNames)] } : {}),
  };
}

function riskAtRandom(random: Random): Pick<Rule, "risk"> {
  return random.pick<Pick<Rule, "risk">>([{ risk: "Low" }, { risk: "Low" }, { risk: "High" }, {}]);
}

function capabilityOf(
  name: string,
  policyOwnerName: string,
  agents: Capability["spec"]["agents"],
  rules: Rule[],
  random: Random,
): Capability {
  return {
    apiVersion: "writ.dev/v1alpha1",
    kind: "AgentCapability",
    metadata: { name, uid: `capability-${name}` },
    spec: {
      policyOwnerName,
      agents,
      rules,
      approval: [termsOf("Low", random), termsOf("High", random)],
      ...(random.chance(10) ? { suspended: false } : {}),
    },
  };
}

function termsOf(risk: "Low" | "High", random: Random): Terms {
  const line = (): Terms["approvers"][number] => {
    const from = random.pick(["PolicyOwner", "IdentityOwner", "ResourceOwner", "ResourceOwner", "Owner"] as const);
    return {
      from,
      ...(from === "Owner" ? { ownerName: random.pick(ownerNames) } : {}),
      ...(random.chance(40) ? { count: random.chance(60) ? 1 : 2 } : {}),
    };
  };
  const approvers = Array.from({ length: 1 + random.below(risk === "High" ? 3 : 2) }, line);
  return {
    risk,
    approvers,
    ...(random.chance(40) ? { maxDuration: random.pick(["45m", "2h", "720h"]) } : {}),
    ...(random.chance(50) ? { pendingTTL: random.pick(["30m", "1h30m"]) } : {}),
    ...(random.chance(20) ? { ticketPrefix: "INC-" } : {}),
  };
}

function approvalOf(
  name: string,
  capability: Capability,
  rules: readonly Rule[],
  { target }: Draft["request"],
  needs: Needs,
  isBot: boolean,
  random: Random,
): Approval {
  const full = target.subresource === "" ? target.resource : `${target.resource}/${target.subresource}`;
  const named = target.name === "" ? {} : { names: random.pick([[target.name], [target.name, "web"], []]) };
  const targets: NonNullable<Approval["spec"]["targets"]> = [
    { apiGroup: target.group, resource: random.pick([full, target.resource]), ...named },
    ...structuredClone(needs.targets),
  ];
  if (random.chance(20)) targets.unshift({ apiGroup: "", resource: "configmaps", names: ["web"] });
  return {
    apiVersion: "writ.dev/v1alpha1",
    kind: "ElevationApproval",
    metadata: {
      name,
      namespace: target.namespace ?? "writ-approvals",
      uid: `approval-${name}`,
      creationTimestamp: new Date(creation).toISOString().replace(".000Z", "Z"),
    },
    spec: {
      capabilityName: capability.metadata.name,
      ...(random.chance(60) ? { rules: rules.map((rule) => rule.name) } : {}),
      agent: isBot ? { ...bot.subject(), uid: bot.uid } : clerk.subject(),
      ...(random.chance(50) ? { targets } : {}),
      reason: "a drill",
      ...(random.chance(80) ? { ticket: "INC-1" } : {}),
      ...(random.chance(30)
        ? { onBehalfOf: random.pick([["user:frank"], ["agent:planner"], ["user:erin", "agent:x"]]) }
        : {}),
      requestedBy: random.pick(["erin", isBot ? bot.userName : clerk.userName, "frank"]),
      requestID: "9f86d081",
      duration: random.pick(["30m", "30m", "45m", "1h", "10m30s"]),
    },
  };
}

interface Member {
  readonly by: string;
  readonly member: string;
}

/** Somebody who may decide for the owner and is not among `taken` by name or alias. */
export function pickMember(
  draft: Pick<Draft, "owners">,
  ownerName: string,
  taken: readonly string[],
  random: Random,
): Member | undefined {
  const owner = draft.owners.find((one) => one.metadata.name === ownerName);
  const free = (owner?.spec.members ?? []).flatMap((member): Member[] => {
    if (member.group !== undefined) {
      return ["gina", "hugo"].map((by) => ({ by, member: `group:${member.group ?? ""}` }));
    }
    const user = member.user ?? "";
    return [user, ...(member.aliases ?? [])].map((by) => ({ by, member: `user:${user}` }));
  });
  const left = free.filter(({ by }) => !taken.includes(by) && !taken.includes(by.replace("oidc:", "")));
  return left.length === 0 ? undefined : random.pick(left);
}

export function voteOf({ by, member }: Member, ownerName: string, at: number): Vote {
  return { verdict: "Approve", by, ownerName, at, member, signing: "genuine" };
}

/** Gives every line its people, as far as there are enough, and returns the time of the last decision. */
function approveAll(draft: Draft, identityOwner: string, random: Random): number {
  const { capability, approval } = draft;
  const rules = capability.spec.rules.filter(({ name }) => approval.spec.rules?.includes(name) ?? true);
  const risk = rules.every((rule) => rule.risk === "Low") ? "Low" : "High";
  const terms = capability.spec.approval.find((one) => one.risk === risk);
  const scopes = new Set(rules.some(({ name }) => name === "node") ? ["Namespaced", "Cluster"] : [draft.rule.scope]);
  const claimants = draft.owners.filter(({ spec }) => spec.resources?.some(({ scope }) => scopes.has(scope ?? "")));
  const taken: string[] = [];
  let at = creation;
  for (const line of terms?.approvers ?? []) {
    const resourceOwners = claimants.map(({ metadata }) => metadata.name);
    const asked = {
      PolicyOwner: [capability.spec.policyOwnerName],
      IdentityOwner: [identityOwner],
      ResourceOwner: random.chance(80) ? resourceOwners : resourceOwners.slice(0, 1),
      Owner: [line.ownerName ?? ""],
    }[line.from];
    for (const owner of asked) {
      for (let vote = 0; vote < (line.count ?? 1); vote += 1) {
        const person = pickMember(draft, owner, random.chance(95) ? taken : [], random);
        if (!person) continue;
        at += random.pick([0, 1000, minute, 5 * minute]);
        taken.push(person.by.replace("oidc:", ""));
        draft.votes.get("wanted")?.push(voteOf(person, owner, at));
      }
    }
  }
  const wanted = draft.votes.get("wanted") ?? [];
  draft.votes.set("wanted", random.shuffled(wanted));
  return at;
}

/** Puts "now" into the life of the approval, often at its very ends. */
function settleTimes(draft: Draft, approvedAt: number, random: Random): void {
  const { spec } = draft.approval;
  let starts = approvedAt;
  if (random.chance(25)) {
    starts = approvedAt + random.pick([-minute, 0, 3 * minute]);
    spec.notBefore = new Date(starts).toISOString();
    starts = Math.max(starts, approvedAt);
  }
  const life = { "30m": 30 * minute, "45m": 45 * minute, "1h": hour, "10m30s": 10.5 * minute }[spec.duration] ?? minute;
  draft.now = starts + random.pick([0, 0, 1, 5 * minute, life - 1, life / 2]);
}

/** Another approval beside, so that a choice has to be made. */
function addSecondApproval(draft: Draft, random: Random): void {
  const second = structuredClone(draft.approval);
  second.metadata.name = "second";
  second.metadata.uid = "approval-second";
  if (random.chance(30)) second.metadata.namespace = random.pick([...namespaces, "writ-approvals"]);
  if (random.chance(30)) second.spec.capabilityName = random.pick(["scaler", "helper"]);
  if (random.chance(30)) second.spec.targets = [{ apiGroup: "apps", resource: "deployments", names: ["web"] }];
  if (random.chance(30)) delete second.spec.rules;
  const votes = structuredClone(draft.votes.get("wanted") ?? []);
  draft.votes.set("second", random.chance(60) ? votes.slice(1) : votes);
  draft.approvals = random.shuffled([draft.approval, second]);
}
