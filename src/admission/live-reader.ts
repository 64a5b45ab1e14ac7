import { agentCapabilities, elevationApprovals, identityOwners } from "../api/kinds.ts";
import type { KindRef } from "../api/kinds.ts";
import type { AgentCapability, ElevationApproval, IdentityOwner } from "../api/types.gen.ts";
import type { ObjectNames } from "../api/register/names-to-read.ts";
import type { FreshObjects } from "../decision/snapshot.ts";
import type { KubeClient } from "../kube/client.ts";
import { objectPath } from "../kube/resource.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { coalesce } from "./coalesce.ts";
import { classifyReadError, skewOf } from "./read-outcome.ts";

export interface LiveObjects extends FreshObjects {
  /** How far the API server's clock was from ours at the worst read, in milliseconds; within a second of the truth. */
  readonly clockSkew: number;
}

/**
 * Reads objects from the API server with plain GETs (quorum reads: no resourceVersion is given), each begun after the
 * call. Concurrent calls share reads that have not begun yet. Rejects when any read fails: a missing object is an
 * answer, an error is none.
 */
export interface LiveReader {
  readonly read: (names: ObjectNames) => Promise<LiveObjects>;
}

interface LiveRead {
  readonly object: unknown;
  readonly skew: number;
}

export function createLiveReader(client: KubeClient, clock: () => number, metrics: Metrics): LiveReader {
  const get = coalesce(async (path): Promise<LiveRead> => {
    try {
      const { body, serverDate } = await client.get(path);
      metrics.liveReads.inc({ object: "named", result: "ok" });
      return { object: body, skew: skewOf(serverDate, clock()) };
    } catch (error) {
      const result = classifyReadError(error);
      metrics.liveReads.inc({ object: "named", result });
      if (result !== "not-found") throw error;
      return { object: undefined, skew: 0 };
    }
  });
  const readAll = async <T>(
    kind: KindRef,
    names: readonly string[],
  ): Promise<{ found: Map<string, T | undefined>; skew: number }> => {
    const reads = await Promise.all(names.map(async (name) => [name, await get(pathOf(kind, name))] as const));
    return {
      found: new Map(reads.map(([name, read]) => [name, read.object as T | undefined])),
      skew: Math.max(0, ...reads.map(([, read]) => read.skew)),
    };
  };
  return {
    read: async (names) => {
      const [owners, capabilities, approvals] = await Promise.all([
        readAll<IdentityOwner>(identityOwners, names.owners),
        readAll<AgentCapability>(agentCapabilities, names.capabilities),
        readAll<ElevationApproval>(elevationApprovals, names.approvals),
      ]);
      return {
        owners: owners.found,
        capabilities: capabilities.found,
        approvals: approvals.found,
        clockSkew: Math.max(owners.skew, capabilities.skew, approvals.skew),
      };
    },
  };
}

function pathOf(kind: KindRef, name: string): string {
  if (!kind.namespaced) return objectPath(kind, undefined, name);
  const [namespace, ...rest] = name.split("/");
  return objectPath(kind, namespace, rest.join("/"));
}
