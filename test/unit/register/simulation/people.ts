import { incompleteKey } from "../../../../src/api/register/content.ts";
import { intentEntry } from "../../../../src/api/register/intent.ts";
import type { Intent } from "../../../../src/api/register/intent.ts";
import type { Sightings } from "../../../../src/api/register/pruning.ts";
import type { Rules } from "./rules.ts";
import { asWritObject, create, keyOf, makeRegister, newUid, remove, store } from "./world.ts";
import type { Server, SimObject } from "./world.ts";

/** A change that somebody asked for, on its way through API server and guard. */
export interface Change {
  readonly plural: Intent["plural"];
  readonly name: string;
  readonly what: "harm" | "heal" | "delete" | "create harm" | "create harmless" | "status";
  phase:
    | { readonly kind: "begun" }
    /** The guard was asked about a change of this version. */
    | { readonly kind: "guarded"; readonly old: SimObject | undefined; readonly uid: string }
    | { readonly kind: "announced"; readonly old: SimObject | undefined; readonly uid: string }
    | { readonly kind: "stored"; readonly revision: number; readonly late: Intent | undefined; readonly spec: boolean };
  readonly begunAt: number;
}

/** The API server gives up a request after a minute. */
export const requestTimeout = 60_000;

/** More keys than this are too many; the real bound counts bytes and has its own tests. */
const bound = 5;

/** Goes on with a change; the revision of a changed spec that was acknowledged, `over`, or nothing yet. */
export function advanceChange(change: Change, server: Server, rules: Rules, now: number): number | "over" | undefined {
  const { plural, name, what, phase } = change;
  const key = keyOf(plural, name);
  const present = server.objects.get(key);
  switch (phase.kind) {
    case "begun": {
      if ((present === undefined) !== what.startsWith("create")) return "over";
      const uid = present?.uid ?? newUid(server);
      change.phase = { kind: what === "status" ? "announced" : "guarded", old: present, uid };
      return undefined;
    }
    case "guarded": {
      const intent =
        rules.announces === "before the answer" ? intentOf(change, phase.old, phase.uid, rules, now) : undefined;
      if (intent && !announce(server, intent, rules)) return undefined;
      change.phase = { ...phase, kind: "announced" };
      return undefined;
    }
    case "announced": {
      // Another change came between: the API server tries again, and asks the guard again.
      if (present?.revision !== phase.old?.revision) {
        change.phase = { kind: "begun" };
        return undefined;
      }
      const late =
        rules.announces === "after the answer" ? intentOf(change, phase.old, phase.uid, rules, now) : undefined;
      const harmless = present?.harmless;
      commit(change, server, present, phase.uid);
      const spec = server.objects.get(key)?.harmless !== harmless;
      change.phase = { kind: "stored", revision: server.revision, late, spec };
      return undefined;
    }
    case "stored":
      return phase.spec ? phase.revision : "over";
  }
}

function commit({ plural, name, what }: Change, server: Server, present: SimObject | undefined, uid: string): void {
  if (!present) return create(server, plural, name, what === "create harmless", uid);
  if (what === "delete") return remove(server, plural, name);
  if (what === "status") return store(server, present);
  const harmless = what === "heal";
  const generation = present.generation + (present.harmless === harmless ? 0 : 1);
  return store(server, { ...present, harmless, generation });
}

function intentOf(
  { plural, name, what }: Change,
  old: SimObject | undefined,
  uid: string,
  rules: Rules,
  now: number,
): Intent | undefined {
  if (what === "status") return undefined;
  const after: SimObject = {
    ...(old ?? { plural, name, uid, generation: 1, revision: 0 }),
    harmless: what === "heal" || what === "create harmless",
  };
  const intended = rules.intendedChange(old && asWritObject(old), what === "delete" ? undefined : asWritObject(after));
  if (!intended) return undefined;
  const [first = "", second] = name.split("/");
  const place = second === undefined ? { namespace: undefined, name: first } : { namespace: first, name: second };
  // A clock that is wrong by a day, and values that never repeat.
  const day = 86_400_000;
  return { plural, ...place, uid, change: intended, at: now + (now % 3) * day - day, call: `call-${(calls += 1)}` };
}

let calls = 0;

/** One step of the guard's write; false when there is another to come. */
export function announce(server: Server, intent: Intent, rules: Rules): boolean {
  const { register } = server;
  const mark = [incompleteKey, `mark-${(calls += 1)}`] as const;
  if (!register) {
    makeRegister(server, new Map(rules.marks.made ? [mark] : []));
    return false;
  }
  if (register.data.size > bound) {
    server.register = { ...register, data: new Map(rules.marks.emptied ? [mark] : []) };
    return true;
  }
  const { key, value } = intentEntry(intent);
  server.register = { ...register, data: new Map([...register.data, [key, value]]) };
  return true;
}

export interface Pruner {
  sightings: Sightings;
  /** What is to be taken out, of which register. */
  planned: { readonly uid: string; readonly entries: readonly (readonly [string, string])[] } | undefined;
}

/** Looks, or takes out what it found old when it looked. */
export function advancePruner(pruner: Pruner, server: Server, rules: Rules, now: number): void {
  const { register } = server;
  const { planned } = pruner;
  pruner.planned = undefined;
  if (!register) return;
  if (!planned) {
    pruner.sightings = rules.sightEntries(pruner.sightings, [...register.data], now);
    const entries = rules.prunable(pruner.sightings, now);
    if (entries.length > 0) pruner.planned = { uid: register.uid, entries };
    return;
  }
  const holds =
    planned.uid === register.uid && planned.entries.every(([key, value]) => register.data.get(key) === value);
  if (rules.prunesTested && !holds) return;
  const gone = new Set(planned.entries.map(([key]) => key));
  server.register = { ...register, data: new Map([...register.data].filter(([key]) => !gone.has(key))) };
}
