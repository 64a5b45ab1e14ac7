/** Who counts as an agent in this installation: the same set that the gate's `matchConditions` select. */
export interface AgentSet {
  /** Namespaces whose service accounts are agents. */
  readonly namespaces: readonly string[];
  /** Group of agents that are no service accounts (OIDC, SPIFFE). */
  readonly group: string;
}

/** An agent as the kinds name it: a service account, or any other authenticated user name. */
export interface AgentSubject {
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
  readonly user?: string;
}

const serviceAccountPrefix = "system:serviceaccount:";

/** User name that the API server authenticates for the subject (KEP-1205: `system:serviceaccount:NAMESPACE:NAME`). */
export function agentUserName(subject: AgentSubject): string {
  if (subject.serviceAccount) {
    return `${serviceAccountPrefix}${subject.serviceAccount.namespace}:${subject.serviceAccount.name}`;
  }
  return subject.user ?? "";
}

/** The service account behind a user name, or undefined. Compares parsed parts: four, none empty. */
export function parseServiceAccount(userName: string): { namespace: string; name: string } | undefined {
  const parts = userName.split(":");
  const [system, kind, namespace, name] = parts;
  if (parts.length !== 4 || system !== "system" || kind !== "serviceaccount" || !namespace || !name) return undefined;
  return { namespace, name };
}

/**
 * Whether the authenticated user is an agent. Service accounts are told by user name, since impersonation with
 * `--as-group` drops their `system:serviceaccounts` groups; everything else by the agents' group.
 */
export function isAgent(
  user: { readonly username: string; readonly groups?: readonly string[] },
  agents: AgentSet,
): boolean {
  if (user.groups?.includes(agents.group)) return true;
  if (!user.username.startsWith(serviceAccountPrefix)) return false;
  return agents.namespaces.includes(user.username.split(":")[2] ?? "");
}

/** Whether an identity that an object names can be an agent at all. */
export function isInAgentSet(subject: AgentSubject, agents: AgentSet): boolean {
  if (subject.serviceAccount) return agents.namespaces.includes(subject.serviceAccount.namespace);
  return subject.user !== undefined && !isSystemName(subject.user);
}

/** Names that no person has: service accounts, nodes, control plane components, anonymous. */
export function isSystemName(name: string): boolean {
  return name.startsWith("system:");
}
