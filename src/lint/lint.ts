import { governedAgents } from "./agents.ts";
import { checkCluster, checkUnread } from "./check-cluster.ts";
import { checkGrants } from "./check-grants.ts";
import { checkObjects } from "./check-objects.ts";
import { checkWebhooks } from "./check-webhooks.ts";
import type { ClusterFacts } from "./facts.ts";
import type { Finding } from "./finding.ts";
import { indexRbac } from "./rbac.ts";
import { severities } from "./severity.ts";

/**
 * Names every way in which a governed agent could step round Writ, worst first and always in the same order. Whatever
 * could not be read is a finding of its own.
 */
export function lint(facts: ClusterFacts): readonly Finding[] {
  const index = indexRbac({
    clusterRoles: facts.clusterRoles.items,
    roles: facts.roles.items,
    clusterRoleBindings: facts.clusterRoleBindings.items,
    roleBindings: facts.roleBindings.items,
  });
  const agents = governedAgents(facts);
  const findings = [
    ...checkGrants(facts, index, agents),
    ...checkWebhooks(facts),
    ...checkObjects(facts),
    ...checkCluster(facts, index, agents),
    ...checkUnread(facts),
  ];
  return findings.sort(compare);
}

function compare(a: Finding, b: Finding): number {
  return (
    severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
    compareText(a.id, b.id) ||
    compareText(a.object ?? "", b.object ?? "") ||
    compareText(a.message, b.message)
  );
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
