import type { AgentSet } from "../api/agents.ts";
import type { Trust } from "../api/trust.ts";
import type { AgentCapability, IdentityOwner } from "../api/types.gen.ts";
import type { RbacBinding, RbacRole } from "./rbac.ts";

/** What a read gave. `unread` says in one line each what could not be looked at, and why. */
export interface Read<T> {
  readonly items: readonly T[];
  readonly unread: readonly string[];
}

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export type ServiceAccountFact = Named;

/** A Secret of type kubernetes.io/service-account-token: its name and its account, never its data. */
export interface TokenSecretFact {
  readonly namespace: string;
  readonly name: string;
  /** From the annotation `kubernetes.io/service-account.name`. */
  readonly account: string;
}

/** admissionregistration.k8s.io/v1 ValidatingWebhook or MutatingWebhook, as far as it is judged. */
export interface WebhookFact {
  readonly name: string;
  readonly clientConfig: { readonly service?: { readonly namespace: string; readonly name: string } };
  readonly rules?: readonly {
    readonly apiGroups?: readonly string[];
    readonly apiVersions?: readonly string[];
    readonly operations?: readonly string[];
    readonly resources?: readonly string[];
    readonly scope?: string;
  }[];
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
  readonly namespaceSelector?: object;
  readonly objectSelector?: object;
  readonly failurePolicy?: string;
  readonly matchPolicy?: string;
  readonly reinvocationPolicy?: string;
  readonly timeoutSeconds?: number;
}

export interface WebhookConfigurationFact extends Named {
  readonly webhooks?: readonly WebhookFact[];
}

export interface AdmissionPolicyFact extends Named {
  readonly spec: {
    readonly failurePolicy?: string;
    readonly matchConstraints?: object;
    readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
  };
}

export interface AdmissionPolicyBindingFact extends Named {
  readonly spec: {
    readonly policyName?: string;
    readonly validationActions?: readonly string[];
    readonly matchResources?: object;
  };
}

/** apiregistration.k8s.io/v1 APIService; one with a `service` is served by somebody else than the API server. */
export interface ApiServiceFact extends Named {
  readonly spec: {
    readonly group?: string;
    readonly version?: string;
    readonly service?: { readonly namespace?: string; readonly name?: string } | null;
  };
}

/** Everything that lint judges, at one instant. */
export interface ClusterFacts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly installation: {
    readonly agents: AgentSet;
    readonly systemNamespace: string;
    readonly clusterApprovalNamespace: string;
    readonly rootOwnerName: string;
    /** Milliseconds since the epoch; present: until then denials outside the protected set are not enforced. */
    readonly shadowUntil?: number;
  };
  /** At most one: whose attestations count. */
  readonly trust: Read<Trust>;
  readonly clusterRoles: Read<RbacRole>;
  readonly roles: Read<RbacRole>;
  readonly clusterRoleBindings: Read<RbacBinding>;
  readonly roleBindings: Read<RbacBinding>;
  /** Of the agent namespaces. */
  readonly serviceAccounts: Read<ServiceAccountFact>;
  /** Of the agent namespaces. */
  readonly tokenSecrets: Read<TokenSecretFact>;
  readonly validatingWebhooks: Read<WebhookConfigurationFact>;
  readonly mutatingWebhooks: Read<WebhookConfigurationFact>;
  readonly admissionPolicies: Read<AdmissionPolicyFact>;
  readonly admissionPolicyBindings: Read<AdmissionPolicyBindingFact>;
  readonly apiServices: Read<ApiServiceFact>;
  readonly owners: Read<IdentityOwner>;
  readonly capabilities: Read<AgentCapability>;
}
