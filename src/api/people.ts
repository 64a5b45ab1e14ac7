import { parseKeyLine } from "./ssh/key-line.ts";
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
 * SSH keys of the person whom the owner lists by user name under this name or alias; undefined when it lists nobody so.
 */
export function memberKeys(owner: IdentityOwner, name: string): readonly string[] | undefined {
  const entries = owner.spec.members.filter(
    (member) => member.user !== undefined && (member.user === name || (member.aliases?.includes(name) ?? false)),
  );
  return entries.length === 0 ? undefined : entries.flatMap((member) => member.sshKeys ?? []);
}

/** What two OpenSSH key lines of one key share, whatever comments they bear; undefined for a line that is no key. */
export function sshKeyId(line: string): string | undefined {
  const parsed = parseKeyLine(line);
  return parsed.kind === "ok" ? parsed.value.blob.toString("base64") : undefined;
}

/**
 * Groups every name that people have, over all owners, into persons: names that one member entry lists together are
 * one person, and so are names that share an SSH key, transitively. The result maps a name to its person's
 * representative name.
 */
export function personsOf(owners: Iterable<IdentityOwner>): (name: string) => string {
  const parent = new Map<string, string>();
  const find = (name: string): string => {
    let root = name;
    for (let next = parent.get(root); next !== undefined && next !== root; next = parent.get(root)) root = next;
    return root;
  };
  const join = (one: string, other: string): void => {
    const [a, b] = [find(one), find(other)];
    if (a !== b) parent.set(a, b);
  };
  const holders = new Map<string, string>();
  for (const owner of owners) {
    for (const { user, aliases = [], sshKeys = [] } of owner.spec.members) {
      if (user === undefined) continue;
      for (const alias of aliases) join(user, alias);
      for (const key of sshKeys.map(sshKeyId)) {
        if (key === undefined) continue;
        join(user, holders.get(key) ?? user);
        holders.set(key, user);
      }
    }
  }
  return find;
}
