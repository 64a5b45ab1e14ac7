import { canonicalJson } from "../../ledger/canonical-json.ts";
import { agentCapabilities, elevationApprovals, identityOwners } from "../kinds.ts";
import type { KindRef, WritObject } from "../kinds.ts";
import type { ObjectMeta } from "../object-meta.ts";
import { parseTimestamp } from "../timestamp.ts";

/** What is about to become of an object. */
export type IntendedChange =
  /** Its spec changes; `generation` is the one before. */
  | { readonly kind: "updated"; readonly generation: number }
  | { readonly kind: "deleted" }
  | { readonly kind: "created" };

/** A change of one of Writ's objects that the guard is about to admit: one key of the revocation register. */
export interface Intent {
  readonly plural: KindRef["plural"];
  /** Absent for cluster-scoped kinds. */
  readonly namespace: string | undefined;
  readonly name: string;
  readonly uid: string;
  readonly change: IntendedChange;
  /** The guard's clock, milliseconds since the epoch: told to people, and never compared with another clock. */
  readonly at: number;
  /** Uid of the review: no two writes of one key have the same value, so that pruning an old one spares a new one. */
  readonly call: string;
}

/** The shape of an intent in the register: a key and a value of its `data`. */
export interface IntentEntry {
  readonly key: string;
  readonly value: string;
}

/**
 * The change that a call makes of an object, as far as the register must know of it; undefined when no decision could
 * rest on the difference. A new approval takes nothing from anybody, a new owner or capability may: a rival claim, a
 * second owner of an agent, a rule of higher risk.
 */
export function intendedChange(
  old: WritObject | undefined,
  object: WritObject | undefined,
): IntendedChange | undefined {
  if (!object) return { kind: "deleted" };
  if (!old) return object.kind === "ElevationApproval" ? undefined : { kind: "created" };
  if (canonicalJson(object.spec) === canonicalJson(old.spec)) return undefined;
  return { kind: "updated", generation: old.metadata.generation ?? Number.NaN };
}

/** Letters, digits, `-`, `_` and `.` are what the API server takes for a key of a ConfigMap. */
const keyForm = /^([0-9A-Za-z-]{1,64})\.(created|deleted|[1-9][0-9]{0,14})$/;
const nameForm = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const callForm = /^[0-9A-Za-z-]{1,64}$/;
const plurals: ReadonlyMap<string, KindRef> = new Map(
  [identityOwners, agentCapabilities, elevationApprovals].map((kind) => [kind.plural, kind]),
);

/** The entry of an intent. @throws when it could not be read again: such a change must not be admitted. */
export function intentEntry(intent: Intent): IntentEntry {
  const { plural, namespace, name, uid, change, at, call } = intent;
  const key = `${uid}.${change.kind === "updated" ? change.generation : change.kind}`;
  const place = namespace === undefined ? name : `${namespace}/${name}`;
  const value = `${plural} ${place} ${new Date(at).toISOString()} ${call}`;
  if (!parseIntent(key, value)) throw new Error(`an intent that cannot be written: ${JSON.stringify({ key, value })}`);
  return { key, value };
}

/** Reads an entry, which may hold anything; undefined when no guard wrote it. */
export function parseIntent(key: string, value: string): Intent | undefined {
  const [, uid, what] = keyForm.exec(key) ?? [];
  const [plural = "", place = "", time = "", call = "", ...more] = value.split(" ");
  const kind = plurals.get(plural);
  const at = parseTimestamp(time);
  const [first = "", second, ...rest] = place.split("/");
  const [namespace, name] = second === undefined ? [undefined, first] : [first, second];
  if (uid === undefined || what === undefined || !kind || at === undefined || more.length > 0 || rest.length > 0) {
    return undefined;
  }
  if (kind.namespaced !== (namespace !== undefined) || !callForm.test(call)) return undefined;
  if (!nameForm.test(name) || (namespace !== undefined && !nameForm.test(namespace))) return undefined;
  const change: IntendedChange =
    what === "created" || what === "deleted" ? { kind: what } : { kind: "updated", generation: Number(what) };
  return { plural: kind.plural, namespace, name, uid, change, at, call };
}

/**
 * Whether an object shows that the intended change, or one after it, has happened to it. `seen` is what a view holds
 * under the name that the intent names. What cannot be told from it, such as an update of an object that the view does
 * not hold, is not resolved.
 */
export function isResolved({ uid, change }: Intent, seen: ObjectMeta | undefined): boolean {
  const same = seen !== undefined && seen.uid === uid;
  switch (change.kind) {
    case "updated":
      return same && (seen.generation ?? 0) > change.generation;
    case "created":
      return same;
    case "deleted":
      return !same || seen.deletionTimestamp !== undefined;
  }
}
