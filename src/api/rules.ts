import { effectResource } from "./effect.ts";
import type { Effect, EffectVerb } from "./effect.ts";
import { isProtected } from "./protected-set.ts";
import type { ProtectedResource } from "./protected-set.ts";
import type { AgentCapabilityRule } from "./types.gen.ts";

export type Risk = "Low" | "High";

/** Absent means High: nobody lowers a risk by forgetting to name it. */
export function ruleRisk(rule: AgentCapabilityRule): Risk {
  return rule.risk ?? "High";
}

export function highestRisk(risks: readonly Risk[]): Risk {
  return risks.every((risk) => risk === "Low") ? "Low" : "High";
}

/** Parts of a rule that a write can miss, the first to be asked first; the later the miss, the nearer the rule. */
export const ruleParts = [
  "resources",
  "protected",
  "operations",
  "apiVersions",
  "scope",
  "namespaces",
  "resourceNames",
] as const;
export type RulePart = (typeof ruleParts)[number];

export type RuleMatch = { readonly covers: true } | { readonly covers: false; readonly missed: RulePart };

/** Whether a rule covers an effect, or the first part that does not. */
export function matchRule(rule: AgentCapabilityRule, effect: Effect, more: readonly ProtectedResource[]): RuleMatch {
  const missed = firstMiss(rule, effect, more);
  return missed === undefined ? { covers: true } : { covers: false, missed };
}

function firstMiss(
  rule: AgentCapabilityRule,
  effect: Effect,
  more: readonly ProtectedResource[],
): RulePart | undefined {
  const resource = effectResource(effect);
  const namesGroup = rule.apiGroups.includes(effect.group);
  const namesResource = rule.resources.includes(resource);
  if (!namesGroup && !(rule.apiGroups.includes("*") && isBuiltInGroup(effect.group))) return "resources";
  if (!namesResource && !(rule.resources.includes("*") && effect.subresource === "")) return "resources";
  // What pods use is as good as protected: no wildcard reaches an account or a Secret.
  if (effect.verb === "use" && !(namesGroup && namesResource)) return "resources";
  if (isProtected(effect.group, resource, more) && !(namesGroup && namesResource && ruleRisk(rule) === "High")) {
    return "protected";
  }
  const operations = coveringOperations(effect.verb);
  if (!rule.operations.some((operation) => operations.includes(operation))) return "operations";
  if (rule.apiVersions?.length && !rule.apiVersions.includes("*") && !rule.apiVersions.includes(effect.version)) {
    return "apiVersions";
  }
  if ((rule.scope === "Namespaced") !== (effect.namespace !== undefined)) return "scope";
  if (effect.namespace !== undefined) {
    const namespaces = rule.namespaces ?? [];
    if (!namespaces.includes("*") && !namespaces.includes(effect.namespace)) return "namespaces";
  }
  if (rule.resourceNames?.length && !(effect.name !== "" && rule.resourceNames.includes(effect.name))) {
    return "resourceNames";
  }
  return undefined;
}

/** "*" as a group reaches the built-in groups only: core, those without a dot, and `*.k8s.io`. */
export function isBuiltInGroup(group: string): boolean {
  return !group.includes(".") || group.endsWith(".k8s.io");
}

function coveringOperations(verb: EffectVerb): readonly string[] {
  switch (verb) {
    case "create":
      return ["CREATE"];
    case "update":
      return ["UPDATE"];
    case "delete":
      return ["DELETE"];
    case "use":
      return ["USE"];
    case "grant":
    case "mint":
      return ["CREATE", "UPDATE"];
    case "connect":
      return [];
  }
}
