import { catalogue } from "./catalogue.ts";
import type { FindingId } from "./catalogue.ts";
import { readGateCondition } from "./expected-webhooks.ts";
import type { AdmissionPolicyBindingFact, AdmissionPolicyFact, ClusterFacts } from "./facts.ts";
import type { Finding } from "./finding.ts";

/** Names of the policies of manifests/guard, and of their bindings. */
const expected = ["writ-guard-agents", "writ-guard-configuration", "writ-guard-system"] as const;

/** Whether the guard policies exist, are enforced, and select the agents that the configuration names. */
export function checkGuardPolicies(facts: ClusterFacts): readonly Finding[] {
  const { admissionPolicies, admissionPolicyBindings } = facts;
  if (admissionPolicies.unread.length + admissionPolicyBindings.unread.length > 0) return [];
  const missing = expected.filter((name) => !admissionPolicies.items.some(({ metadata }) => metadata.name === name));
  const present = admissionPolicies.items.filter(({ metadata }) => expected.some((name) => name === metadata.name));
  const absence: readonly Finding[] =
    missing.length === 0
      ? []
      : [{ id: "L302", severity: "info", message: `not found: ${missing.join(", ")}`, cure: catalogue.L302.cure }];
  return [
    ...absence,
    ...present.flatMap((policy) => {
      const { name } = policy.metadata;
      const about = (id: FindingId, problem: string): Finding => ({
        id,
        severity: "high",
        message: `ValidatingAdmissionPolicy ${name} ${problem}`,
        cure: catalogue[id].cure,
        object: `ValidatingAdmissionPolicy/${name}`,
      });
      return [
        ...weaknesses(policy, admissionPolicyBindings.items).map((problem) => about("L303", problem)),
        ...(name === "writ-guard-agents" ? leftOut(policy, facts).map((problem) => about("L308", problem)) : []),
      ];
    }),
  ];
}

function weaknesses(
  { metadata, spec }: AdmissionPolicyFact,
  bindings: readonly AdmissionPolicyBindingFact[],
): string[] {
  const denying = bindings.filter(
    (binding) => binding.spec.policyName === metadata.name && (binding.spec.validationActions ?? []).includes("Deny"),
  );
  const everywhere = denying.filter((binding) => !isNarrowed(binding.spec.matchResources));
  return [
    ...(denying.length > 0 ? [] : ["has no binding that says Deny"]),
    ...(denying.length > 0 && everywhere.length === 0 ? ["has only bindings that are narrowed by matchResources"] : []),
    ...(spec.failurePolicy === undefined || spec.failurePolicy === "Fail"
      ? []
      : [`has failurePolicy ${spec.failurePolicy}, expected Fail`]),
    ...(isNarrowed(spec.matchConstraints, ["resourceRules"]) ? ["has a selector or excludes resources"] : []),
  ];
}

/** Whether a MatchResources has anything that narrows it, the fields named aside. The API server fills in empty selectors. */
function isNarrowed(match: object | undefined, allowed: readonly string[] = []): boolean {
  return Object.entries(match ?? {}).some(
    ([field, value]: [string, unknown]) =>
      field !== "matchPolicy" &&
      !allowed.includes(field) &&
      typeof value === "object" &&
      value !== null &&
      Object.keys(value).length > 0,
  );
}

function leftOut({ spec }: AdmissionPolicyFact, { installation }: ClusterFacts): readonly string[] {
  const { namespaces, group } = installation.agents;
  return (spec.matchConditions ?? []).flatMap(({ name, expression }) => {
    const selected = readGateCondition(expression);
    if (selected === undefined) return [`has condition "${name}" of another form than expected`];
    const missing = namespaces.filter((namespace) => !selected.namespaces.includes(namespace));
    return [
      ...(missing.length === 0 ? [] : [`leaves out the namespaces ${missing.join(", ")}`]),
      ...(selected.group === group ? [] : [`selects group ${selected.group}, expected ${group}`]),
    ];
  });
}
