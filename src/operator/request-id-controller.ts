import { reservationChanges, shardCount, shardData, shardNames } from "../api/request-ids.ts";
import type { RequestIdReservation } from "../api/request-ids.ts";
import type { ElevationApproval } from "../api/types.gen.ts";
import type { KubeClient } from "../kube/client.ts";
import { KubeError } from "../kube/kube-error.ts";
import { configMaps, keyOf, objectPath } from "../kube/resource.ts";
import type { Store } from "../kube/store.ts";
import type { KubeLog } from "../kube/telemetry.ts";
import { createWorkQueue } from "../kube/work-queue.ts";

export interface RequestIdControllerOptions {
  readonly client: KubeClient;
  readonly systemNamespace: string;
  readonly approvals: Pick<Store<ElevationApproval>, "get">;
  readonly clock: () => number;
  readonly log: KubeLog;
}

export interface RequestIdController {
  readonly stop: () => Promise<void>;
}

const interval = 3_600_000;

/**
 * Keeps the reservations of requestIDs: renews those of approvals that exist, takes away those that are over. Every
 * shard is looked at at the start and once an hour; the first looks are spread over a minute.
 */
export function startRequestIdController(options: RequestIdControllerOptions): RequestIdController {
  const { client, systemNamespace, approvals, clock, log } = options;
  const exists = (namespace: string, { name, uid }: RequestIdReservation): boolean =>
    approvals.get(keyOf(namespace, name))?.metadata.uid === uid;

  const queue = createWorkQueue({ name: "request-ids", log, process: reconcile });
  for (const [index, shard] of shardNames().entries()) queue.addAfter(shard, (index * 60_000) / shardCount);

  async function reconcile(shard: string, signal: AbortSignal): Promise<void> {
    queue.addAfter(shard, interval);
    const path = objectPath(configMaps, systemNamespace, shard);
    try {
      const { body } = await client.get(path, { signal });
      const changes = reservationChanges(shardData(body), exists, clock());
      if (Object.keys(changes).length === 0) return;
      const resourceVersion = (body as { readonly metadata: { readonly resourceVersion: string } }).metadata
        .resourceVersion;
      await client.request({
        method: "PATCH",
        path,
        contentType: "application/merge-patch+json",
        body: { metadata: { resourceVersion }, data: changes },
        signal,
      });
    } catch (error) {
      // A shard that nobody has needed yet does not exist.
      if (!(error instanceof KubeError && error.status === 404)) throw error;
    }
  }

  return { stop: () => queue.stop() };
}
