import { agentUserName } from "./agents.ts";
import { personsOf } from "./people.ts";
import { parseTimestamp } from "./timestamp.ts";
import type { IdentityOwner } from "./types.gen.ts";

/** All IdentityOwners of one moment, with what is asked of them more than once. */
export interface OwnerDirectory {
  readonly get: (name: string) => IdentityOwner | undefined;
  readonly all: readonly IdentityOwner[];
  /** Owners that claim the agent with this user name; exactly one is right. */
  readonly ofIdentity: (userName: string) => readonly IdentityOwner[];
  /** One representative name for all names of a person. */
  readonly person: (name: string) => string;
  /** Whether one of the person's names is an agent's that some owner claims. */
  readonly isAgentPerson: (person: string) => boolean;
}

export function ownerDirectory(owners: readonly IdentityOwner[]): OwnerDirectory {
  const byName = new Map(owners.map((owner) => [owner.metadata.name, owner]));
  const byIdentity = new Map<string, IdentityOwner[]>();
  for (const owner of owners) {
    const names = new Set((owner.spec.identities ?? []).map(agentUserName));
    for (const name of names) byIdentity.set(name, [...(byIdentity.get(name) ?? []), owner]);
  }
  const person = personsOf(owners);
  const agentPersons = new Set([...byIdentity.keys()].map(person));
  return {
    get: (name) => byName.get(name),
    all: owners,
    ofIdentity: (userName) => byIdentity.get(userName) ?? [],
    person,
    isAgentPerson: (name) => agentPersons.has(name),
  };
}

export type OwnerProblem = "OwnerNotFound" | "OwnerSuspended" | "OwnerReviewOverdue" | "OwnerBeingDeleted";

/** Why an owner does not answer for anything now, or undefined when it is live. */
export function ownerProblem(owner: IdentityOwner | undefined, now: number): OwnerProblem | undefined {
  if (!owner) return "OwnerNotFound";
  if (owner.metadata.deletionTimestamp !== undefined) return "OwnerBeingDeleted";
  if (owner.spec.suspended === true) return "OwnerSuspended";
  if (owner.spec.reviewBy !== undefined) {
    const reviewBy = parseTimestamp(owner.spec.reviewBy);
    if (reviewBy === undefined || now >= reviewBy) return "OwnerReviewOverdue";
  }
  return undefined;
}

/** The problem in words, with the cure. */
export function describeOwnerProblem(name: string, problem: OwnerProblem): string {
  switch (problem) {
    case "OwnerNotFound":
      return `IdentityOwner "${name}" does not exist`;
    case "OwnerSuspended":
      return `IdentityOwner "${name}" is suspended; who may claim it lifts the suspension with spec.suspended=false`;
    case "OwnerReviewOverdue":
      return `IdentityOwner "${name}" is past its spec.reviewBy; who may claim it recertifies it by setting a later date`;
    case "OwnerBeingDeleted":
      return `IdentityOwner "${name}" is being deleted`;
  }
}
