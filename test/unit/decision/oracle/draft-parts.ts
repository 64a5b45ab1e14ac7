import { creation, hour, minute, ownerNames } from "./base.ts";
import type { Approval, Draft, Owner, Signing, Terms, Vote } from "./draft.ts";
import type { Random } from "./random.ts";

/** A change to a draft before anything is signed: people knew of it when they decided. */
export type Mutation = (draft: Draft, random: Random) => void;

export const someOwner = (draft: Draft, random: Random): Owner | undefined =>
  draft.owners.find(({ metadata }) => metadata.name === random.pick(ownerNames));
export const identityOwner = (draft: Draft): Owner | undefined => draft.owners.find(({ spec }) => spec.identities);
export const rootOwner = (draft: Draft): Owner | undefined =>
  draft.owners.find(({ metadata }) => metadata.name === "cluster");
export const votes = (draft: Draft): Vote[] => draft.votes.get("wanted") ?? [];
export const someVote = (draft: Draft, random: Random): Vote | undefined =>
  votes(draft).length === 0 ? undefined : random.pick(votes(draft));
export const someTerms = (draft: Draft, random: Random): Terms => random.pick(draft.capability.spec.approval);
export const lastVoteAt = (draft: Draft): number => Math.max(creation, ...votes(draft).map(({ at }) => at));
export const iso = (time: number): string => new Date(time).toISOString();
export const life = ({ spec }: Approval): number =>
  ({ "30m": 30 * minute, "45m": 45 * minute, "1h": hour, "10m30s": 10.5 * minute })[spec.duration] ?? hour;
export const pendingTTL = (terms: Terms): number =>
  ({ "30m": 30 * minute, "1h30m": 1.5 * hour, "5m": 5 * minute })[terms.pendingTTL ?? ""] ?? 24 * hour;
/** One more rule that differs from the covering one in its operation alone; the approval asks for both. */
export const addSibling = ({ capability, approval, rule, request }: Draft, name: string, random: Random): void => {
  const others = (["CREATE", "UPDATE", "DELETE"] as const).filter((operation) => operation !== request.operation);
  capability.spec.rules.push({ ...structuredClone(rule), name, operations: [random.pick(others)] });
  delete approval.spec.rules;
};
export const signings: readonly Signing[] = ["forged", "replayed", "foreign", "unsigned"];
