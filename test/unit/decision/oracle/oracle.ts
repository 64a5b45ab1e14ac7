import type { AttestationPayload, Statement } from "../../../../src/api/attestation.ts";
import type {
  AgentCapability,
  AgentCapabilityRule,
  ElevationApproval,
  ElevationApprovalDecision,
  IdentityOwner,
} from "../../../../src/api/types.gen.ts";
import type { SignedStatement } from "../../../../src/api/signed-statement.ts";
import type { WriteRequest } from "../../../../src/decision/write-request.ts";
import { thingsDone } from "./oracle-effects.ts";
import type { Thing } from "./oracle-effects.ts";
import { differWithin } from "./oracle-fields.ts";

/**
 * A second, deliberately naive reading of the contract: plain loops and brute force over every combination, no code of
 * Writ (types alone), no cryptography. Where this and the chain differ, one of them is wrong.
 */
export interface OracleWorld {
  readonly now: number;
  readonly request: WriteRequest;
  readonly owners: readonly IdentityOwner[];
  readonly capabilities: readonly AgentCapability[];
  readonly approvals: readonly ElevationApproval[];
  readonly clusterId: string;
  /** What Writ's own key has signed, by attestation. Whatever is absent here is no genuine attestation. */
  readonly signed: ReadonlyMap<string, SignedRecord>;
  /** What people's keys have signed, by signature. */
  readonly sshSigned: ReadonlyMap<string, SshRecord>;
  /** The capability that each digest was made of. */
  readonly digested: ReadonlyMap<string, AgentCapability>;
}

export interface SignedRecord {
  readonly statement: Statement;
  readonly payload: AttestationPayload;
  /** The approval as it was when the decision was signed; absent for definitions. */
  readonly approval?: ElevationApproval;
}

export interface SshRecord {
  readonly statement: SignedStatement;
  /** The public key as an owner would list it. */
  readonly keyLine: string;
  /** The approval as it was when the decision was signed; absent for definitions. */
  readonly approval?: ElevationApproval;
}

interface Line {
  readonly owner: string;
  readonly count: number;
}

/** Why the oracle refuses; undefined when it allows. */
export function oracleDenies(world: OracleWorld): string | undefined {
  const { request, owners, capabilities, approvals, now } = world;
  const { requester, target, operation } = request;
  const agent = requester.userName;
  if (!agent.startsWith("system:serviceaccount:agents:") && !requester.groups.includes("writ.dev:agents")) {
    return "not an agent";
  }
  const root = owners.find((owner) => owner.metadata.name === "cluster");
  const accountable = owners.filter((owner) =>
    (owner.spec.identities ?? []).some((entry) => userNameOf(entry) === agent),
  );
  const identityOwner = accountable[0];
  const stopped =
    !root || !ownerLives(root, now)
      ? "frozen"
      : accountable.length !== 1 || !identityOwner
        ? "not one identity owner"
        : ownerLives(identityOwner, now)
          ? undefined
          : "identity owner not live";
  if (target.group === "writ.dev" && target.resource === "elevationapprovals" && target.subresource === "") {
    const asked = request.object as { readonly spec?: ElevationApproval["spec"] } | undefined;
    const spec = asked?.spec;
    const own = spec?.agent && userNameOf(spec.agent) === agent && (spec.agent.uid ?? requester.uid) === requester.uid;
    if (operation === "CREATE" && own && (spec.decisions ?? []).length === 0) return stopped;
  }
  if (operation === "CONNECT") return "connect";
  if (target.group === "writ.dev") return "writ.dev";
  if (target.namespace === "writ-system" || target.namespace === "writ-approvals") return "Writ's namespace";
  if (
    target.group === "" &&
    target.resource === "namespaces" &&
    ["writ-system", "writ-approvals"].includes(target.name)
  )
    return "Writ's namespace object";
  if (stopped !== undefined || !root || !identityOwner) return stopped;
  const things = thingsDone(request);
  let highest: "Low" | "High" = "Low";
  for (const capability of capabilities) {
    if (!capability.spec.agents.some((entry) => userNameOf(entry) === agent)) continue;
    for (const rule of capability.spec.rules) {
      const coversSome = things.some((thing) => ruleCovers(rule, thing, thing === things[0] ? request : undefined));
      if (coversSome && riskOf(rule) === "High") highest = "High";
    }
  }
  const reasons: string[] = [];
  for (const approval of approvals) {
    const reason = approvalFails(world, approval, things, highest, identityOwner.metadata.name);
    if (reason === undefined) return undefined;
    reasons.push(`${approval.metadata.name}: ${reason}`);
  }
  return reasons.length === 0 ? "no approval" : reasons.join("; ");
}

