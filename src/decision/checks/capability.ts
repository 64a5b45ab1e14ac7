import { capabilityProblem } from "../../api/capability-state.ts";
import type { CapabilityProblem } from "../../api/capability-state.ts";
import type { Effect } from "../../api/effect.ts";
import { missOrder } from "../coverage.ts";
import type { Miss } from "../coverage.ts";
import { deny } from "../deny.ts";
import { describeEffect, describeOwner } from "../describe.ts";
import { byCapability, coversAll } from "../facts.ts";
import type { Facts, RuleResult } from "../facts.ts";
import type { ReasonCode } from "../reason.ts";
import type { Denial, NearestMiss } from "../verdict.ts";

/** Some capability in force covers every effect of the write with its rules. */
export function checkCapability(facts: Facts): Denial | undefined {
  const { agent, capabilities, snapshot, now, settings } = facts;
  if (capabilities.length === 0) {
    return deny(
      "NoCapability",
      `no AgentCapability names agent ${agent}, so it may write nothing`,
      "ask a policy owner for an AgentCapability that names it in spec.agents",
    );
  }
  let problem: { readonly found: CapabilityProblem; readonly result: RuleResult } | undefined;
  for (const results of byCapability(facts)) {
    const [result] = results;
    if (!result || !coversAll(facts, results)) continue;
    const found = capabilityProblem(result.capability, snapshot.owners, now, settings.trust);
    if (!found) return undefined;
    problem ??= { found, result };
  }
  if (!problem) return noRule(facts);
  const owner = problem.result.capability.spec.policyOwnerName;
  return deny(
    problem.found.code,
    problem.found.message,
    `ask policy owner ${describeOwner(snapshot.owners.get(owner), owner)}`,
    { nearest: nearestOf(problem.result, problem.found.code) },
  );
}

/** The effect that the nearest capability leaves uncovered, and the rule that comes nearest to covering it. */
interface NearestRule {
  readonly effect: Effect;
  readonly index: number;
  readonly result: RuleResult;
  readonly miss: Miss;
}

function noRule(facts: Facts): Denial {
  const { agent, effects, snapshot } = facts;
  const nearest = nearestRule(facts);
  if (!nearest) return deny("NoRule", `no rule lets ${agent} ${describeEffect(effects[0])}`, "ask the policy owner");
  const { effect, index, result, miss } = nearest;
  const owner = result.capability.spec.policyOwnerName;
  const name = result.capability.metadata.name;
  const because = index === 0 ? "" : ` as this request does (${describeEffect(effects[0])})`;
  return deny(
    codeOf(miss),
    `no rule lets ${agent} ${describeEffect(effect)}${because}; the nearest is rule "${result.rule.name}" of AgentCapability "${name}", which ${missText(result, miss)}`,
    `ask policy owner ${describeOwner(snapshot.owners.get(owner), owner)} for a rule, or do what the rule covers`,
    { nearest: nearestOf(result, miss.part) },
  );
}

function codeOf({ part }: Miss): ReasonCode {
  if (part === "fields") return "FieldNotCovered";
  return part === "schema" ? "SchemaViolated" : "NoRule";
}

/** Of the capability that covers most, the first effect that it leaves out, with the rule that misses it last. */
function nearestRule(facts: Facts): NearestRule | undefined {
  let best: (NearestRule & { readonly covered: number }) | undefined;
  for (const results of byCapability(facts)) {
    const uncovered = facts.effects.findIndex((_, index) => results.every(({ misses }) => misses[index] !== undefined));
    const effect = facts.effects[uncovered];
    if (!effect) continue;
    const covered = facts.effects.filter((_, index) =>
      results.some(({ misses }) => misses[index] === undefined),
    ).length;
    for (const result of results) {
      const miss = result.misses[uncovered];
      if (!miss) continue;
      const candidate = { effect, index: uncovered, result, miss, covered };
      if (!best || covered > best.covered || (covered === best.covered && isNearer(miss, best.miss))) best = candidate;
    }
  }
  return best;
}

function isNearer(a: Miss, b: Miss): boolean {
  const [left, right] = [missOrder.indexOf(a.part), missOrder.indexOf(b.part)];
  return left > right || (left === right && (a.outside ?? 0) < (b.outside ?? 0));
}

function nearestOf({ capability, rule }: RuleResult, missed: string): NearestMiss {
  return { kind: "AgentCapability", name: capability.metadata.name, rule: rule.name, missed };
}

function missText({ rule }: RuleResult, { part, detail = "" }: Miss): string {
  switch (part) {
    case "resources":
      return `covers ${rule.resources.join(", ")} of ${rule.apiGroups.map((group) => group || "core").join(", ")} only`;
    case "protected":
      return "would have to be High and name this protected resource and its group literally";
    case "operations":
      return `covers ${rule.operations.join(", ")} only`;
    case "apiVersions":
      return `covers version ${(rule.apiVersions ?? []).join(", ")} only`;
    case "scope":
      return `covers ${rule.scope} objects only`;
    case "namespaces":
      return `covers namespace ${(rule.namespaces ?? []).join(", ")} only`;
    case "resourceNames":
      return `covers the names ${(rule.resourceNames ?? []).join(", ")} only`;
    case "fields":
      return `lets change ${(rule.fields ?? []).join(", ")} only, and this changes ${detail}`;
    case "schema":
      return `has a schema that the result does not keep: ${detail}`;
  }
}
