import { agentUserName } from "../api/agents.ts";
import { agentCapabilities, elevationApprovals, identityOwners } from "../api/kinds.ts";
import type { KindRef } from "../api/kinds.ts";
import { ownerDirectory } from "../api/owners.ts";
import type { OwnerDirectory } from "../api/owners.ts";
import type { AgentCapability, ElevationApproval, IdentityOwner } from "../api/types.gen.ts";
import type { Snapshot } from "../decision/snapshot.ts";
import type { KubeClient } from "../kube/client.ts";
import { startReflector } from "../kube/reflector.ts";
import type { Reflector } from "../kube/reflector.ts";
import type { KubeObject } from "../kube/resource.ts";
import { createStore } from "../kube/store.ts";
import type { Store } from "../kube/store.ts";
import type { KubeLog, KubeMetrics } from "../kube/telemetry.ts";
import { agentKey, targetKeysFor, targetKeysOf } from "./approval-index.ts";

/** The three kinds as this process sees them, kept by one watch each. */
export interface WritCache {
  readonly owners: Store<IdentityOwner>;
  readonly capabilities: Store<AgentCapability>;
  readonly approvals: Store<ElevationApproval>;
  /** A view of the present content: consistent until the caller next awaits, and the very same one until it changes. */
  readonly snapshot: () => Snapshot;
  /** What keeps the view from being trusted, one line each; empty when every watch lives. */
  readonly problems: () => readonly string[];
  /**
   * Watches that have shown nothing for so long that changes may be missing which the revocation register no longer
   * names, one line each. What rests on the view must be read.
   */
  readonly silent: () => readonly string[];
  readonly state: () => readonly CacheState[];
  readonly whenSynced: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface CacheState {
  readonly kind: string;
  readonly objects: number;
  readonly synced: boolean;
  /** Milliseconds since the API server was last heard. */
  readonly age: number;
}

export interface WritCacheOptions {
  readonly client: KubeClient;
  readonly log: KubeLog;
  readonly metrics?: KubeMetrics;
}

export function startWritCache(options: WritCacheOptions): WritCache {
  const stores = {
    owners: createStore<IdentityOwner>(options),
    capabilities: createStore<AgentCapability>({
      ...options,
      indexers: { agent: (capability) => capability.spec.agents.map(agentUserName) },
    }),
    approvals: createStore<ElevationApproval>({
      ...options,
      indexers: {
        agent: (approval) => [agentKey(agentUserName(approval.spec.agent), approval.metadata.namespace ?? "")],
        target: targetKeysOf,
        capability: (approval) => [approval.spec.capabilityName],
      },
    }),
  };
  const watch = <T extends KubeObject>(resource: KindRef, store: Store<T>): Watched => ({
    resource,
    store,
    reflector: startReflector<T>({ ...options, resource, store }),
  });
  const watches = [
    watch(identityOwners, stores.owners),
    watch(agentCapabilities, stores.capabilities),
    watch(elevationApprovals, stores.approvals),
  ];

  let directory: OwnerDirectory | undefined;
  let view: Snapshot | undefined;
  stores.owners.subscribe(() => {
    directory = undefined;
    view = undefined;
  });
  for (const store of [stores.capabilities, stores.approvals]) {
    store.subscribe(() => {
      view = undefined;
    });
  }
  const owners = (): OwnerDirectory => (directory ??= ownerDirectory(stores.owners.list()));
  const approvalsOf: Snapshot["approvalsOf"] = (agent, namespace, effect) => {
    if (effect === undefined) return stores.approvals.byIndex("agent", agentKey(agent, namespace));
    const found = targetKeysFor(agent, namespace, effect).flatMap((key) => stores.approvals.byIndex("target", key));
    // One approval may name the object in several of its targets.
    return [...new Set(found)];
  };

  return {
    ...stores,
    snapshot: () =>
      (view ??= {
        owners: owners(),
        capability: (name) => stores.capabilities.get(name),
        capabilitiesOf: (agent) => stores.capabilities.byIndex("agent", agent),
        approvalsOf,
      }),
    problems: () =>
      watches
        .filter(({ reflector }) => !reflector.synced)
        .map(({ resource }) => `cache of ${resource.plural} is not synced`),
    silent: () =>
      watches
        .filter(({ reflector }) => reflector.silent)
        .map(({ resource }) => `the watch of ${resource.plural} has shown nothing for too long`),
    state: () =>
      watches.map(({ resource, store, reflector }) => ({
        kind: resource.kind,
        objects: store.size,
        synced: reflector.synced,
        age: reflector.age(),
      })),
    whenSynced: async () => {
      await Promise.all(watches.map(({ reflector }) => reflector.whenSynced()));
    },
    stop: async () => {
      await Promise.all(watches.map(({ reflector }) => reflector.stop()));
    },
  };
}

interface Watched {
  readonly resource: KindRef;
  readonly store: { readonly size: number };
  readonly reflector: Reflector;
}
