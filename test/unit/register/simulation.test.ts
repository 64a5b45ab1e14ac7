import { describe, expect, test } from "vitest";
import { incompleteKey, readRegister, registerEntries } from "../../../src/api/register/content.ts";
import { intentLife } from "../../../src/api/register/continuity.ts";
import { intendedChange, parseIntent } from "../../../src/api/register/intent.ts";
import type { IntendedChange } from "../../../src/api/register/intent.ts";
import { namesToRead } from "../../../src/api/register/names-to-read.ts";
import { prunable, sightEntries } from "../../../src/api/register/pruning.ts";
import { rules } from "./simulation/rules.ts";
import type { Rules } from "./simulation/rules.ts";
import { simulate } from "./simulation/simulation.ts";
import type { StaleAllow, Step, Weather } from "./simulation/simulation.ts";

const weights: Readonly<Record<Step, number>> = {
  change: 4,
  goOn: 40,
  guardDies: 1,
  request: 12,
  serve: 90,
  register: 50,
  deliver: 40,
  stick: 1,
  unstick: 1,
  relist: 4,
  moment: 6,
  minutes: 2,
  prune: 4,
  "pruners die": 0.1,
  gateDies: 0.3,
  registerDeleted: 0.2,
  registerReplaced: 0,
  registerScribbled: 0,
};
const fair: Weather = { steps: 600, mends: 85, weights };
const bad = (mods: Partial<Record<Step, number>>, rest: Partial<Weather> = {}): Weather => ({
  ...fair,
  ...rest,
  weights: { ...weights, ...mods },
});

/** Schedules for each weather; more can be asked for, to search longer. */
const schedules = Number(process.env["WRIT_TEST_SCHEDULES"] ?? 400);

/** The first stale allow; everything follows from the seed. */
function search(weakened: Partial<Rules>, weather: Weather): StaleAllow | undefined {
  for (let seed = 1; seed <= 20_000; seed++) {
    const { stale } = simulate(seed, { ...rules, ...weakened }, weather);
    if (stale) return stale;
  }
  return undefined;
}

function ignoring(kind: IntendedChange["kind"]): Partial<Rules> {
  return {
    intendedChange: (old, object) => {
      const change = intendedChange(old, object);
      return change?.kind === kind ? undefined : change;
    },
  };
}

const sameGenerationWillDo: Partial<Rules> = {
  namesToRead: (question) =>
    namesToRead({
      ...question,
      seen: (intent) => {
        const seen = question.seen(intent);
        return seen && { ...seen, generation: (seen.generation ?? 0) + 1 };
      },
    }),
};

const basisOnly: Rules["namesToRead"] = (question) => {
  const { owners, capabilities, approvals } = namesToRead(question);
  return {
    owners: owners.filter((name) => question.restsOn.owners.includes(name)),
    capabilities: capabilities.filter((name) => question.restsOn.capabilities.includes(name)),
    approvals,
  };
};

const blindToMarks: Rules["readRegister"] = (object) => {
  const content = readRegister(object);
  return content && { ...content, complete: true };
};

const blindToScribbles: Rules["readRegister"] = (object) => {
  const marked = registerEntries(object)?.some(([key]) => key === incompleteKey) === true;
  const content = readRegister(object);
  return content && { ...content, complete: !marked };
};

const byKey: Rules["sightEntries"] = (known, entries, now) => {
  const seen = sightEntries(known, entries, now);
  return new Map(
    [...seen].map(([key, { value, seenAt }]) => [key, { value, seenAt: known.get(key)?.seenAt ?? seenAt }]),
  );
};

const byClock: Rules["prunable"] = (sightings, now) =>
  [...sightings].flatMap(([key, { value }]) => {
    const intent = parseIntent(key, value);
    return intent && now - intent.at >= intentLife ? [[key, value] as const] : [];
  });

