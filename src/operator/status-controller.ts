import type { KindRef, WritObject } from "../api/kinds.ts";
import type { KubeClient } from "../kube/client.ts";
import { KubeError } from "../kube/kube-error.ts";
import { keyOf, objectKey, objectPath } from "../kube/resource.ts";
import type { Store } from "../kube/store.ts";
import type { KubeLog } from "../kube/telemetry.ts";
import { createWorkQueue } from "../kube/work-queue.ts";
import type { WorkQueue } from "../kube/work-queue.ts";

export interface DesiredStatus<S> {
  readonly status: S;
  /** Milliseconds since the epoch at which time alone changes the status. */
  readonly nextChangeAt: number | undefined;
}

export interface StatusControllerOptions<T extends WritObject> {
  readonly kind: KindRef;
  readonly store: Store<T>;
  readonly client: KubeClient;
  readonly clock: () => number;
  readonly log: KubeLog;
  /** Pure: the status that the object should have now. */
  readonly desired: (object: T, now: number) => DesiredStatus<object>;
}

export interface StatusController {
  /** Looks at every object again, because something else that they rest on moved. */
  readonly resync: () => void;
  readonly stop: () => Promise<void>;
}

const concurrency = 4;

/**
 * Writes the status of one kind. Level-based: each object is looked at when it changes, when told so, and when time
 * alone changes its status; nothing is written when nothing differs.
 */
export function startStatusController<T extends WritObject>(options: StatusControllerOptions<T>): StatusController {
  const { kind, store, client, clock, log } = options;
  const queue: WorkQueue = createWorkQueue({ name: kind.plural, concurrency, log, process: reconcile });
  const unsubscribe = store.subscribe((event) => {
    if (event.type !== "deleted") queue.add(objectKey(event.object));
  });

  async function reconcile(key: string, signal: AbortSignal): Promise<void> {
    const object = store.get(key);
    if (!object) return;
    const now = clock();
    const { status, nextChangeAt } = options.desired(object, now);
    // A moment late, so that the clock has surely passed the instant.
    if (nextChangeAt !== undefined) queue.addAfter(key, Math.max(0, nextChangeAt - now) + 50);
    if (holds(object.status, status)) return;
    const { namespace, name, uid } = object.metadata;
    try {
      await client.request({
        method: "PATCH",
        path: `${objectPath(kind, namespace, name)}/status`,
        contentType: "application/merge-patch+json",
        body: { metadata: { uid }, status: withRemovals(object.status, status) },
        signal,
      });
    } catch (error) {
      const gone = error instanceof KubeError && (error.status === 404 || error.status === 409);
      if (!gone) throw error;
    }
  }

  return {
    resync: () => {
      for (const object of store.list()) queue.add(keyOf(object.metadata.namespace, object.metadata.name));
    },
    stop: async () => {
      unsubscribe();
      await queue.stop();
    },
  };
}

/** Whether every member that should be there is, and no member that is ours is there that should not be. */
function holds(actual: object | undefined, desired: object): boolean {
  return JSON.stringify(comparable(actual ?? {}, desired)) === JSON.stringify(comparable(desired, desired));
}

/** Members that others write (the use counter) are theirs. */
const notOurs: ReadonlySet<string> = new Set(["uses"]);

function comparable(status: object, desired: object): unknown {
  const keys = [...new Set([...Object.keys(status), ...Object.keys(desired)])]
    .filter((key) => !notOurs.has(key))
    .sort();
  return keys.map((key) => [key, sortKeys((status as Record<string, unknown>)[key])]);
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => [key, sortKeys(member)]);
}

/** A merge patch removes what is null (RFC 7396): a time that no longer holds must go. */
function withRemovals(actual: object | undefined, desired: object): object {
  const removed = Object.keys(actual ?? {}).filter((key) => !Object.hasOwn(desired, key) && !notOurs.has(key));
  return { ...desired, ...Object.fromEntries(removed.map((key) => [key, null])) };
}
