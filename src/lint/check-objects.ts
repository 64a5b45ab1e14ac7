import { agentUserName, isInAgentSet } from "../api/agents.ts";
import type { AgentSubject } from "../api/agents.ts";
import { capabilityProblem } from "../api/capability-state.ts";
import { describeOwnerProblem, ownerDirectory, ownerProblem } from "../api/owners.ts";
import type { OwnerProblem } from "../api/owners.ts";
import { knownNames, labelOf } from "./agents.ts";
import { catalogue } from "./catalogue.ts";
import type { ClusterFacts } from "./facts.ts";
import type { Finding } from "./finding.ts";
import type { Severity } from "./severity.ts";

/** Whom the guard policies let pass. */
const breakGlassGroup = "writ.dev:break-glass";

const ownerSeverity = {
  OwnerNotFound: "medium",
  OwnerReviewOverdue: "medium",
  OwnerBeingDeleted: "low",
  OwnerSuspended: "info",
} as const satisfies Record<OwnerProblem, Severity>;

/** What is wrong with owners, capabilities, agents' accounts and the agent set itself. */
export function checkObjects(facts: ClusterFacts): readonly Finding[] {
  return [
    ...checkAgentSet(facts),
    ...(facts.owners.unread.length > 0 ? [] : [...checkOwners(facts), ...checkAccountability(facts)]),
    ...checkCapabilities(facts),
    ...checkTokens(facts),
  ];
}

function checkAgentSet({ installation: { agents } }: ClusterFacts): readonly Finding[] {
  if (agents.group !== breakGlassGroup) return [];
  return [
    {
      id: "L020",
      severity: "critical",
      message: `agents.group of the configuration is ${breakGlassGroup}`,
      cure: catalogue.L020.cure,
      agents: [`every member of ${agents.group}`],
    },
  ];
}

function checkOwners(facts: ClusterFacts): readonly Finding[] {
  const { agents, rootOwnerName } = facts.installation;
  const owners = ownerDirectory(facts.owners.items);
  const findings: Finding[] = [];
  const rootProblem = ownerProblem(owners.get(rootOwnerName), facts.now);
  if (rootProblem) {
    findings.push({
      id: "L206",
      severity: "medium",
      message: describeOwnerProblem(rootOwnerName, rootProblem),
      cure: catalogue.L206.cure,
      object: `IdentityOwner/${rootOwnerName}`,
    });
  }
  for (const owner of facts.owners.items) {
    const { name } = owner.metadata;
    const object = `IdentityOwner/${name}`;
    const problem = name === rootOwnerName ? undefined : ownerProblem(owner, facts.now);
    if (problem) {
      const message = describeOwnerProblem(name, problem);
      findings.push({ id: "L205", severity: ownerSeverity[problem], message, cure: catalogue.L205.cure, object });
    }
    const robots = owner.spec.members.flatMap(({ user, group, aliases = [] }) => [
      ...(group === agents.group ? [`every member of ${group}`] : []),
      ...(user === undefined ? [] : [user, ...aliases]).filter((member) => owners.ofIdentity(member).length > 0),
    ]);
    if (robots.length > 0) {
      const message = `IdentityOwner "${name}" has agents among its members: ${robots.join(", ")}`;
      findings.push({ id: "L021", severity: "high", message, cure: catalogue.L021.cure, object, agents: robots });
    }
    findings.push(...strangers(facts, object, owner.spec.identities ?? []));
  }
  return findings;
}

/** Who answers for each agent that is known by name, and whether it may write at all. */
function checkAccountability(facts: ClusterFacts): readonly Finding[] {
  const owners = ownerDirectory(facts.owners.items);
  const capable = new Set(facts.capabilities.items.flatMap(({ spec }) => spec.agents.map(agentUserName)));
  const known = [...knownNames(facts)].sort();
  const unowned = known.filter((name) => owners.ofIdentity(name).length === 0);
  const about = (id: "L202" | "L203", severity: Severity, names: readonly string[], what: string): Finding[] => {
    const labels = names.map(labelOf);
    if (labels.length === 0) return [];
    return [{ id, severity, message: `${labels.join(", ")}: ${what}`, cure: catalogue[id].cure, agents: labels }];
  };
  return [
    ...known.flatMap((name): readonly Finding[] => {
      const rivals = owners.ofIdentity(name).map((owner) => owner.metadata.name);
      if (rivals.length < 2) return [];
      const message = `${labelOf(name)} is claimed by the owners ${rivals.join(", ")}`;
      return [{ id: "L201", severity: "medium", message, cure: catalogue.L201.cure, agents: [labelOf(name)] }];
    }),
    ...about(
      "L202",
      "medium",
      unowned.filter((name) => capable.has(name)),
      "a capability, but no owner",
    ),
    ...about(
      "L202",
      "info",
      unowned.filter((name) => !capable.has(name)),
      "no owner",
    ),
    ...(facts.capabilities.unread.length > 0
      ? []
      : about(
          "L203",
          "info",
          known.filter((name) => !capable.has(name)),
          "no capability",
        )),
  ];
}

function checkCapabilities(facts: ClusterFacts): readonly Finding[] {
  const [trust] = facts.trust.items;
  const owners = ownerDirectory(facts.owners.items);
  const canJudge = trust !== undefined && facts.owners.unread.length === 0;
  return facts.capabilities.items.flatMap((capability): readonly Finding[] => {
    const object = `AgentCapability/${capability.metadata.name}`;
    const problem = canJudge ? capabilityProblem(capability, owners, facts.now, trust) : undefined;
    return [
      ...(problem === undefined
        ? []
        : [
            {
              id: "L204" as const,
              severity: problem.code === "CapabilitySuspended" ? ("info" as const) : ("low" as const),
              message: `${problem.code}: ${problem.message}`,
              cure: catalogue.L204.cure,
              object,
            },
          ]),
      ...strangers(facts, object, capability.spec.agents),
    ];
  });
}

function strangers(facts: ClusterFacts, object: string, subjects: readonly AgentSubject[]): readonly Finding[] {
  const names = subjects.filter((subject) => !isInAgentSet(subject, facts.installation.agents)).map(agentUserName);
  if (names.length === 0) return [];
  const message = `${object} names ${names.map(labelOf).join(", ")}, which the configuration takes for no agent`;
  return [{ id: "L207", severity: "medium", message, cure: catalogue.L207.cure, object }];
}

function checkTokens(facts: ClusterFacts): readonly Finding[] {
  return facts.tokenSecrets.items.map(({ namespace, name, account }) => ({
    id: "L208",
    severity: "high",
    message: `Secret ${namespace}/${name} holds a token of ${namespace}/${account} that never expires`,
    cure: catalogue.L208.cure,
    object: `Secret/${namespace}/${name}`,
    agents: [`${namespace}/${account}`],
  }));
}
