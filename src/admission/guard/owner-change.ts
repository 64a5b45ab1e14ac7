import { agentUserName, isInAgentSet } from "../../api/agents.ts";
import { claimsOverlap } from "../../api/claims.ts";
import { findMembership, sshKeyId } from "../../api/people.ts";
import { sshKeyProblem } from "../../api/ssh/public-key.ts";
import type { IdentityOwner } from "../../api/types.gen.ts";
import { canonicalJson } from "../../ledger/canonical-json.ts";
import type { DecisionSettings } from "../../decision/facts.ts";
import type { Snapshot } from "../../decision/snapshot.ts";
import type { Change } from "./change.ts";
import { refuse } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

/** What a change of an owner asks of who makes it. */
export type OwnerRight = "claim" | "claim or membership" | "nothing";

type OwnerField = keyof IdentityOwner["spec"];

/** What gives an owner its power. Suspending takes it away, so its members may; lifting the suspension gives it back. */
const powerFields: readonly OwnerField[] = ["members", "identities", "resources", "decisions", "reviewBy"];
const plainFields: readonly OwnerField[] = ["displayName", "contacts"];

export function requiredRight({ object, old }: Change<IdentityOwner>): OwnerRight {
  if (!old) return "claim";
  const changed = (field: OwnerField): boolean => text(object.spec[field]) !== text(old.spec[field]);
  const suspends = object.spec.suspended === true && old.spec.suspended !== true;
  const releases = object.spec.suspended !== true && old.spec.suspended === true;
  if (releases || powerFields.some(changed)) return "claim";
  return suspends || plainFields.some(changed) ? "claim or membership" : "nothing";
}

function text(value: unknown): string {
  return value === undefined ? "" : canonicalJson(value);
}

/** Refusals that need no look at anybody's rights. */
export function checkOwner({ object }: Change<IdentityOwner>, settings: DecisionSettings): Refusal | undefined {
  const { name } = object.metadata;
  const outside = object.spec.identities?.find((identity) => !isInAgentSet(identity, settings.agents));
  if (outside) {
    const namespaces = settings.agents.namespaces.join(", ");
    return refuse(
      "IdentityOutsideAgentSet",
      `${agentUserName(outside)} is no agent of this installation (agent namespaces: ${namespaces})`,
      undefined,
      "spec.identities",
    );
  }
  for (const [index, { sshKeys = [] }] of object.spec.members.entries()) {
    const problem = sshKeys.map(sshKeyProblem).find((found) => found !== undefined);
    if (problem !== undefined) {
      return refuse("SshKeyUnusable", problem, undefined, `spec.members[${index}].sshKeys`);
    }
  }
  const claims = (object.spec.identities?.length ?? 0) + (object.spec.resources?.length ?? 0);
  if (name === settings.rootOwnerName && claims > 0) {
    return refuse(
      "RootOwnerClaims",
      `IdentityOwner "${name}" is the root owner, which claims no identities and no resources`,
    );
  }
  return undefined;
}

/** Whether the caller is a member of the owner as it was before the change. */
export function isMemberOf(owner: IdentityOwner | undefined, user: Change["user"]): boolean {
  return owner !== undefined && findMembership(owner, user) !== undefined;
}

/** Conflicts with other owners: not refused, since a pipeline may apply things in any order, but inert and said. */
export function ownerWarnings({ object }: Change<IdentityOwner>, snapshot: Snapshot): readonly string[] {
  const name = object.metadata.name;
  const others = snapshot.owners.all.filter((owner) => owner.metadata.name !== name);
  const identities = (object.spec.identities ?? [])
    .map(agentUserName)
    .flatMap((agent) =>
      others
        .filter((owner) => owner.spec.identities?.some((identity) => agentUserName(identity) === agent))
        .map(
          (owner) =>
            `agent ${agent} is claimed by IdentityOwner "${owner.metadata.name}" too: it is denied until one gives it up`,
        ),
    );
  const claims = others
    .filter((owner) => claimsOverlap(object, owner))
    .map(
      (owner) =>
        `IdentityOwner "${owner.metadata.name}" claims some of the same resources equally precisely: nobody's approval counts for them`,
    );
  return [...identities, ...claims, ...sharedKeys(object, others)];
}

/** Members who share a key are one person: mostly not what whoever listed it wanted. */
function sharedKeys(owner: IdentityOwner, others: readonly IdentityOwner[]): readonly string[] {
  const holders = [owner, ...others].flatMap(({ metadata, spec }) =>
    spec.members.flatMap(({ user, sshKeys = [] }) =>
      sshKeys.map((line) => ({ key: sshKeyId(line), user, ownerName: metadata.name })),
    ),
  );
  return holders.flatMap(({ key, user, ownerName }, index) => {
    if (ownerName !== owner.metadata.name || key === undefined) return [];
    const rival = holders.slice(index + 1).find((other) => other.key === key && other.user !== user);
    return rival
      ? [
          `an SSH key of ${user ?? ""} is one of ${rival.user ?? ""} in IdentityOwner "${rival.ownerName}" too: they count as one person`,
        ]
      : [];
  });
}
