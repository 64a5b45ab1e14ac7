import { judgeReservation, parseReservation, reservationKey, shardData, shardName } from "../../api/request-ids.ts";
import type { RequestIdReservation, ShardData } from "../../api/request-ids.ts";
import type { KubeClient } from "../../kube/client.ts";
import { KubeError } from "../../kube/kube-error.ts";
import { configMaps, objectPath } from "../../kube/resource.ts";
import { coalesce } from "../coalesce.ts";

/** An approval as its reservation names it. */
export interface RequestedApproval {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly requestID: string;
  /** How long its reservation lasts, in milliseconds; absent: as long as requestIDs are reserved. */
  readonly life?: number;
}

export type ReserveResult =
  | { readonly kind: "reserved" }
  | { readonly kind: "taken"; readonly by: RequestIdReservation | undefined }
  | { readonly kind: "full" };

/**
 * Who has which requestID. Both reject when the API server cannot be asked.
 */
export interface RequestIdRegistry {
  /** Makes the requestID this approval's for good; once resolved with `reserved` it is durable. */
  readonly reserve: (approval: RequestedApproval) => Promise<ReserveResult>;
  /** Whether the requestID is this approval's. A reservation never changes hands, so a yes is remembered. */
  readonly holds: (approval: RequestedApproval) => Promise<boolean>;
}

export interface RequestIdRegistryOptions {
  readonly client: KubeClient;
  readonly systemNamespace: string;
  readonly clock: () => number;
}

/** Others who reserve at the same instant each win once. */
const maxAttempts = 8;

/** Approvals whose reservation is known: the 10,000 that Writ is built for, and half as many again. */
const maxRemembered = 16_384;

export function createRequestIdRegistry(options: RequestIdRegistryOptions): RequestIdRegistry {
  const { client, systemNamespace, clock } = options;
  const remembered = new Set<string>();
  const path = (shard: string): string => objectPath(configMaps, systemNamespace, shard);
  const load = coalesce(async (shard): Promise<Shard> => {
    try {
      const { body } = await client.get(path(shard));
      return { data: shardData(body), resourceVersion: resourceVersionOf(body) };
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return { data: new Map(), resourceVersion: undefined };
      throw error;
    }
  });

  async function attempt(approval: RequestedApproval): Promise<ReserveResult | "lost"> {
    const { namespace, requestID } = approval;
    const name = shardName(namespace);
    const { data, resourceVersion } = await load(name);
    const verdict = judgeReservation(data, { ...approval, now: clock() });
    if (verdict.kind === "held") return { kind: "reserved" };
    if (verdict.kind !== "free") return verdict;
    try {
      if (resourceVersion === undefined) await create(name);
      else await write(name, resourceVersion, { [reservationKey(namespace, requestID)]: verdict.value });
    } catch (error) {
      if (error instanceof KubeError && (error.status === 409 || error.status === 404)) return "lost";
      throw error;
    }
    return resourceVersion === undefined ? "lost" : { kind: "reserved" };
  }

  /** Empty, by server-side apply: it names the object, so the right to create can be limited to these names. */
  async function create(name: string): Promise<void> {
    await client.request({
      method: "PATCH",
      path: path(name),
      query: { fieldManager: "writ-webhook" },
      contentType: "application/apply-patch+yaml",
      body: {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name, labels: { "app.kubernetes.io/part-of": "writ" } },
      },
    });
  }

  async function write(name: string, resourceVersion: string, data: Readonly<Record<string, string>>): Promise<void> {
    await client.request({
      method: "PATCH",
      path: path(name),
      contentType: "application/merge-patch+json",
      body: { metadata: { resourceVersion }, data },
    });
  }

  return {
    reserve: async (approval) => {
      for (let i = 0; i < maxAttempts; i++) {
        const result = await attempt(approval);
        if (result !== "lost") return result;
      }
      throw new Error(`the requestIDs of namespace "${approval.namespace}" changed at each of ${maxAttempts} attempts`);
    },
    holds: async (approval) => {
      const key = JSON.stringify([approval.namespace, approval.requestID, approval.uid]);
      if (remembered.has(key)) return true;
      const { data } = await load(shardName(approval.namespace));
      const text = data.get(reservationKey(approval.namespace, approval.requestID));
      if (text === undefined || parseReservation(text)?.uid !== approval.uid) return false;
      if (remembered.size >= maxRemembered) remembered.clear();
      remembered.add(key);
      return true;
    },
  };
}

interface Shard {
  readonly data: ShardData;
  /** Undefined when the ConfigMap does not exist. */
  readonly resourceVersion: string | undefined;
}

function resourceVersionOf(body: unknown): string {
  const version = (body as { readonly metadata?: { readonly resourceVersion?: unknown } } | undefined)?.metadata;
  if (typeof version?.resourceVersion !== "string") throw new Error("a ConfigMap came without a resourceVersion");
  return version.resourceVersion;
}
