import type {
  AdmissionPolicyBindingFact,
  AdmissionPolicyFact,
  ClusterFacts,
  Read,
  WebhookConfigurationFact,
  WebhookFact,
} from "../../../src/lint/facts.ts";
import type { PolicyRule, RbacBinding, RbacRole, Subject } from "../../../src/lint/rbac.ts";
import { ours } from "../../builders/installation.ts";
import { after, hour } from "../../builders/time.ts";
import { world } from "../../builders/world.ts";

export const botSubject: Subject = { kind: "ServiceAccount", namespace: "agents", name: "payments-bot" };

export function read<T>(...items: readonly T[]): Read<T> {
  return { items, unread: [] };
}

const agentsCondition = `(request.userInfo.username.startsWith('system:serviceaccount:') &&
  request.userInfo.username.split(':')[2] in ['agents']) ||
  (has(request.userInfo.groups) && 'writ.dev:agents' in request.userInfo.groups)`;
const exclusion = `!(request.userInfo.username in ['system:serviceaccount:writ-system:writ-webhook',
  'system:serviceaccount:writ-system:writ-operator'])`;

function webhook(name: string, mods: Partial<WebhookFact> = {}): WebhookFact {
  return {
    name,
    clientConfig: { service: { namespace: "writ-system", name: "writ-webhook" } },
    rules: [
      {
        apiGroups: ["writ.dev"],
        apiVersions: ["*"],
        operations: ["CREATE", "UPDATE"],
        resources: ["identityowners", "agentcapabilities", "elevationapprovals"],
        scope: "*",
      },
    ],
    matchConditions: [{ name: "not-writ-itself", expression: exclusion }],
    namespaceSelector: {},
    objectSelector: {},
    failurePolicy: "Fail",
    matchPolicy: "Equivalent",
    timeoutSeconds: 5,
    ...mods,
  };
}

export interface Webhooks {
  readonly gate: Partial<WebhookFact>;
  readonly guard: Partial<WebhookFact>;
  readonly note: Partial<WebhookFact>;
  readonly stamps: Partial<WebhookFact>;
}

export const gateRule = { apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"], scope: "*" };
const noteRule = { ...webhook("x").rules?.[0], operations: ["DELETE"] };

/** Writ's webhook configurations as installed, with the given parts in place of their own. */
export function webhooks(mods: Partial<Webhooks> = {}): Pick<ClusterFacts, "validatingWebhooks" | "mutatingWebhooks"> {
  const gate = webhook("gate.writ.dev", {
    rules: [gateRule],
    matchConditions: [{ name: "agents", expression: agentsCondition }],
    ...mods.gate,
  });
  const note = webhook("guard-delete.writ.dev", { rules: [noteRule], failurePolicy: "Ignore", ...mods.note });
  return {
    validatingWebhooks: read<WebhookConfigurationFact>(
      { metadata: { name: "writ-gate" }, webhooks: [gate] },
      { metadata: { name: "writ-guard" }, webhooks: [webhook("guard.writ.dev", mods.guard), note] },
    ),
    mutatingWebhooks: read<WebhookConfigurationFact>({
      metadata: { name: "writ-stamps" },
      webhooks: [webhook("stamps.writ.dev", { reinvocationPolicy: "Never", ...mods.stamps })],
    }),
  };
}

/** The policies of manifests/guard with their bindings, with the given parts in place of the agents' policy's own. */
export function guardPolicies(
  policy: Partial<AdmissionPolicyFact["spec"]> = {},
  binding: Partial<AdmissionPolicyBindingFact["spec"]> = {},
): Pick<ClusterFacts, "admissionPolicies" | "admissionPolicyBindings"> {
  const names = ["writ-guard-configuration", "writ-guard-system"];
  const agents = { metadata: { name: "writ-guard-agents" } };
  const matchConditions = [{ name: "agents", expression: agentsCondition }];
  const matchConstraints = { matchPolicy: "Equivalent", namespaceSelector: {}, resourceRules: [gateRule] };
  const bound = { policyName: "writ-guard-agents", validationActions: ["Deny", "Audit"] };
  return {
    admissionPolicies: read(
      { ...agents, spec: { failurePolicy: "Fail", matchConditions, matchConstraints, ...policy } },
      ...names.map((name) => ({ metadata: { name }, spec: { failurePolicy: "Fail" } })),
    ),
    admissionPolicyBindings: read<AdmissionPolicyBindingFact>(
      { ...agents, spec: { ...bound, ...binding } },
      ...names.map((name) => ({ metadata: { name }, spec: { policyName: name, validationActions: ["Deny"] } })),
    ),
  };
}

/** A sound installation: the world of the builders, guard policies, no right for any agent. */
export function facts(mods: Partial<ClusterFacts> = {}): ClusterFacts {
  const { agents, systemNamespace, clusterApprovalNamespace, rootOwnerName } = ours.settings;
  return {
    now: after(hour),
    installation: { agents, systemNamespace, clusterApprovalNamespace, rootOwnerName },
    trust: read(ours.trust),
    clusterRoles: read(),
    roles: read(),
    clusterRoleBindings: read(),
    roleBindings: read(),
    serviceAccounts: read({ metadata: { namespace: "agents", name: "payments-bot" } }),
    tokenSecrets: read(),
    ...guardPolicies(),
    apiServices: read({ metadata: { name: "v1.apps" }, spec: { group: "apps", version: "v1" } }),
    owners: read(...world.owners),
    capabilities: read(...world.capabilities),
    ...webhooks(),
    ...mods,
  };
}

/** The rules, given to the subject in the whole cluster or in one namespace, by a ClusterRole either way. */
export function bound(
  rules: readonly PolicyRule[],
  { subject = botSubject, namespace }: { readonly subject?: Subject; readonly namespace?: string } = {},
): Partial<ClusterFacts> {
  const role: RbacRole = { metadata: { name: "role" }, rules };
  const binding: RbacBinding = {
    metadata: { name: "binding", ...(namespace === undefined ? {} : { namespace }) },
    roleRef: { kind: "ClusterRole", name: "role" },
    subjects: [subject],
  };
  const bindings = read(binding);
  return { clusterRoles: read(role), ...(namespace ? { roleBindings: bindings } : { clusterRoleBindings: bindings }) };
}

export function rule(verbs: string, group: string, resources: string, ...resourceNames: string[]): PolicyRule {
  return {
    verbs: verbs.split(" "),
    apiGroups: [group],
    resources: resources.split(" "),
    ...(resourceNames.length === 0 ? {} : { resourceNames }),
  };
}
