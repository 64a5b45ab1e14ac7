import { catalogue } from "./catalogue.ts";
import type { FindingId } from "./catalogue.ts";
import { expectedWebhooks, readExclusion, readGateCondition, writAccounts } from "./expected-webhooks.ts";
import type { ExpectedWebhook } from "./expected-webhooks.ts";
import type { ClusterFacts, WebhookFact } from "./facts.ts";
import type { Finding } from "./finding.ts";
import { has } from "./rbac.ts";

type Problem = readonly [id: FindingId, message: string];

const longestTimeout = 10;

/** Where Writ's webhook configurations are not those that the configuration asks for. */
export function checkWebhooks(facts: ClusterFacts): readonly Finding[] {
  return expectedWebhooks.flatMap((expected) => {
    const { kind, name } = expected.configuration;
    const configurations =
      kind === "ValidatingWebhookConfiguration" ? facts.validatingWebhooks : facts.mutatingWebhooks;
    if (configurations.unread.length > 0) return [];
    const configuration = configurations.items.find((candidate) => candidate.metadata.name === name);
    const webhook = configuration?.webhooks?.find((candidate) => candidate.name === expected.name);
    const problems = webhook === undefined ? [absent(expected)] : problemsOf(webhook, expected, facts);
    return problems.map(([id, message]): Finding => {
      const severities: Finding["severity"][] = [...catalogue[id].severities];
      return {
        id,
        severity: (expected.isNote ? severities.at(-1) : severities[0]) ?? "critical",
        message: `webhook ${expected.name} ${message}`,
        cure: catalogue[id].cure,
        object: `${kind}/${name}`,
      };
    });
  });
}

function absent({ configuration: { kind, name } }: ExpectedWebhook): Problem {
  return ["L101", `does not exist in ${kind}/${name}`];
}

function problemsOf(webhook: WebhookFact, expected: ExpectedWebhook, facts: ClusterFacts): readonly Problem[] {
  const problems: Problem[] = [];
  const { service } = webhook.clientConfig;
  if (webhook.failurePolicy !== expected.failurePolicy) {
    problems.push(["L102", `has failurePolicy ${String(webhook.failurePolicy)}, expected ${expected.failurePolicy}`]);
  }
  if (!coversRule(webhook, expected)) {
    const { operations, apiGroups, resources } = expected.rule;
    const wanted = `${operations.join(", ")} of ${resources.join(", ")} in ${apiGroups.join(", ")}, all versions and scopes`;
    problems.push(["L103", `has no rule for ${wanted}`]);
  }
  for (const selector of ["namespaceSelector", "objectSelector"] as const) {
    if (Object.keys(webhook[selector] ?? {}).length > 0) problems.push(["L104", `has a ${selector}`]);
  }
  problems.push(...(expected.selects === "agents" ? gateConditions(webhook, facts) : exclusions(webhook, facts)));
  if (webhook.matchPolicy !== undefined && webhook.matchPolicy !== "Equivalent") {
    problems.push(["L109", `has matchPolicy ${webhook.matchPolicy}, expected Equivalent`]);
  }
  if (webhook.timeoutSeconds !== undefined && webhook.timeoutSeconds > longestTimeout) {
    problems.push(["L110", `has timeoutSeconds ${webhook.timeoutSeconds}, expected at most ${longestTimeout}`]);
  }
  if (expected.mutates && webhook.reinvocationPolicy !== undefined && webhook.reinvocationPolicy !== "Never") {
    problems.push(["L111", `has reinvocationPolicy ${webhook.reinvocationPolicy}, expected Never`]);
  }
  if (service !== undefined && service.namespace !== facts.installation.systemNamespace) {
    problems.push([
      "L112",
      `calls service ${service.namespace}/${service.name}, expected one in ${facts.installation.systemNamespace}`,
    ]);
  }
  return problems;
}

/** One rule must hold all that is expected: several that add up are harder to read than to restore. */
function coversRule(webhook: WebhookFact, { rule }: ExpectedWebhook): boolean {
  return (webhook.rules ?? []).some(
    (candidate) =>
      (candidate.scope ?? "*") === "*" &&
      has(candidate.apiVersions, "*") &&
      rule.apiGroups.every((group) => has(candidate.apiGroups, group)) &&
      rule.operations.every((operation) => has(candidate.operations, operation)) &&
      rule.resources.every((resource) => coversResource(candidate.resources ?? [], resource)),
  );
}

/** In admission rules "*" is every resource without subresources, "*" + "/*" with them. */
function coversResource(resources: readonly string[], wanted: string): boolean {
  return resources.includes("*/*") || resources.includes(wanted) || (wanted !== "*/*" && resources.includes("*"));
}

function gateConditions(webhook: WebhookFact, facts: ClusterFacts): readonly Problem[] {
  const conditions = webhook.matchConditions ?? [];
  const { namespaces, group } = facts.installation.agents;
  if (conditions.length === 0) return [["L107", "has no matchConditions: it governs everybody"]];
  return conditions.flatMap(({ name, expression }): readonly Problem[] => {
    const selected = readGateCondition(expression);
    if (selected === undefined) return [["L105", `has condition "${name}" of another form than expected`]];
    const missing = namespaces.filter((namespace) => !selected.namespaces.includes(namespace));
    const further = selected.namespaces.filter((namespace) => !namespaces.includes(namespace));
    return [
      ...(missing.length === 0 ? [] : [["L106", `leaves out the namespaces ${missing.join(", ")}`] as const]),
      ...(selected.group === group ? [] : [["L106", `selects group ${selected.group}, expected ${group}`] as const]),
      ...(further.length === 0 ? [] : [["L107", `selects the namespaces ${further.join(", ")} as well`] as const]),
    ];
  });
}

function exclusions(webhook: WebhookFact, facts: ClusterFacts): readonly Problem[] {
  const ours = writAccounts(facts);
  return (webhook.matchConditions ?? []).flatMap(({ name, expression }): readonly Problem[] => {
    const excluded = readExclusion(expression);
    if (excluded === undefined) return [["L105", `has condition "${name}" of another form than expected`]];
    const others = excluded.filter((user) => !ours.includes(user));
    return others.length === 0 ? [] : [["L108", `leaves out ${others.join(", ")}`]];
  });
}
