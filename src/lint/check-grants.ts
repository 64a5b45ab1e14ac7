import { anonymousLabel, labelsOf } from "./agents.ts";
import type { Agent } from "./agents.ts";
import { aggregatedFrom } from "./aggregation.ts";
import { catalogue } from "./catalogue.ts";
import type { ClusterFacts } from "./facts.ts";
import type { Finding } from "./finding.ts";
import { granted, powers, rightText, writeVerbs } from "./powers.ts";
import type { PowerId, Right } from "./powers.ts";
import { grantsOf, has, refText } from "./rbac.ts";
import type { Grant, RbacIndex, RbacRole } from "./rbac.ts";
import type { Severity } from "./severity.ts";

/** What one grant gives one agent. */
interface Danger {
  readonly id: PowerId;
  readonly severity: Severity;
  /** What may be done, to follow "may". */
  readonly what: string;
}

/** Every right by which an agent could step round Writ: one finding for each rule of each binding that grants it. */
export function checkGrants(facts: ClusterFacts, index: RbacIndex, agents: readonly Agent[]): readonly Finding[] {
  const found = new Map<string, { readonly danger: Danger; readonly grant: Grant; readonly agents: Agent[] }>();
  for (const agent of agents) {
    for (const grant of grantsOf(index, agent.identity)) {
      for (const danger of dangersOf(grant, agent, facts)) {
        const key = [danger.id, refText(grant.binding), grant.ruleIndex, danger.severity, danger.what].join(" ");
        const entry = found.get(key) ?? { danger, grant, agents: [] };
        found.set(key, entry);
        entry.agents.push(agent);
      }
    }
  }
  return [...found.values()].map((entry) => toFinding(entry, facts.clusterRoles.items));
}

function dangersOf(grant: Grant, agent: Agent, facts: ClusterFacts): readonly Danger[] {
  const dangers: Danger[] = [];
  const add = (id: PowerId, what: string, severity: Severity = catalogue[id].severities[0]): void => {
    dangers.push({ id, what, severity });
  };
  for (const { id, rights } of powers) {
    const held = rights
      .map((right) => ({ right, verbs: granted(grant, right) }))
      .filter(({ verbs, right }) => verbs.length > 0 && !isOwnToken(grant, agent, right));
    if (held.length > 0) add(id, describe(held, grant), id === "L012" ? secretsSeverity(grant, facts) : undefined);
  }
  const { rule } = grant;
  const literal = (prefix: string): readonly string[] => (rule.verbs ?? []).filter((verb) => verb.startsWith(prefix));
  const resources = (rule.resources ?? []).join(", ");
  const masks = literal("impersonate:");
  if (masks.length > 0 && !dangers.some(({ id }) => id === "L002")) add("L002", `${masks.join(", ")} ${resources}`);
  const halves = literal("impersonate-on:");
  if (halves.length > 0) add("L003", `${halves.join(", ")} ${resources}`);
  const unsafe = literal("unsafe-delete-ignore-read-errors");
  if (unsafe.length > 0) add("L008", `${unsafe.join(", ")} ${resources}`);
  if ((rule.verbs ?? []).includes("*") && resources !== "") add("L009", `do anything to ${resources}`);
  const writes = anyWrite(grant);
  if (writes !== undefined && agent.label === anonymousLabel) add("L019", writes);
  else if (writes !== undefined && grant.namespace === undefined) {
    add("L018", `${writes} in every namespace, Writ's own included`, "info");
  } else if (writes !== undefined && ownNamespaces(facts).includes(grant.namespace ?? "")) {
    add("L018", `${writes} in ${grant.namespace ?? ""}`);
  }
  return dangers;
}

function toFinding(
  { danger, grant, agents }: { readonly danger: Danger; readonly grant: Grant; readonly agents: readonly Agent[] },
  clusterRoles: readonly RbacRole[],
): Finding {
  const { rule, role, binding, subject, ruleIndex } = grant;
  const sources = role.kind === "ClusterRole" ? aggregatedFrom(role.name, rule, clusterRoles) : [];
  const labels = labelsOf(agents);
  const roleText = `rules[${ruleIndex}] of ${refText(role)}`;
  const through =
    sources.length === 0 ? "" : `, aggregated from ${sources.map((name) => `ClusterRole/${name}`).join(", ")}`;
  return {
    id: danger.id,
    severity: danger.severity,
    message: `${labels.join(", ")} may ${danger.what}`,
    cure: `${catalogue[danger.id].cure} Here: ${subject.kind} ${subject.name} in ${refText(binding)}, or ${roleText}${through}.`,
    object: refText(binding),
    agents: labels,
    grant: {
      binding,
      subject,
      role,
      ruleIndex,
      rule,
      ...(sources.length === 0 ? {} : { aggregatedFrom: sources }),
    },
  };
}

function describe(held: readonly { readonly right: Right; readonly verbs: readonly string[] }[], grant: Grant): string {
  const byVerbs = new Map<string, string[]>();
  for (const { right, verbs } of held) {
    const key = verbs.join(", ");
    byVerbs.set(key, [...(byVerbs.get(key) ?? []), rightText(right)]);
  }
  const parts = [...byVerbs].map(([verbs, resources]) => `${verbs} ${resources.join(", ")}`);
  const names = grant.rule.resourceNames?.length ? ` named ${grant.rule.resourceNames.join(", ")}` : "";
  const place = grant.namespace === undefined ? "" : ` in ${grant.namespace}`;
  return `${parts.join("; ")}${names}${place}`;
}

/** A token of its own gives an agent nothing that it has not. */
function isOwnToken(grant: Grant, agent: Agent, right: Right): boolean {
  if (right.subresource !== "token") return false;
  const names = grant.rule.resourceNames ?? [];
  const { account } = agent;
  return (
    account !== undefined &&
    grant.namespace === account.namespace &&
    names.length > 0 &&
    names.every((name) => name === account.name)
  );
}

function secretsSeverity({ rule, namespace }: Grant, facts: ClusterFacts): Severity {
  const system = facts.installation.systemNamespace;
  if (namespace === system) return "critical";
  if (rule.resourceNames?.length) return "medium";
  return namespace === undefined ? "critical" : "high";
}

function ownNamespaces({ installation }: ClusterFacts): readonly string[] {
  return [installation.systemNamespace, installation.clusterApprovalNamespace];
}

/** Asking who one is and what one may do is a `create` that writes nothing. */
const reviewGroups = ["authentication.k8s.io", "authorization.k8s.io"];

/** The writes of a rule in words; undefined when it has none, or only those that file requests. */
function anyWrite({ rule }: Grant): string | undefined {
  const named = (rule.resourceNames?.length ?? 0) > 0;
  const verbs = writeVerbs
    .filter((verb) => has(rule.verbs, verb))
    .filter((verb) => !named || verb !== "deletecollection");
  const groups = (rule.apiGroups ?? []).filter((group) => !reviewGroups.includes(group));
  const resources = rule.resources ?? [];
  if (verbs.length === 0 || groups.length === 0 || resources.length === 0) return undefined;
  const filesOnly =
    verbs.every((verb) => verb === "create") &&
    groups.every((group) => group === "writ.dev") &&
    resources.every((resource) => resource === "elevationapprovals");
  return filesOnly ? undefined : `${verbs.join(", ")} ${resources.join(", ")}`;
}