function approvalFails(
  world: OracleWorld,
  approval: ElevationApproval,
  things: readonly [Thing, ...Thing[]],
  highest: "Low" | "High",
  identityOwner: string,
): string | undefined {
  const { request, owners, capabilities, now } = world;
  const spec = approval.spec;
  const agent = request.requester.userName;
  if (approval.metadata.deletionTimestamp) return "deleted";
  if (approval.metadata.namespace !== (things[0].namespace ?? "writ-approvals")) return "other namespace";
  if (userNameOf(spec.agent) !== agent) return "other agent";
  if (spec.agent.serviceAccount && !spec.agent.uid) return "account not pinned";
  if (spec.agent.uid && spec.agent.uid !== request.requester.uid) return "other account of that name";

  const capability = capabilities.find((candidate) => candidate.metadata.name === spec.capabilityName);
  if (!capability) return "no capability";
  if (!capability.spec.agents.some((entry) => userNameOf(entry) === agent)) return "capability of another agent";
  const policyFault = policyFails(world, capability);
  if (policyFault) return policyFault;

  const rules = capability.spec.rules.filter((rule) => !spec.rules || spec.rules.includes(rule.name));
  if ((spec.rules ?? []).some((name) => !rules.some((rule) => rule.name === name))) return "unknown rule";
  for (const thing of things) {
    const own = thing === things[0] ? request : undefined;
    if (!rules.some((rule) => ruleCovers(rule, thing, own))) return `no rule covers ${thing.resource}`;
    if (spec.targets && !spec.targets.some((target) => targetIncludes(target, thing))) return "not a target";
  }
  const credential = credentialFails(request.requester, capability.spec.credential, spec.credential);
  if (credential) return credential;

  const risk = rules.some((rule) => riskOf(rule) === "High") ? "High" : "Low";
  if (highest === "High" && risk === "Low") return "risk too low";
  const terms = capability.spec.approval.find((entry) => entry.risk === risk);
  if (!terms) return "no terms";
  if (seconds(spec.duration) > seconds(terms.maxDuration ?? "1h")) return "too long";
  if (spec.maxUses !== undefined && terms.maxUses !== undefined && spec.maxUses > terms.maxUses) return "too many uses";
  const limits = [spec.maxUses, terms.maxUses].filter((limit) => limit !== undefined);
  if (limits.length > 0 && (approval.status?.uses ?? 0) >= Math.min(...limits)) return "used up";
  if (terms.ticketPrefix && !(spec.ticket ?? "").startsWith(terms.ticketPrefix)) return "ticket";

  const lines: Line[] = [];
  for (const line of terms.approvers) {
    const count = line.count ?? 1;
    if (line.from === "PolicyOwner") lines.push({ owner: capability.spec.policyOwnerName, count });
    if (line.from === "IdentityOwner") lines.push({ owner: identityOwner, count });
    if (line.from === "Owner") lines.push({ owner: line.ownerName ?? "", count });
    if (line.from === "ResourceOwner") {
      const reached = ownersReached(approval, rules, owners);
      if (reached === "blocked") return "reaches what nobody or more than one owns";
      for (const thing of things) {
        const own = ownersOf(thing, owners);
        if (own.length !== 1 || !reached.includes(own[0] ?? "")) return "object is not owned by one of those asked";
      }
      for (const owner of reached) lines.push({ owner, count });
    }
  }

  const all = spec.decisions ?? [];
  for (const decision of all) {
    if (decision.verdict !== "Reject") continue;
    if (decision.signature !== undefined) return "rejected by signature";
    if (isGenuine(world, approval, decision) && !decision.by.startsWith("system:")) return "rejected";
  }
  const created = Date.parse(approval.metadata.creationTimestamp ?? "");
  const pendingEnd = created + seconds(terms.pendingTTL ?? "24h") * 1000;
  const madeAt = (decision: ElevationApprovalDecision): number =>
    decision.signature === undefined ? Date.parse(decision.at) : Math.max(Date.parse(decision.at), created);
  const holdsAt = (decision: ElevationApprovalDecision, instant: number): boolean =>
    decision.signature === undefined || instant < Date.parse(decision.notAfter ?? "");
  const counting = all
    .filter(({ verdict, by }) => verdict === "Approve" && !by.startsWith("system:"))
    // A signature fixes the instant of the quorum whether or not it verifies; it counts below only if it does.
    .filter((decision) =>
      decision.signature === undefined
        ? isGenuine(world, approval, decision)
        : decision.attestation === undefined && lastsDays(decision, 30),
    )
    .filter((decision) => madeAt(decision) < pendingEnd)
    .filter((decision) => isPresentPolicy(world, decision.policyDigest, capability))
    .filter((decision) => !isExcluded(world, approval, decision.by))
    .toSorted((a, b) => madeAt(a) - madeAt(b));
  let quorum: { readonly at: number; readonly people: readonly ElevationApprovalDecision[] } | undefined;
  counting.forEach((last, index) => {
    const at = madeAt(last);
    const people = counting.slice(0, index + 1).filter((decision) => holdsAt(decision, at));
    if (!quorum && quorumMet(lines, people, owners)) quorum = { at, people };
  });
  if (!quorum) return "quorum not met";
  const approvedAt = quorum.at;
  const standing = counting.filter((decision) => {
    const owner = owners.find((candidate) => candidate.metadata.name === decision.ownerName);
    if (!owner || !ownerLives(owner, now)) return false;
    if (decision.signature !== undefined) {
      return holdsAt(decision, now) && isSigned(world, approval, decision, owner);
    }
    return owner.spec.decisions !== "Signed" && isStillMember(world, owner, decision.by, decision.attestation);
  });
  if (!quorumMet(lines, standing, owners)) return "quorum no longer stands";
  for (const { notAfter } of quorum.people) {
    const end = Date.parse(notAfter ?? "");
    const left = quorum.people.filter((decision) => holdsAt(decision, end));
    if (now >= end && !quorumMet(lines, left, owners)) return "signatures ended";
  }

  const starts = Math.max(approvedAt, spec.notBefore ? Date.parse(spec.notBefore) : approvedAt);
  if (now < starts) return "not yet";
  if (now >= starts + seconds(spec.duration) * 1000) return "expired";
  if (now >= pendingEnd + seconds(spec.duration) * 1000) return "hard end";
  return undefined;
}

