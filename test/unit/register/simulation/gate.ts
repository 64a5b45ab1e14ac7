import type { ObjectMeta } from "../../../../src/api/object-meta.ts";
import type { RegisterMemory } from "../../../../src/api/register/continuity.ts";
import type { Intent } from "../../../../src/api/register/intent.ts";
import { nameOf } from "../../../../src/api/register/names-to-read.ts";
import type { ObjectNames } from "../../../../src/api/register/names-to-read.ts";
import { createFreshness } from "../../../../src/kube/freshness.ts";
import type { Freshness, Instant } from "../../../../src/kube/freshness.ts";
import { defaultReflectorLimits } from "../../../../src/kube/reflector-limits.ts";
import type { Rules } from "./rules.ts";
import { basis, keyOf, plurals, registerObject } from "./world.ts";
import type { Line, Server, SimObject } from "./world.ts";

/** What a view holds of one object, and up to which revision that is known. */
export interface Seen {
  readonly object: SimObject | undefined;
  readonly revision: number;
}

interface Watch {
  freshness: Freshness;
  readonly content: Map<string, Seen>;
  /** Of all that has no entry of its own. */
  listedAt: number;
  /** How many lines have been delivered; undefined: the watch has ended and everything must be read again. */
  position: number | undefined;
  /** A full read that has begun. */
  reading: Instant | undefined;
  synced: boolean;
  /** Nothing comes through, and nobody has noticed. */
  stuck: boolean;
}

export interface Request {
  readonly acknowledged: ReadonlyMap<string, number>;
  phase:
    | { readonly kind: "arrived" }
    | { readonly kind: "waits for the register" }
    | { readonly kind: "judges" }
    | { readonly kind: "reads"; readonly names: readonly (readonly [Intent["plural"], string])[] };
  intents: readonly Intent[];
  gap: boolean;
  rounds: number;
  readonly read: Map<string, Seen>;
}

interface RegisterRead {
  readonly requests: Request[];
  /** What the API server answered; absent: it has not read yet. */
  answer: { readonly object: unknown } | undefined;
}

/** One replica's gate: caches by watches, one read of the register at a time. */
export interface Gate {
  readonly watches: Readonly<Record<Intent["plural"], Watch>>;
  requests: Request[];
  running: RegisterRead | undefined;
  memory: RegisterMemory | undefined;
  /** Requests that the next read of the register is for. */
  waiting: Request[];
}

export function newGate(clock: () => number): Gate {
  const watch = (): Watch => ({
    freshness: newFreshness(clock),
    content: new Map(),
    listedAt: 0,
    position: undefined,
    reading: undefined,
    synced: false,
    stuck: false,
  });
  return {
    watches: { identityowners: watch(), agentcapabilities: watch(), elevationapprovals: watch() },
    requests: [],
    running: undefined,
    memory: undefined,
    waiting: [],
  };
}

function newFreshness(clock: () => number): Freshness {
  return createFreshness({ now: clock, wall: clock }, defaultReflectorLimits.unheard);
}

export const isReady = (gate: Gate): boolean => plurals.every((plural) => gate.watches[plural].synced);

/** Delivers the next line of a watch, if one is under way. */
export function deliver(gate: Gate, server: Server, plural: Intent["plural"], rules: Rules): void {
  const watch = gate.watches[plural];
  const line: Line | undefined = watch.position === undefined ? undefined : server.lines[plural][watch.position];
  if (!line || watch.position === undefined) return;
  if (!watch.freshness.heard()) {
    if (!rules.lateLinesCount) {
      watch.position = undefined;
      return;
    }
    watch.freshness.readInFull(watch.freshness.instant());
  }
  watch.position += 1;
  if (line.type === "event") watch.content.set(line.name, { object: line.object, revision: line.revision });
}

/** Begins or ends a full read: of what the API server has when it ends, known to be no older than when it began. */
export function relist(gate: Gate, server: Server, plural: Intent["plural"]): void {
  const watch = gate.watches[plural];
  if (watch.reading === undefined) {
    watch.reading = watch.freshness.instant();
    return;
  }
  watch.content.clear();
  for (const object of server.objects.values()) {
    if (object.plural === plural) watch.content.set(object.name, { object, revision: server.revision });
  }
  watch.listedAt = server.revision;
  watch.position = server.lines[plural].length;
  watch.freshness.readInFull(watch.reading);
  watch.reading = undefined;
  watch.synced = true;
}

