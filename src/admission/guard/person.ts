import { isAgent, isSystemName } from "../../api/agents.ts";
import type { AgentSet } from "../../api/agents.ts";
import { findMembership } from "../../api/people.ts";
import type { Membership } from "../../api/people.ts";
import type { IdentityOwner } from "../../api/types.gen.ts";
import type { UserInfo } from "../../decision/admission-request.ts";
import { refuse } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

/** A person who may act in the name of an owner, with what is attested of them. */
export interface ActingMember {
  readonly kind: "member";
  readonly membership: Membership;
  readonly credentialId: string;
}

/** `JTI=...` or `X509SHA256=...` of the caller's credential (KEP-4193). */
export function credentialId(user: UserInfo): string | undefined {
  const key = "authentication.kubernetes.io/credential-id";
  const values = user.extra && Object.hasOwn(user.extra, key) ? user.extra[key] : undefined;
  return values?.[0] === "" ? undefined : values?.[0];
}

/** Whether the caller is a person at all; agents and system identities never decide. */
function checkPerson(user: UserInfo, agents: AgentSet): Refusal | undefined {
  if (!isAgent(user, agents) && !isSystemName(user.username)) return undefined;
  return refuse("NotAPerson", `${user.username} is no person, and people decide`);
}

/** The caller as a member of the owner who can be held to what they do, or why not. */
export function actingMember(
  user: UserInfo,
  ownerName: string,
  owner: IdentityOwner | undefined,
  agents: AgentSet,
): ActingMember | Refusal {
  const stranger = checkPerson(user, agents);
  if (stranger) return stranger;
  const membership = owner && findMembership(owner, user);
  if (!membership) {
    const why = owner
      ? `${user.username} is no member of IdentityOwner "${ownerName}"`
      : `IdentityOwner "${ownerName}" does not exist`;
    return refuse("NotAMember", why);
  }
  const credential = credentialId(user);
  if (credential === undefined) {
    return refuse("CredentialRequired", `the credential of ${user.username} has no id, as when impersonating`);
  }
  return { kind: "member", membership, credentialId: credential };
}