function policyFails(world: OracleWorld, capability: AgentCapability): string | undefined {
  const { owners, now } = world;
  const { policyOwnerName, definedBy, suspended } = capability.spec;
  if (capability.metadata.deletionTimestamp) return "capability deleted";
  if (suspended) return "capability suspended";
  const owner = owners.find((candidate) => candidate.metadata.name === policyOwnerName);
  if (!owner || !ownerLives(owner, now)) return "policy owner not live";
  if (!definedBy || definedBy.ownerName !== policyOwnerName) return "not defined";
  if (definedBy.signature !== undefined) {
    const made = world.sshSigned.get(definedBy.signature);
    const said =
      made?.statement.type === "writ.dev/signed-definition/v1" &&
      made.statement.clusterId === world.clusterId &&
      made.statement.name === capability.metadata.name &&
      made.statement.policyDigest === definedBy.policyDigest &&
      made.statement.by === definedBy.by &&
      made.statement.ownerName === definedBy.ownerName &&
      made.statement.at === definedBy.at &&
      made.statement.notAfter === definedBy.notAfter;
    if (!made || !said || definedBy.attestation !== undefined || !lastsDays(definedBy, 90)) return "not signed so";
    if (!isPresentPolicy(world, definedBy.policyDigest, capability)) return "policy changed";
    if (!listsKey(owner, definedBy.by ?? "", made.keyLine)) return "signed with none of the definer's keys";
    return now < Date.parse(definedBy.notAfter ?? "") ? undefined : "definition ended";
  }
  if (!definedBy.attestation) return "not defined";
  if (owner.spec.decisions === "Signed") return "definition not signed";
  const record = world.signed.get(definedBy.attestation);
  if (!record) return "definition not genuine";
  const { statement } = record;
  const same =
    statement.type === "writ.dev/definition/v1" &&
    statement.clusterId === world.clusterId &&
    statement.by === definedBy.by &&
    statement.ownerName === definedBy.ownerName &&
    statement.at === definedBy.at &&
    statement.policyDigest === definedBy.policyDigest;
  if (!same) return "definition not genuine";
  if (!isPresentPolicy(world, definedBy.policyDigest, capability)) return "policy changed";
  if (!isStillMember(world, owner, definedBy.by ?? "", definedBy.attestation)) return "definer is no member";
  return undefined;
}

