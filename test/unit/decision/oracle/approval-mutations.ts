import {
  bot,
  clerk,
  creation,
  hour,
  minute,
  namespaces,
  objectNames,
  ownerNames,
  pickMember,
  signVote,
  voteOf,
} from "./base.ts";
import { votes, someVote, someTerms, lastVoteAt, iso, life, pendingTTL, addSibling, signings } from "./draft-parts.ts";
import type { Mutation } from "./draft-parts.ts";

export const approvalMutations: Readonly<Record<string, Mutation>> = {
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
  "approval: more uses": ({ approval }, random) => {
    approval.spec.maxUses = random.pick([1, 2, 3, 11]);
  },
  "approval: used": (draft, random) => {
    const limit = draft.approval.spec.maxUses ?? someTerms(draft, random).maxUses ?? 2;
    draft.approval.status = { uses: Math.max(0, limit - random.pick([-1, 0, 1])) };
  },
  "approval: later": (draft, random) => {
    draft.approval.spec.notBefore = iso(draft.now + random.pick([-minute, 0, 1, hour, 30 * hour]));
  },
  "approval: other ticket": ({ approval }, random) => {
    approval.spec.ticket = random.pick(["CHG-1", "inc-1", "XINC-1"]);
  },
  "vote: signed": (draft, random) => {
    for (const vote of votes(draft)) if (random.chance(60)) signVote(draft, vote, random);
  },
  "vote: its signature ends": (draft, random) => {
    const vote = someVote(draft, random);
    if (!vote) return;
    signVote(draft, vote, random);
    if (vote.signature) vote.signature.notAfter = draft.now + random.pick([-10 * minute, -1, 0, 1, 31 * 24 * hour]);
  },
  "vote: its signature ends before the others sign": (draft, random) => {
    const vote = someVote(draft, random);
    if (!vote) return;
    signVote(draft, vote, random);
    if (vote.signature) vote.signature.notAfter = lastVoteAt(draft) + random.pick([-1, 0, 1, minute]);
  },
  "vote: signed before the approval was created": (draft, random) => {
    const vote = someVote(draft, random);
    if (!vote) return;
    signVote(draft, vote, random);
    if (vote.signature) vote.at = creation - random.pick([1, hour, 24 * hour, 40 * 24 * hour]);
  },
  "vote: signed with another's key": (draft, random) => {
    const vote = someVote(draft, random);
    if (!vote) return;
    signVote(draft, vote, random);
    if (vote.signature) vote.signature.key = random.pick(["alice", "bob", "carol", "dave", "nobody"]);
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
