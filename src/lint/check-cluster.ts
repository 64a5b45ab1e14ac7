import { labelsOf } from "./agents.ts";
import type { Agent } from "./agents.ts";
import { catalogue } from "./catalogue.ts";
import { checkGuardPolicies } from "./check-guard-policies.ts";
import type { ClusterFacts, Read } from "./facts.ts";
import type { Finding } from "./finding.ts";
import { writeVerbs } from "./powers.ts";
import { grantsOf, has } from "./rbac.ts";
import type { RbacIndex } from "./rbac.ts";
import type { Severity } from "./severity.ts";

/** What of the cluster itself is out of Writ's reach, missing, or cannot be known from here. */
export function checkCluster(facts: ClusterFacts, index: RbacIndex, agents: readonly Agent[]): readonly Finding[] {
  return [
    ...checkApiServices(facts, index, agents),
    ...checkGuardPolicies(facts),
    ...checkShadow(facts),
    { id: "L304", severity: "info", message: catalogue.L304.title, cure: catalogue.L304.cure },
    {
      id: "L305",
      severity: "info",
      message: catalogue.L305.title,
      cure: catalogue.L305.cure,
      agents: [`every member of ${facts.installation.agents.group}`],
    },
  ];
}

function checkApiServices(facts: ClusterFacts, index: RbacIndex, agents: readonly Agent[]): readonly Finding[] {
  return facts.apiServices.items.flatMap(({ metadata, spec }): readonly Finding[] => {
    if (!spec.service) return [];
    const { name = "", namespace = "" } = spec.service;
    const group = spec.group ?? "";
    const writers = agents.filter((agent) =>
      grantsOf(index, agent.identity).some(
        ({ rule }) => has(rule.apiGroups, group) && writeVerbs.some((verb) => has(rule.verbs, verb)),
      ),
    );
    const labels = labelsOf(writers);
    const object = `APIService/${metadata.name}`;
    const what = `APIService ${metadata.name} is served by ${namespace}/${name}`;
    if (group === "writ.dev") {
      return [{ id: "L307", severity: "critical", message: what, cure: catalogue.L307.cure, object }];
    }
    return [
      {
        id: "L301",
        severity: labels.length > 0 ? "high" : "info",
        message: labels.length > 0 ? `${what}; ${labels.join(", ")} may write there` : what,
        cure: catalogue.L301.cure,
        object,
        ...(labels.length > 0 ? { agents: labels } : {}),
      },
    ];
  });
}

function checkShadow({ now, installation: { shadowUntil } }: ClusterFacts): readonly Finding[] {
  if (shadowUntil === undefined || shadowUntil <= now) return [];
  const message = `shadow mode is on until ${new Date(shadowUntil).toISOString()}`;
  return [{ id: "L306", severity: "high", message, cure: catalogue.L306.cure }];
}

/** What could not be read is never taken for absent. */
export function checkUnread(facts: ClusterFacts): readonly Finding[] {
  const reads: readonly (readonly [Severity, Read<unknown>])[] = [
    ["high", facts.clusterRoles],
    ["high", facts.roles],
    ["high", facts.clusterRoleBindings],
    ["high", facts.roleBindings],
    ["high", facts.validatingWebhooks],
    ["high", facts.mutatingWebhooks],
    ["high", facts.apiServices],
    ["medium", facts.admissionPolicies],
    ["medium", facts.admissionPolicyBindings],
    ["medium", facts.serviceAccounts],
    ["medium", facts.owners],
    ["medium", facts.capabilities],
    ["low", facts.tokenSecrets],
    ["low", facts.trust],
  ];
  return reads.flatMap(([severity, { unread }]) =>
    unread.map((why): Finding => ({
      id: "L901",
      severity,
      message: `could not read ${why}`,
      cure: catalogue.L901.cure,
    })),
  );
}