function isGenuine(world: OracleWorld, approval: ElevationApproval, decision: ElevationApprovalDecision): boolean {
  const record = world.signed.get(decision.attestation ?? "");
  if (!record?.approval || record.statement.type !== "writ.dev/decision/v1") return false;
  const { statement } = record;
  return (
    statement.clusterId === world.clusterId &&
    statement.approvalUid === approval.metadata.uid &&
    record.approval.metadata.namespace === approval.metadata.namespace &&
    record.approval.metadata.name === approval.metadata.name &&
    asText({ ...record.approval.spec, decisions: [] }) === asText({ ...approval.spec, decisions: [] }) &&
    statement.verdict === decision.verdict &&
    statement.by === decision.by &&
    statement.ownerName === decision.ownerName &&
    statement.at === decision.at &&
    statement.policyDigest === (decision.policyDigest ?? "") &&
    statement.reason === (decision.reason ?? "")
  );
}

/** Whether a key that the owner lists for this very person has signed what the decision and the approval say now. */
function isSigned(
  world: OracleWorld,
  approval: ElevationApproval,
  decision: ElevationApprovalDecision,
  owner: IdentityOwner,
): boolean {
  const record = world.sshSigned.get(decision.signature ?? "");
  if (!record?.approval || record.statement.type !== "writ.dev/signed-decision/v1") return false;
  const { statement } = record;
  const asked = (one: ElevationApproval): string => asText({ ...one.spec, decisions: [], requestedBy: "" });
  return (
    listsKey(owner, decision.by, record.keyLine) &&
    asked(record.approval) === asked(approval) &&
    statement.clusterId === world.clusterId &&
    statement.namespace === approval.metadata.namespace &&
    statement.name === approval.metadata.name &&
    statement.requestID === approval.spec.requestID &&
    statement.verdict === decision.verdict &&
    statement.by === decision.by &&
    statement.ownerName === decision.ownerName &&
    statement.at === decision.at &&
    statement.notAfter === decision.notAfter &&
    statement.policyDigest === (decision.policyDigest ?? "") &&
    statement.reason === (decision.reason ?? "")
  );
}

