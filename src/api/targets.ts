import type { ClaimedObject } from "./claims.ts";
import { effectResource } from "./effect.ts";
import type { Effect } from "./effect.ts";
import type { AgentCapabilityRule, ElevationApproval, ElevationApprovalTarget } from "./types.gen.ts";

/** Rules of the capability that the approval asks for; absent means all. Names that do not exist give nothing. */
export function selectedRules(
  approval: ElevationApproval,
  rules: readonly AgentCapabilityRule[],
): readonly AgentCapabilityRule[] {
  const names = approval.spec.rules;
  return names?.length ? rules.filter((rule) => names.includes(rule.name)) : rules;
}

/**
 * Whether the approval's targets leave the effect in. A target that names a resource means the object with its
 * subresources (the rule still has to name each subresource); one that names a subresource means that alone.
 */
export function targetsInclude(approval: ElevationApproval, effect: Effect): boolean {
  const targets = approval.spec.targets;
  return !targets?.length || targets.some((target) => targetIncludes(target, effect));
}

function targetIncludes(target: ElevationApprovalTarget, effect: Effect): boolean {
  return (
    target.apiGroup === effect.group &&
    (target.resource === effect.resource || target.resource === effectResource(effect)) &&
    (!target.names?.length || (effect.name !== "" && target.names.includes(effect.name)))
  );
}

/** What the approval reaches, as far as it can be known without a write: whose objects these are decides who approves. */
export function reachOf(
  approval: ElevationApproval,
  rules: readonly AgentCapabilityRule[],
  clusterApprovalNamespace: string,
): readonly ClaimedObject[] {
  const namespace = approval.metadata.namespace ?? "";
  const place: Pick<ClaimedObject, "scope" | "namespace"> =
    namespace === clusterApprovalNamespace ? { scope: "Cluster" } : { scope: "Namespaced", namespace };
  const targets = approval.spec.targets;
  const parts: readonly Reach[] = targets?.length
    ? targets.map((t) => ({ group: t.apiGroup, resource: t.resource, names: t.names }))
    : rules
        .filter((rule) => appliesIn(rule, place.namespace))
        .flatMap((rule) =>
          rule.apiGroups.flatMap((group) =>
            rule.resources.map((resource) => ({ group, resource, names: rule.resourceNames })),
          ),
        );
  const objects = new Map<string, ClaimedObject>();
  for (const part of parts) {
    const [resource = "", subresource] = part.resource.split("/");
    for (const name of part.names?.length ? part.names : [undefined]) {
      const object = {
        ...(isNode(part) ? { scope: "Cluster" as const } : place),
        group: part.group,
        resource,
        ...(subresource === undefined ? {} : { subresource }),
        ...(name === undefined ? {} : { name }),
      };
      objects.set(JSON.stringify(object), object);
    }
  }
  return [...objects.values()];
}

/** Whether a rule can cover anything in the namespace, or cluster-wide when there is none. */
export function appliesIn(rule: AgentCapabilityRule, namespace: string | undefined): boolean {
  if (rule.scope === "Cluster") return namespace === undefined || grantsNodes(rule);
  return namespace !== undefined && (rule.namespaces ?? []).some((name) => name === "*" || name === namespace);
}

function grantsNodes({ operations, apiGroups, resources }: AgentCapabilityRule): boolean {
  return operations.includes("USE") && apiGroups.includes("") && resources.includes("nodes");
}

/** Pods of a namespace may use nodes, which stand in none: the approval stands where the pods do. */
function isNode({ group, resource }: Reach): boolean {
  return group === "" && resource === "nodes";
}

interface Reach {
  readonly group: string;
  readonly resource: string;
  readonly names: readonly string[] | undefined;
}

/** The object of an effect as owners claim it. */
export function claimedObject(effect: Effect): ClaimedObject {
  return {
    ...(effect.namespace === undefined
      ? { scope: "Cluster" as const }
      : { scope: "Namespaced" as const, namespace: effect.namespace }),
    group: effect.group,
    resource: effect.resource,
    ...(effect.subresource === "" ? {} : { subresource: effect.subresource }),
    ...(effect.name === "" ? {} : { name: effect.name }),
  };
}
