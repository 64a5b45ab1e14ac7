import type { Intent } from "../../../../src/api/register/intent.ts";
import { randomOf } from "../../decision/oracle/random.ts";
import type { Random } from "../../decision/oracle/random.ts";
import { advance, advanceRegisterRead, deliver, isReady, look, newGate, relist } from "./gate.ts";
import type { Gate, Request } from "./gate.ts";
import { advanceChange, advancePruner, announce, requestTimeout } from "./people.ts";
import type { Change, Pruner } from "./people.ts";
import type { Rules } from "./rules.ts";
import { basis, keyOf, makeRegister, newServer, outsiders, plurals } from "./world.ts";
import type { Server } from "./world.ts";

/** How often things happen: weights of the steps, and what this schedule may do at all. */
export interface Weather {
  readonly steps: number;
  readonly weights: Readonly<Record<Step, number>>;
  /** In how many of a hundred changes something broken is mended, where there is any. */
  readonly mends: number;
  /** Objects that people break; absent: all. */
  readonly targets?: readonly Name[];
}

export type Step =
  | "change" // somebody asks for a change
  | "goOn" // one step of a change
  | "guardDies" // a change is given up by a guard that dies
  | "request" // an agent's write arrives at a gate
  | "serve" // one step of a request
  | "register" // one step of a gate's read of the register
  | "deliver" // a line of a watch
  | "stick" // a watch stops bringing anything
  | "unstick"
  | "relist" // one step of a full read
  | "moment" // a second passes
  | "minutes" // up to four minutes pass
  | "prune"
  | "pruners die"
  | "gateDies"
  | "registerDeleted"
  | "registerReplaced" // by hand, and empty
  | "registerScribbled"; // an entry gets a value that means nothing

/** An allow that rests on a version that had been replaced before its request arrived. */
export interface StaleAllow {
  readonly seed: number;
  readonly step: number;
  readonly object: string;
}

export interface Outcome {
  readonly stale: StaleAllow | undefined;
  /** Of the requests that the register alone proved current, and of those that were proven by reads. */
  readonly allowed: { readonly byRegister: number; readonly byReads: number };
}

interface State {
  readonly random: Random;
  readonly rules: Rules;
  readonly weather: Weather;
  readonly server: Server;
  readonly gates: Gate[];
  readonly pruner: Pruner;
  readonly acknowledged: Map<string, number>;
  readonly allowed: { byRegister: number; byReads: number };
  changes: Change[];
  /** Announcements of changes that have been made already: no guard of ours does that. */
  late: Intent[];
  now: number;
}

const linesAreUnderWayAtMost = 60_000;

type Name = readonly [plural: Intent["plural"], name: string];

const basisNames: readonly Name[] = [
  ...basis.owners.map((name) => ["identityowners", name] as const),
  ...basis.capabilities.map((name) => ["agentcapabilities", name] as const),
  ...basis.approvals.map((name) => ["elevationapprovals", name] as const),
];

/** Runs one schedule; everything follows from the seed. */
export function simulate(seed: number, rules: Rules, weather: Weather): Outcome {
  const state: State = {
    random: randomOf(seed, "register"),
    rules,
    weather,
    server: newServer(),
    gates: [],
    pruner: { sightings: new Map(), planned: undefined },
    acknowledged: new Map(),
    allowed: { byRegister: 0, byReads: 0 },
    changes: [],
    late: [],
    now: 0,
  };
  for (let index = 0; index < 2; index++) state.gates.push(readyGate(state));
  for (let step = 0; step < weather.steps; step++) {
    const object = takeStep(state, chooseStep(state));
    if (object !== undefined) return { stale: { seed, step, object }, allowed: state.allowed };
  }
  return { stale: undefined, allowed: state.allowed };
}

function readyGate(state: State): Gate {
  const gate = newGate(() => state.now);
  if (state.rules.looksAtStart) {
    gate.memory = state.rules.rememberRegister(undefined, state.server.register?.uid, state.now);
  }
  for (const plural of plurals) {
    relist(gate, state.server, plural);
    relist(gate, state.server, plural);
  }
  return gate;
}

function chooseStep({ random, weather }: State): Step {
  const entries = Object.entries(weather.weights) as [Step, number][];
  let left = random.below(entries.reduce((sum, [, weight]) => sum + weight, 0));
  for (const [step, weight] of entries) {
    if (left < weight) return step;
    left -= weight;
  }
  return "moment";
}

/** Takes a step; the object on whose old version a write was admitted, if one was. */
function takeStep(state: State, step: Step): string | undefined {
  const { random, rules, server } = state;
  const gate = random.pick(state.gates);
  const plural = random.pick(plurals);
  const watch = gate.watches[plural];
  switch (step) {
    case "change":
      state.changes.push(newChange(state));
      return undefined;
    case "goOn":
      return goOn(state);
    case "guardDies": {
      const index = random.below(Math.max(1, state.changes.length));
      if (state.changes[index]?.phase.kind !== "stored") state.changes.splice(index, 1);
      return undefined;
    }
    case "request":
      if (isReady(gate)) gate.requests.push(newRequest(state));
      return undefined;
    case "serve":
      return serve(state, gate);
    case "register":
      advanceRegisterRead(gate, server, rules, state.now);
      return undefined;
    case "deliver":
      if (!watch.stuck) deliver(gate, server, plural, rules);
      return undefined;
    case "stick":
      watch.stuck = true;
      return undefined;
    case "unstick":
      if (watch.stuck) unstick(state, gate, plural);
      return undefined;
    case "relist":
      if (watch.position === undefined) relist(gate, server, plural);
      return undefined;
    case "moment":
      pass(state, 1 + random.below(1000));
      return undefined;
    case "minutes":
      pass(state, 1 + random.below(240_000));
      return undefined;
    case "prune":
      advancePruner(state.pruner, server, rules, state.now);
      return undefined;
    case "pruners die":
      state.pruner.sightings = new Map();
      state.pruner.planned = undefined;
      return undefined;
    case "gateDies":
      state.gates.splice(state.gates.indexOf(gate), 1, readyGate(state));
      return undefined;
    case "registerDeleted":
      server.register = undefined;
      return undefined;
    case "registerReplaced":
      makeRegister(server, new Map());
      return undefined;
    case "registerScribbled": {
      const { register } = server;
      if (!register || register.data.size === 0) return undefined;
      const key = random.pick([...register.data.keys()]);
      server.register = { ...register, data: new Map([...register.data, [key, `scribble ${random.below(1000)}`]]) };
      return undefined;
    }
  }
}