function listsKey(owner: IdentityOwner, by: string, keyLine: string): boolean {
  return owner.spec.members.some(
    ({ user, aliases = [], sshKeys = [] }) =>
      user !== undefined && [user, ...aliases].includes(by) && sshKeys.some((line) => keyIn(line) === keyIn(keyLine)),
  );
}

/** A key line less its comment. */
function keyIn(line: string): string {
  return line.split(" ").slice(0, 2).join(" ");
}

function lastsDays({ at, notAfter }: { readonly at?: string; readonly notAfter?: string }, days: number): boolean {
  const length = Date.parse(notAfter ?? "") - Date.parse(at ?? "");
  return length > 0 && length <= days * 86_400_000;
}

function isPresentPolicy(world: OracleWorld, digest: string | undefined, capability: AgentCapability): boolean {
  const then = world.digested.get(digest ?? "");
  const less = (one: AgentCapability): string =>
    asText({ name: one.metadata.name, spec: { ...one.spec, definedBy: 0, suspended: 0 } });
  return then !== undefined && less(then) === less(capability);
}

/** Whoever came by user must still be listed; whoever came by a group was attested, so the group must still be. */
function isStillMember(world: OracleWorld, owner: IdentityOwner, by: string, attestation: string | undefined): boolean {
  const attested = world.signed.get(attestation ?? "")?.payload.member ?? "";
  for (const member of owner.spec.members) {
    if (member.group !== undefined && attested === `group:${member.group}`) return true;
    if (!attested.startsWith("user:") || member.user === undefined) continue;
    if (member.user === by || (member.aliases ?? []).includes(by)) return true;
  }
  return false;
}

/** Nobody decides on what they asked for, or what is done for them; no agent and no service account decides. */
function isExcluded(world: OracleWorld, approval: ElevationApproval, by: string): boolean {
  const names = samePerson(by, world.owners);
  const barred = [approval.spec.requestedBy];
  for (const entry of approval.spec.onBehalfOf ?? []) {
    if (entry.startsWith("user:")) barred.push(entry.slice("user:".length));
  }
  barred.push(userNameOf(approval.spec.agent));
  for (const owner of world.owners) for (const entry of owner.spec.identities ?? []) barred.push(userNameOf(entry));
  return names.some((name) => name.startsWith("system:") || barred.includes(name));
}

/** All names of the person: grows until no member entry of any owner adds one. */
function samePerson(name: string, owners: readonly IdentityOwner[]): string[] {
  const names = [name];
  for (let round = 0; round < 20; round += 1) {
    for (const owner of owners) {
      for (const member of owner.spec.members) {
        if (member.user === undefined) continue;
        // A key is one more name of whoever has it.
        const entry = [member.user, ...(member.aliases ?? []), ...(member.sshKeys ?? []).map(keyIn)];
        if (entry.some((one) => names.includes(one))) {
          for (const one of entry) if (!names.includes(one)) names.push(one);
        }
      }
    }
  }
  return names;
}

/** Tries every way to give the people's decisions to the lines. */
function quorumMet(
  lines: readonly Line[],
  decisions: readonly ElevationApprovalDecision[],
  owners: readonly IdentityOwner[],
): boolean {
  const seats = lines.flatMap((line) => Array.from({ length: line.count }, () => line.owner));
  const votes = decisions.map((decision) => ({
    person: samePerson(decision.by, owners).toSorted().join("|"),
    owner: decision.ownerName,
  }));
  const fill = (seat: number, taken: readonly string[]): boolean => {
    if (seat === seats.length) return true;
    return votes.some(
      (vote) => vote.owner === seats[seat] && !taken.includes(vote.person) && fill(seat + 1, [...taken, vote.person]),
    );
  };
  return fill(0, []);
}

function ownerLives(owner: IdentityOwner, now: number): boolean {
  if (owner.metadata.deletionTimestamp || owner.spec.suspended || owner.spec.members.length === 0) return false;
  return !owner.spec.reviewBy || now < Date.parse(owner.spec.reviewBy);
}