/** What the request sees of an object: as read by name, else as cached. */
export function look(gate: Gate, request: Request, plural: Intent["plural"], name: string): Seen {
  const read = request.read.get(keyOf(plural, name));
  return read ?? cached(gate, plural, name);
}

function cached(gate: Gate, plural: Intent["plural"], name: string): Seen {
  const { content, listedAt } = gate.watches[plural];
  return content.get(name) ?? { object: undefined, revision: listedAt };
}

const nothing: ObjectNames = { owners: [], capabilities: [], approvals: [] };

/** The decision of the simulation, and what it rests on. */
function judge(gate: Gate, request: Request): { readonly allow: boolean; readonly restsOn: ObjectNames } {
  const harmless = (plural: Intent["plural"], name: string): boolean =>
    look(gate, request, plural, name).object?.harmless === true;
  const policies =
    basis.owners.every((name) => harmless("identityowners", name)) &&
    basis.capabilities.every((name) => harmless("agentcapabilities", name)) &&
    look(gate, request, "identityowners", "outside").object?.harmless !== false &&
    look(gate, request, "agentcapabilities", "riskier").object?.harmless !== false;
  if (!policies) return { allow: false, restsOn: nothing };
  const allow = basis.approvals.every((name) => harmless("elevationapprovals", name));
  return { allow, restsOn: allow ? basis : { ...nothing, approvals: basis.approvals } };
}

/** Goes on with a request; true when it has been answered. */
export function advance(gate: Gate, request: Request, server: Server, rules: Rules): "allow" | "deny" | undefined {
  switch (request.phase.kind) {
    case "arrived": {
      const { restsOn } = judge(gate, request);
      if (isEmpty(restsOn)) return "deny";
      request.phase = { kind: "waits for the register" };
      if (rules.sharesRunningRead && gate.running) gate.running.requests.push(request);
      else gate.waiting.push(request);
      return undefined;
    }
    case "waits for the register":
      return undefined;
    case "judges": {
      const { allow, restsOn } = judge(gate, request);
      if (isEmpty(restsOn)) return "deny";
      const silent = plurals.some((plural) => gate.watches[plural].freshness.silent());
      if (silent && !rules.trustsSilence) request.gap = true;
      const seen = (intent: Intent): ObjectMeta | undefined => {
        const { object } = cached(gate, intent.plural, nameOf(intent));
        return object && { name: object.name, uid: object.uid, generation: object.generation };
      };
      const names = rules.namesToRead({ restsOn, intents: request.intents, seen, plainly: request.gap });
      const wanted = [
        ...names.owners.map((name) => ["identityowners", name] as const),
        ...names.capabilities.map((name) => ["agentcapabilities", name] as const),
        ...names.approvals.map((name) => ["elevationapprovals", name] as const),
      ].filter(([plural, name]) => !request.read.has(keyOf(plural, name)));
      if (wanted.length === 0) return allow ? "allow" : "deny";
      if ((request.rounds += 1) > 4) return "deny";
      request.phase = { kind: "reads", names: wanted };
      return undefined;
    }
    case "reads": {
      const [next, ...rest] = request.phase.names;
      if (next) {
        const key = keyOf(...next);
        request.read.set(key, { object: server.objects.get(key), revision: server.revision });
      }
      request.phase = rest.length === 0 ? { kind: "judges" } : { kind: "reads", names: rest };
      return undefined;
    }
  }
}

/** Begins the read of the register, lets the API server answer it, or takes the answer. */
export function advanceRegisterRead(gate: Gate, server: Server, rules: Rules, now: number): void {
  if (!gate.running) {
    if (gate.waiting.length === 0) return;
    gate.running = { requests: gate.waiting, answer: undefined };
    gate.waiting = [];
    return;
  }
  if (!gate.running.answer) {
    gate.running.answer = { object: registerObject(server) };
    return;
  }
  const { requests, answer } = gate.running;
  gate.running = undefined;
  const content = rules.readRegister(answer.object);
  gate.memory = rules.rememberRegister(gate.memory, content?.uid, now);
  const gap = !content?.complete || !rules.isContinuous(gate.memory, now);
  for (const request of requests) {
    request.intents = content?.intents ?? [];
    request.gap = gap;
    request.phase = { kind: "judges" };
  }
}

function isEmpty({ owners, capabilities, approvals }: ObjectNames): boolean {
  return owners.length + capabilities.length + approvals.length === 0;
}
