import type { LabelSelector, PolicyRule, RbacRole } from "./rbac.ts";

/** Names of the ClusterRoles from which an aggregated ClusterRole has the rule; none when it is not aggregated. */
export function aggregatedFrom(
  roleName: string,
  rule: PolicyRule,
  clusterRoles: readonly RbacRole[],
): readonly string[] {
  const role = clusterRoles.find((candidate) => candidate.metadata.name === roleName);
  const selectors = role?.aggregationRule?.clusterRoleSelectors ?? [];
  const text = JSON.stringify(rule);
  return clusterRoles
    .filter((source) => source.metadata.name !== roleName)
    .filter((source) => selectors.some((selector) => selects(selector, source.metadata.labels ?? {})))
    .filter((source) => (source.rules ?? []).some((candidate) => JSON.stringify(candidate) === text))
    .map((source) => source.metadata.name);
}

/** meta/v1 LabelSelector: all parts must hold; an unknown operator selects nothing. */
function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const valueOf = (key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  return (
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => valueOf(key) === value) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values }) => {
      const value = valueOf(key);
      switch (operator) {
        case "In":
          return value !== undefined && (values ?? []).includes(value);
        case "NotIn":
          return value === undefined || !(values ?? []).includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        default:
          return false;
      }
    })
  );
}