/** `own` is given where the thing is what the request itself does: only that may fields speak of. */
function ruleCovers(rule: AgentCapabilityRule, thing: Thing, own: WriteRequest | undefined): boolean {
  const isCluster = thing.namespace === undefined;
  const named = rule.apiGroups.includes(thing.group) && rule.resources.includes(thing.resource);
  if (isSealed(thing) && !(named && riskOf(rule) === "High")) return false;
  if (thing.operations.includes("USE") && !named) return false;
  if (!rule.operations.some((operation) => thing.operations.includes(operation))) return false;
  if (rule.fields) {
    if (own?.operation !== "UPDATE" || !differWithin(rule.fields, own.oldObject, own.object)) return false;
  }
  const builtIn = !thing.group.includes(".") || thing.group.endsWith(".k8s.io");
  if (!rule.apiGroups.includes(thing.group) && !(rule.apiGroups.includes("*") && builtIn)) return false;
  if (rule.apiVersions && !rule.apiVersions.includes(thing.version)) return false;
  const byStar = rule.resources.includes("*") && !thing.resource.includes("/");
  if (!rule.resources.includes(thing.resource) && !byStar) return false;
  if (rule.scope === "Cluster" && !isCluster) return false;
  if (rule.scope === "Namespaced") {
    if (thing.namespace === undefined) return false;
    if (!(rule.namespaces ?? []).includes("*") && !(rule.namespaces ?? []).includes(thing.namespace)) return false;
  }
  const names = rule.resourceNames ?? [];
  return names.length === 0 || names.includes(thing.name);
}

/** An id is always asked for; what the capability binds, the approval names and the request has. */
function credentialFails(
  requester: WriteRequest["requester"],
  policy: AgentCapability["spec"]["credential"],
  bound: ElevationApproval["spec"]["credential"],
): string | undefined {
  const id = requester.credentialId ?? "";
  if (policy?.requireTokenId === true && !id.startsWith("JTI=")) return "no token id";
  if (policy?.requireTokenId !== false && id === "") return "no credential id";
  if (policy?.bind === "Token" && !bound?.tokenId) return "no token named";
  if (policy?.bind === "Pod" && !bound?.podUid) return "no pod named";
  if (bound?.tokenId && bound.tokenId !== id) return "other token";
  if (bound?.podUid && bound.podUid !== requester.podUid) return "other pod";
  return undefined;
}

/** The part of the protected set that the generator can produce. */
function isSealed(thing: Thing): boolean {
  const base = thing.resource.split("/")[0] ?? "";
  if (thing.group === "rbac.authorization.k8s.io") return true;
  if (thing.group === "argoproj.io") return true;
  if (thing.group === "batch" && base === "cronjobs") return true;
  if (thing.group === "" && ["secrets", "namespaces", "nodes", "persistentvolumes", "endpoints"].includes(base)) {
    return true;
  }
  if (["storage.k8s.io", "node.k8s.io", "flowcontrol.apiserver.k8s.io"].includes(thing.group)) return true;
  if (thing.group === "discovery.k8s.io" && base === "endpointslices") return true;
  return thing.group === "" && thing.resource === "serviceaccounts/token";
}

function targetIncludes(
  target: { apiGroup: string; resource: string; names?: readonly string[] },
  thing: Thing,
): boolean {
  if (target.apiGroup !== thing.group) return false;
  const base = thing.resource.split("/")[0] ?? "";
  if (target.resource !== thing.resource && target.resource !== base) return false;
  return !target.names || target.names.length === 0 || target.names.includes(thing.name);
}

/**
 * Every owner that claims the thing most precisely: a named namespace beats "*". One name means one owner. The object's
 * owner owns its subresources. "*" as group or resource and no name mean any: only who claims all of it claims that.
 */
