import { agentUserName } from "../api/agents.ts";
import type { Effect } from "../api/effect.ts";
import { ownerDirectory } from "../api/owners.ts";
import type { OwnerDirectory } from "../api/owners.ts";
import type { AgentCapability, ElevationApproval, IdentityOwner } from "../api/types.gen.ts";

/** The objects of the three kinds at one moment, as decisions ask for them. */
export interface Snapshot {
  readonly owners: OwnerDirectory;
  readonly capability: (name: string) => AgentCapability | undefined;
  /** Capabilities that name the agent, in force or not. */
  readonly capabilitiesOf: (agent: string) => readonly AgentCapability[];
  /**
   * Approvals for the agent in a namespace, whatever their state. Where an effect is given, those whose targets leave
   * it out may be missing, so that an agent with thousands of approvals costs no more than one with a few.
   */
  readonly approvalsOf: (agent: string, namespace: string, effect?: Effect) => readonly ElevationApproval[];
}

/** A snapshot of given objects; for tests, tools and replays. */
export function snapshotOf(
  owners: readonly IdentityOwner[],
  capabilities: readonly AgentCapability[],
  approvals: readonly ElevationApproval[],
): Snapshot {
  return {
    owners: ownerDirectory(owners),
    capability: (name) => capabilities.find((capability) => capability.metadata.name === name),
    capabilitiesOf: (agent) => capabilities.filter((capability) => namesAgent(capability, agent)),
    approvalsOf: (agent, namespace) =>
      approvals.filter(
        (approval) => approval.metadata.namespace === namespace && agentUserName(approval.spec.agent) === agent,
      ),
  };
}

function namesAgent(capability: AgentCapability, agent: string): boolean {
  return capability.spec.agents.some((subject) => agentUserName(subject) === agent);
}

/** Objects read again after the request arrived, by name (approvals by namespace/name); `undefined` means gone. */
export interface FreshObjects {
  readonly owners: ReadonlyMap<string, IdentityOwner | undefined>;
  readonly capabilities: ReadonlyMap<string, AgentCapability | undefined>;
  readonly approvals: ReadonlyMap<string, ElevationApproval | undefined>;
}

/** The snapshot with the fresh objects in place of those it held; the very same one when there are none. */
export function withFresh(snapshot: Snapshot, fresh: FreshObjects): Snapshot {
  if (fresh.owners.size + fresh.capabilities.size + fresh.approvals.size === 0) return snapshot;
  const owners = replaceNamed(snapshot.owners.all, fresh.owners, (owner) => owner.metadata.name);
  return {
    owners: owners === snapshot.owners.all ? snapshot.owners : ownerDirectory(owners),
    capability: (name) => (fresh.capabilities.has(name) ? fresh.capabilities.get(name) : snapshot.capability(name)),
    capabilitiesOf: (agent) => {
      const known = snapshot.capabilitiesOf(agent);
      return replaceNamed(known, fresh.capabilities, (capability) => capability.metadata.name).filter((capability) =>
        namesAgent(capability, agent),
      );
    },
    approvalsOf: (agent, namespace, effect) =>
      replaceNamed(snapshot.approvalsOf(agent, namespace, effect), fresh.approvals, approvalKey).filter(
        (approval) => approval.metadata.namespace === namespace && agentUserName(approval.spec.agent) === agent,
      ),
  };
}

export function approvalKey(approval: ElevationApproval): string {
  return `${approval.metadata.namespace ?? ""}/${approval.metadata.name}`;
}

/** Keeps the very same array when nothing differs, so that what was derived from it is kept too. */
function replaceNamed<T extends IdentityOwner | AgentCapability | ElevationApproval>(
  known: readonly T[],
  fresh: ReadonlyMap<string, T | undefined>,
  key: (object: T) => string,
): readonly T[] {
  const unchanged = known.filter((object) => !fresh.has(key(object)) || isSameVersion(object, fresh.get(key(object))));
  const unchangedKeys = new Set(unchanged.map(key));
  const changed = [...fresh].flatMap(([name, object]) => (object && !unchangedKeys.has(name) ? [object] : []));
  return changed.length === 0 && unchanged.length === known.length ? known : [...unchanged, ...changed];
}

/** Whether two objects are one stored version; resource versions are opaque, so equality is all that can be asked. */
export function isSameVersion(
  a: IdentityOwner | AgentCapability | ElevationApproval,
  b: IdentityOwner | AgentCapability | ElevationApproval | undefined,
): boolean {
  return (
    b !== undefined && a.metadata.uid === b.metadata.uid && a.metadata.resourceVersion === b.metadata.resourceVersion
  );
}