const approval = [["elevationapprovals", "payments-prod/inc"]] as const;
/** Watches stand still for minutes while intents are pruned. */
const standstill = bad({ stick: 3, unstick: 1, minutes: 5, prune: 12, relist: 1, gateDies: 0, registerDeleted: 0 });
/** Guards die between announcing and admitting, so that keys are written twice. */
const dyingGuards = bad(
  { guardDies: 12, minutes: 5, prune: 12, deliver: 10, gateDies: 0, registerDeleted: 0, stick: 2 },
  { targets: approval, steps: 800 },
);
/** The register is replaced by hand, while gates live on. */
const replacedByHand = bad({ registerReplaced: 2, gateDies: 0, registerDeleted: 0 });
/** Gates start while the register is missing or just made. */
const lostRegister = bad({ registerDeleted: 3, gateDies: 5, deliver: 10, minutes: 1 });
/** Somebody writes into the register what no guard writes. */
const scribbled = bad({ registerScribbled: 2, registerDeleted: 0 });
/** The same, in a hurry, so that changes are under way meanwhile. */
const remade = bad({ registerDeleted: 4, gateDies: 12, deliver: 5, minutes: 0, moment: 2, prune: 0, change: 8 });
const busy = bad({ change: 25, goOn: 60, gateDies: 0, registerDeleted: 0 });

const weathers: readonly (readonly [string, Weather])[] = [
  ["fair weather", fair],
  ["watches that stand still", standstill],
  ["guards that die", dyingGuards],
  ["a register replaced by hand", replacedByHand],
  ["a register that is lost while gates start", lostRegister],
  ["a register that somebody scribbles in", scribbled],
  ["so many changes that the register is emptied", busy],
];

describe("no allow rests on what was revoked before its request arrived", () => {
  test.each(weathers)("in %s", (_, weather) => {
    let [byRegister, byReads] = [0, 0];
    for (let seed = 1; seed <= schedules; seed++) {
      const { stale, allowed } = simulate(seed, rules, weather);
      expect(stale).toBeUndefined();
      byRegister += allowed.byRegister;
      byReads += allowed.byReads;
    }
    expect(byRegister).toBeGreaterThan(50);
    expect(byReads).toBeGreaterThan(50);
  });
});

describe("each rule is needed: without it the search finds a stale allow, where the guard", () => {
  const weakened: readonly (readonly [string, Partial<Rules>, Weather])[] = [
    ["announces nothing", { announces: "never" }, fair],
    ["announces after it has answered", { announces: "after the answer" }, fair],
    ["announces no updates", ignoring("updated"), fair],
    ["announces no deletions", ignoring("deleted"), fair],
    ["announces no creations", ignoring("created"), fair],
    ["does not mark a register that it makes anew", { marks: { made: false, emptied: true } }, remade],
    ["does not mark a register that it empties", { marks: { made: true, emptied: false } }, busy],
    // The gate
    ["does not look at the register when it starts", { looksAtStart: false }, replacedByHand],
    ["leaves out what it cannot read", { readRegister: blindToScribbles }, scribbled],
    ["shares a read of the register that had begun before", { sharesRunningRead: true }, fair],
    ["takes an intent for resolved by the generation that it names", sameGenerationWillDo, fair],
    ["reads only what the verdict rests on", { namesToRead: basisOnly }, fair],
    ["reads no approvals", { namesToRead: (q) => ({ ...namesToRead(q), approvals: [] }) }, fair],
    ["takes a register for complete that is marked as incomplete", { readRegister: blindToMarks }, lostRegister],
    ["takes any register for the one that it knew", { isContinuous: () => true }, replacedByHand],
    ["trusts another register at once", { isContinuous: ({ uid }) => uid !== undefined }, replacedByHand],
    ["trusts a silent watch", { trustsSilence: true }, standstill],
    ["takes late lines for the end of a silence", { lateLinesCount: true }, standstill],
    // The operator
    ["prunes what is a minute old", { prunable: (s, now) => prunable(s, now + 9 * 60_000) }, standstill],
    ["goes by the key and not by the value", { sightEntries: byKey }, dyingGuards],
    ["goes by the guards' clocks", { prunable: byClock }, standstill],
    ["takes out what was written anew", { prunesTested: false }, dyingGuards],
  ];
  test.each(weakened)("%s", (_, rule, weather) => {
    expect(search(rule, weather)).toBeDefined();
  });
});
