import { capabilityProblem } from "../../api/capability-state.ts";
import { ruleParts } from "../../api/rules.ts";
import type { RulePart } from "../../api/rules.ts";
import { deny } from "../deny.ts";
import { describeEffect, describeOwner } from "../describe.ts";
import type { Facts, RuleResult } from "../facts.ts";
import type { Denial, NearestMiss } from "../verdict.ts";

/** Some capability in force has a rule that covers the write. */
export function checkCapability(facts: Facts): Denial | undefined {
  const { agent, capabilities, rules, snapshot, now, settings } = facts;
  const [first] = capabilities;
  if (!first) {
    return deny(
      "NoCapability",
      `no AgentCapability names agent ${agent}, so it may write nothing`,
      "ask a policy owner for an AgentCapability that names it in spec.agents",
    );
  }
  const covering = rules.filter((result) => result.missed === undefined);
  if (covering.length === 0) return noRule(facts);
  let problem: ReturnType<typeof capabilityProblem>;
  for (const { capability } of covering) {
    problem = capabilityProblem(capability, snapshot.owners, now, settings.trust);
    if (!problem) return undefined;
  }
  const [nearest] = covering;
  if (!problem || !nearest) return noRule(facts);
  const owner = nearest.capability.spec.policyOwnerName;
  return deny(problem.code, problem.message, `ask policy owner ${describeOwner(snapshot.owners.get(owner), owner)}`, {
    nearest: nearestOf(nearest, problem.code),
  });
}

function noRule({ rules, agent, effects, snapshot }: Facts): Denial {
  const [effect] = effects;
  const what = effect ? describeEffect(effect) : "write that";
  const depth = ({ missed }: RuleResult): number => (missed === undefined ? 0 : ruleParts.indexOf(missed));
  const nearest = rules.reduce<RuleResult | undefined>(
    (best, candidate) => (best === undefined || depth(candidate) > depth(best) ? candidate : best),
    undefined,
  );
  if (!nearest?.missed) {
    return deny("NoRule", `no rule lets ${agent} ${what}`, "ask the policy owner");
  }
  const owner = nearest.capability.spec.policyOwnerName;
  const name = nearest.capability.metadata.name;
  return deny(
    "NoRule",
    `no rule lets ${agent} ${what}; the nearest is rule "${nearest.rule.name}" of AgentCapability "${name}", which ${missText(nearest, nearest.missed)}`,
    `ask policy owner ${describeOwner(snapshot.owners.get(owner), owner)} for a rule, or do what the rule covers`,
    { nearest: nearestOf(nearest, nearest.missed) },
  );
}

function nearestOf({ capability, rule }: RuleResult, missed: string): NearestMiss {
  return { kind: "AgentCapability", name: capability.metadata.name, rule: rule.name, missed };
}

function missText({ rule }: RuleResult, missed: RulePart): string {
  switch (missed) {
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
  }
}