/** Mends what is broken, so that there is something to revoke, or breaks something. */
function newChange({ random, weather, server, now }: State): Change {
  const isHarmless = (name: Name): boolean | undefined => server.objects.get(keyOf(name[0], name[1]))?.harmless;
  const broken = [
    ...basisNames.filter((name) => isHarmless(name) !== true),
    ...outsiders.filter((name) => isHarmless(name) === false),
  ];
  const mends = broken.length > 0 && random.chance(weather.mends);
  const target = mends ? random.pick(broken) : random.pick(weather.targets ?? [...basisNames, ...outsiders]);
  const exists = isHarmless(target) !== undefined;
  const what = mends
    ? exists
      ? "heal"
      : "create harmless"
    : exists
      ? random.pick(["harm", "harm", "delete", "status"] as const)
      : random.pick(["create harm", "create harmless"] as const);
  return { plural: target[0], name: target[1], what, phase: { kind: "begun" }, begunAt: now };
}

function goOn(state: State): undefined {
  const { random, rules, server, changes, acknowledged, now } = state;
  const [late] = state.late;
  if (late && random.chance(50)) {
    if (announce(server, late, rules)) state.late = state.late.slice(1);
    return undefined;
  }
  if (changes.length === 0) return undefined;
  const change = random.pick(changes);
  const end = advanceChange(change, server, rules, now);
  if (end === undefined) return undefined;
  if (change.phase.kind === "stored" && change.phase.late) state.late = [...state.late, change.phase.late];
  state.changes = changes.filter((other) => other !== change);
  const key = keyOf(change.plural, change.name);
  if (end !== "over") acknowledged.set(key, Math.max(end, acknowledged.get(key) ?? 0));
  return undefined;
}

function newRequest({ acknowledged }: State): Request {
  return {
    acknowledged: new Map(acknowledged),
    phase: { kind: "arrived" },
    intents: [],
    gap: false,
    rounds: 0,
    read: new Map(),
  };
}

function serve(state: State, gate: Gate): string | undefined {
  if (gate.requests.length === 0) return undefined;
  const request = state.random.pick(gate.requests);
  const answer = advance(gate, request, state.server, state.rules);
  if (answer === undefined) return undefined;
  gate.requests = gate.requests.filter((other) => other !== request);
  if (answer === "deny") return undefined;
  state.allowed[request.gap ? "byReads" : "byRegister"] += 1;
  return staleObject(gate, request);
}

/** Reads prove nothing of what the verdict does not rest on (docs/reference/threat-model.md). */
function staleObject(gate: Gate, request: Request): string | undefined {
  const inScope = request.gap ? basisNames : [...basisNames, ...outsiders];
  const stale = inScope.find(
    ([plural, name]) =>
      look(gate, request, plural, name).revision < (request.acknowledged.get(keyOf(plural, name)) ?? 0),
  );
  return stale && keyOf(stale[0], stale[1]);
}

/** What stood still for less than the silence brings all that waited; what did so for longer is for `heard` to judge. */
function unstick({ server, rules }: State, gate: Gate, plural: Intent["plural"]): void {
  const watch = gate.watches[plural];
  watch.stuck = false;
  if (!watch.freshness.silent()) deliverAll(gate, server, plural, rules);
}

function deliverAll(gate: Gate, server: Server, plural: Intent["plural"], rules: Rules): void {
  for (let position; position !== gate.watches[plural].position;) {
    position = gate.watches[plural].position;
    deliver(gate, server, plural, rules);
  }
}

/** Lets time pass: lines arrive that have been under way for long, bookmarks are sent, and what is late is given up. */
function pass(state: State, milliseconds: number): void {
  const { server, rules, gates } = state;
  const long = milliseconds > 4000;
  if (long) {
    for (const gate of gates) {
      gate.requests = [];
      gate.waiting = [];
      gate.running = undefined;
    }
  }
  for (let left = milliseconds; left > 0; left -= linesAreUnderWayAtMost) {
    state.now += Math.min(left, linesAreUnderWayAtMost);
    if (!long) continue;
    for (const plural of plurals) {
      for (const gate of gates) if (!gate.watches[plural].stuck) deliverAll(gate, server, plural, rules);
      server.lines[plural].push({ type: "bookmark", revision: server.revision });
    }
  }
  state.changes = state.changes.filter(
    ({ phase, begunAt }) => phase.kind === "stored" || state.now - begunAt <= requestTimeout,
  );
}