function ownersOf(thing: Thing, owners: readonly IdentityOwner[]): string[] {
  const precise: string[] = [];
  const broad: string[] = [];
  const base = thing.resource.split("/")[0] ?? "";
  for (const owner of owners) {
    for (const entry of owner.spec.resources ?? []) {
      if (entry.scope === "Cluster" ? thing.namespace !== undefined : thing.namespace === undefined) continue;
      if (!anyOrHas(entry.apiGroups, thing.group) || !anyOrHas(entry.resources, base)) continue;
      const names = entry.resourceNames ?? [];
      if (names.length > 0 && !names.includes(thing.name)) continue;
      if (thing.namespace === undefined) precise.push(owner.metadata.name);
      else if ((entry.namespaces ?? []).includes(thing.namespace)) precise.push(owner.metadata.name);
      else if (anyOrHas(entry.namespaces, thing.namespace)) broad.push(owner.metadata.name);
    }
  }
  return [...new Set(precise.length > 0 ? precise : broad)];
}

function anyOrHas(list: readonly string[] | undefined, value: string): boolean {
  return !list || list.length === 0 || list.includes("*") || list.includes(value);
}

/** One line for each of these; "blocked" when something is reached that nobody, or more than one, owns. */
function ownersReached(
  approval: ElevationApproval,
  rules: readonly AgentCapabilityRule[],
  owners: readonly IdentityOwner[],
): string[] | "blocked" {
  const reached: string[] = [];
  for (const thing of thingsReached(approval, rules)) {
    const own = ownersOf(thing, owners);
    if (own.length !== 1 || own[0] === undefined) return "blocked";
    if (!reached.includes(own[0])) reached.push(own[0]);
  }
  return reached;
}

/** The targets, else what the rules cover in the approval's namespace. */
function thingsReached(approval: ElevationApproval, rules: readonly AgentCapabilityRule[]): Thing[] {
  const namespace = approval.metadata.namespace === "writ-approvals" ? undefined : approval.metadata.namespace;
  const things: Thing[] = [];
  const add = (group: string, resource: string, names: readonly string[] | undefined): void => {
    for (const name of names && names.length > 0 ? names : [""]) {
      // Nodes stand in no namespace, whatever the approval's.
      const where = group === "" && resource === "nodes" ? undefined : namespace;
      things.push({ operations: [], group, version: "", resource, namespace: where, name });
    }
  };
  if (approval.spec.targets) {
    for (const target of approval.spec.targets) add(target.apiGroup, target.resource, target.names);
    return things;
  }
  for (const rule of rules) {
    const usesNodes =
      rule.operations.includes("USE") && rule.apiGroups.includes("") && rule.resources.includes("nodes");
    if (rule.scope === "Cluster" && namespace !== undefined && !usesNodes) continue;
    if (rule.scope === "Namespaced") {
      if (namespace === undefined) continue;
      if (!(rule.namespaces ?? []).includes("*") && !(rule.namespaces ?? []).includes(namespace)) continue;
    }
    for (const group of rule.apiGroups) {
      for (const resource of rule.resources) add(group, resource, rule.resourceNames);
    }
  }
  return things;
}

function userNameOf(subject: { serviceAccount?: { namespace: string; name: string }; user?: string }): string {
  return subject.serviceAccount
    ? `system:serviceaccount:${subject.serviceAccount.namespace}:${subject.serviceAccount.name}`
    : (subject.user ?? "");
}

function riskOf(rule: AgentCapabilityRule): "Low" | "High" {
  return rule.risk ?? "High";
}

/** Of a duration such as 1h30m. */
function seconds(duration: string): number {
  let total = 0;
  for (const [, amount, unit] of duration.matchAll(/(\d+)([hms])/g)) {
    total += Number(amount) * (unit === "h" ? 3600 : unit === "m" ? 60 : 1);
  }
  return total;
}

/** JSON with sorted keys, to compare two objects. */
function asText(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    one !== null && typeof one === "object" && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}
