import { agentUserName, isInAgentSet, parseServiceAccount } from "../api/agents.ts";
import type { ClusterFacts } from "./facts.ts";
import type { Identity } from "./rbac.ts";

/** A governed agent, or all of a kind at once. */
export interface Agent {
  /** `NAMESPACE/NAME`, a user name, or words for all of a kind. */
  readonly label: string;
  /** An agent by name holds what is granted to its name alone; what its groups hold, the entry for all of them does. */
  readonly identity: Identity;
  /** Agents of one family share their groups. */
  readonly family: string;
  readonly isEveryone: boolean;
  readonly account?: { readonly namespace: string; readonly name: string };
}

/** Whoever sends no credentials: every agent can, and then it is no agent any more. */
export const anonymousLabel = "anyone without credentials";

/**
 * Everybody whom an agent can be: each account and user that is known by name (an account need not exist yet to be
 * bound or claimed), for each agent namespace any account of it, any member of the agents' group, and nobody.
 */
export function governedAgents(facts: ClusterFacts): readonly Agent[] {
  const { namespaces, group } = facts.installation.agents;
  const everyone = [
    ...namespaces.map((namespace) => ({
      label: `every service account of ${namespace}`,
      identity: { groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"] },
      family: `namespace ${namespace}`,
      isEveryone: true,
    })),
    {
      label: `every member of ${group}`,
      identity: { groups: [group, "system:authenticated"] },
      family: "group",
      isEveryone: true,
    },
    {
      label: anonymousLabel,
      identity: { username: "system:anonymous", groups: ["system:unauthenticated"] },
      family: "anonymous",
      isEveryone: true,
    },
  ];
  return [...everyone, ...[...knownNames(facts)].sort().map(agentOf)];
}

/** User names of the agents that are known by name. */
export function knownNames(facts: ClusterFacts): ReadonlySet<string> {
  const { agents } = facts.installation;
  const named = [
    ...facts.owners.items.flatMap((owner) => owner.spec.identities ?? []),
    ...facts.capabilities.items.flatMap((capability) => capability.spec.agents),
    ...facts.serviceAccounts.items.map(({ metadata: { namespace = "", name } }) => ({
      serviceAccount: { namespace, name },
    })),
    ...boundAccounts(facts),
  ];
  return new Set(named.filter((subject) => isInAgentSet(subject, agents)).map(agentUserName));
}

/** An agent by name is left out where all of its family stand in the list. */
export function labelsOf(agents: readonly Agent[]): readonly string[] {
  const whole = new Set(agents.filter((agent) => agent.isEveryone).map((agent) => agent.family));
  return agents.filter((agent) => agent.isEveryone || !whole.has(agent.family)).map((agent) => agent.label);
}

export function labelOf(userName: string): string {
  const account = parseServiceAccount(userName);
  return account === undefined ? userName : `${account.namespace}/${account.name}`;
}

function agentOf(userName: string): Agent {
  const account = parseServiceAccount(userName);
  return {
    label: labelOf(userName),
    identity: { username: userName, groups: [] },
    family: account === undefined ? "group" : `namespace ${account.namespace}`,
    isEveryone: false,
    ...(account === undefined ? {} : { account }),
  };
}

function boundAccounts(facts: ClusterFacts): { serviceAccount: { namespace: string; name: string } }[] {
  return [...facts.clusterRoleBindings.items, ...facts.roleBindings.items].flatMap((binding) =>
    (binding.subjects ?? []).flatMap(({ kind, name, namespace }) => {
      if (kind === "User") {
        const account = parseServiceAccount(name);
        return account === undefined ? [] : [{ serviceAccount: account }];
      }
      const place = namespace || binding.metadata.namespace;
      return kind === "ServiceAccount" && place ? [{ serviceAccount: { namespace: place, name } }] : [];
    }),
  );
}
