import type { KubeClient } from "./client.ts";
import { isExpired, KubeError } from "./kube-error.ts";
import { collectionPath, type KubeObject, type ResourceRef } from "./resource.ts";
import { checkObject, member } from "./watch-event.ts";

export interface ListOptions {
  readonly client: KubeClient;
  readonly resource: ResourceRef;
  readonly namespace?: string | undefined;
  readonly pageSize: number;
  /** For one page, in ms. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onPage?: () => void;
  readonly onExpired?: () => void;
}

export interface Listing<T> {
  readonly objects: readonly T[];
  readonly resourceVersion: string;
}

/**
 * A consistent list of a whole collection: no resourceVersion is sent, since any other way may
 * answer from the past. A continue token that expires midway is answered by starting over in one
 * piece, which cannot expire. Throws like `KubeClient.request`, and for a malformed list.
 */
export async function listAll<T extends KubeObject>(options: ListOptions): Promise<Listing<T>> {
  try {
    return await listPages<T>(options, options.pageSize);
  } catch (error) {
    if (!isExpired(error)) throw error;
    options.onExpired?.();
    return await listPages<T>(options, undefined);
  }
}

async function listPages<T extends KubeObject>(options: ListOptions, limit: number | undefined): Promise<Listing<T>> {
  const objects: T[] = [];
  let next: string | undefined;
  for (;;) {
    const { body } = await options.client.get(collectionPath(options.resource, options.namespace), {
      query: { limit, continue: next },
      signal: options.signal,
      timeoutMs: options.timeoutMs,
    });
    options.onPage?.();
    const items = member(body, "items");
    const metadata = member(body, "metadata");
    const resourceVersion = member(metadata, "resourceVersion");
    if (!Array.isArray(items) || typeof resourceVersion !== "string" || resourceVersion === "") {
      throw new KubeError({ status: 0, reason: "InvalidResponse", message: "the answer is not a list" });
    }
    for (const item of items) objects.push(checkObject(item, options.resource) as T);
    const token = member(metadata, "continue");
    if (typeof token !== "string" || token === "") return { objects, resourceVersion };
    next = token;
  }
}
