import { effectResource } from "../api/effect.ts";
import type { Effect } from "../api/effect.ts";
import type { IdentityOwner } from "../api/types.gen.ts";

/** The write in words: `update deployments.apps/scale "web" in namespace payments-prod`. */
export function describeEffect(effect: Effect): string {
  const place = effect.namespace === undefined ? "cluster-wide" : `in namespace ${effect.namespace}`;
  return `${effect.verb} ${describeResource(effect)}${effect.name === "" ? "" : ` "${effect.name}"`} ${place}`;
}

function describeResource(effect: Effect): string {
  const resource = effectResource(effect);
  return effect.group === "" ? resource : `${resource} (${effect.group})`;
}

/** Whom to ask: the owner's name with its first contacts. */
export function describeOwner(owner: IdentityOwner | undefined, name: string): string {
  const contacts = (owner?.spec.contacts ?? []).slice(0, 3).map((contact) => contact.value);
  return contacts.length > 0 ? `"${name}" (${contacts.join(", ")})` : `"${name}"`;
}

/** A word for a POSIX shell, quoted unless it plainly needs no quotes: names may be hostile. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
