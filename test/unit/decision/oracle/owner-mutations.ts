import { bot, clerk, creation, hour, objectNames, ownerNames } from "./base.ts";
import { keyOf } from "./ssh-keys.ts";
import { someOwner, identityOwner, rootOwner, votes, someVote, iso } from "./draft-parts.ts";
import type { Mutation } from "./draft-parts.ts";

export const ownerMutations: Readonly<Record<string, Mutation>> = {
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
  "owner: wants signatures": (draft, random) => {
    const owner = someOwner(draft, random);
    if (owner) owner.spec.decisions = random.pick(["Signed", "Signed", "Authenticated"]);
  },
  "owner: a key is taken away or changed": (draft, random) => {
    const member = random.pick(someOwner(draft, random)?.spec.members ?? [{}]);
    if (random.chance(50)) delete member.sshKeys;
    else if (member.user !== undefined) member.sshKeys = [keyOf(random.pick(["alice", "bob", "carol", "new"])).line];
  },
  "owner: keys join two people": (draft, random) => {
    const [first, second] = random.shuffled(votes(draft));
    const [one, other] = random.shuffled(draft.owners);
    if (!first || !second || !one || !other) return;
    const { line } = keyOf("shared");
    one.spec.members.push({ user: first.by, sshKeys: [line] });
    other.spec.members.push({ user: second.by, sshKeys: [`${line}-at-home`] });
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
