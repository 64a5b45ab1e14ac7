import type { IdentityOwner } from "./types.gen.ts";

/** The member entry of an owner that an authenticated user matched. */
export type Membership =
  { readonly kind: "user"; readonly name: string } | { readonly kind: "group"; readonly name: string };

/** How a membership stands in attestations and in the record: `user:alice@example.com`, `group:payments-leads`. */
export function membershipText(membership: Membership): string {
  return `${membership.kind}:${membership.name}`;
}

/** The member entry that makes the user a member of the owner: by user name or alias first, else by group. */
export function findMembership(
  owner: IdentityOwner,
  user: { readonly username: string; readonly groups?: readonly string[] },
): Membership | undefined {
  for (const member of owner.spec.members) {
    if (member.user === undefined) continue;
    if (member.user === user.username || member.aliases?.includes(user.username)) {
      return { kind: "user", name: member.user };
    }
  }
  for (const member of owner.spec.members) {
    if (member.group !== undefined && user.groups?.includes(member.group)) return { kind: "group", name: member.group };
  }
  return undefined;
}

/**
 * Whether an attested membership still stands in the owner as it is now. A member by user must still be listed, under
 * its name or an alias; one by group was attested when deciding, so the group must still be listed.
 */
export function isStillMember(owner: IdentityOwner, by: string, membership: string): boolean {
  const group = membership.startsWith("group:") ? membership.slice("group:".length) : undefined;
  if (group !== undefined) return owner.spec.members.some((member) => member.group === group);
  return owner.spec.members.some((member) => member.user === by || (member.aliases?.includes(by) ?? false));
}

/**
 * Groups every name that people have, over all owners, into persons: names that one member entry lists together are
 * one person, transitively. The result maps a name to its person's representative name.
 */
export function personsOf(owners: Iterable<IdentityOwner>): (name: string) => string {
  const parent = new Map<string, string>();
  const find = (name: string): string => {
    let root = name;
    for (let next = parent.get(root); next !== undefined && next !== root; next = parent.get(root)) root = next;
    return root;
  };
  for (const owner of owners) {
    for (const member of owner.spec.members) {
      if (member.user === undefined) continue;
      for (const alias of member.aliases ?? []) {
        const [a, b] = [find(member.user), find(alias)];
        if (a !== b) parent.set(a, b);
      }
    }
  }
  return find;
}
