import { errorFromStatus } from "./kube-error.ts";
import { type KubeObject, resourceName, type ResourceRef } from "./resource.ts";
import type { StoreChange } from "./store.ts";

export type WatchEvent<T> =
  | { readonly kind: "change"; readonly change: StoreChange<T>; readonly resourceVersion: string }
  | { readonly kind: "bookmark"; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

/** A line that is not what a watch of this kind may send; nothing after it can be trusted. */
export class MalformedEvent extends Error {
  override readonly name = "MalformedEvent";
}

const changes = new Map<unknown, StoreChange<unknown>["type"]>([
  ["ADDED", "added"],
  ["MODIFIED", "modified"],
  ["DELETED", "deleted"],
]);

/**
 * Reads one line of a watch (meta/v1 WatchEvent; the end of the initial events as in KEP-3157).
 * Throws `MalformedEvent`, or for an ERROR event the `KubeError` that its Status describes.
 */
export function parseWatchEvent<T extends KubeObject>(line: string, resource: ResourceRef): WatchEvent<T> {
  const { type, object } = parseLine(line);
  if (type === "ERROR") throw errorFromStatus(0, object, undefined);
  const metadata = member(object, "metadata");
  const resourceVersion = member(metadata, "resourceVersion");
  if (typeof resourceVersion !== "string" || resourceVersion === "") {
    throw new MalformedEvent("the event's object has no resourceVersion");
  }
  const expected = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
  if (member(object, "apiVersion") !== expected) {
    throw new MalformedEvent(`the event's object is not of ${expected}`);
  }
  if (type === "BOOKMARK") {
    const mark = member(member(metadata, "annotations"), "k8s.io/initial-events-end");
    return { kind: "bookmark", resourceVersion, initialEventsEnd: mark === "true" };
  }
  const change = changes.get(type);
  if (change === undefined) throw new MalformedEvent("the event's type is unknown");
  return {
    kind: "change",
    change: { type: change, object: checkObject(object, resource) as T },
    resourceVersion,
  };
}

/**
 * Passes on an object that can be keyed, compared and resumed from; throws `MalformedEvent` otherwise. Leaves out who owns
 * which field: nobody here asks, and it is half of an object.
 */
export function checkObject(object: unknown, resource: ResourceRef): KubeObject {
  const metadata = member(object, "metadata");
  const required = ["name", "uid", "resourceVersion", ...(resource.namespaced ? ["namespace"] : [])];
  for (const field of required) {
    const value = member(metadata, field);
    if (typeof value !== "string" || value === "") {
      throw new MalformedEvent(`an object of ${resourceName(resource)} has no metadata.${field}`);
    }
  }
  // Not deleted: that would cost each object its shape.
  if (member(metadata, "managedFields") !== undefined) Object.assign(metadata as object, { managedFields: undefined });
  return object as KubeObject;
}

function parseLine(line: string): { readonly type: unknown; readonly object: unknown } {
  try {
    const event: unknown = JSON.parse(line);
    return { type: member(event, "type"), object: member(event, "object") };
  } catch {
    throw new MalformedEvent("a line of the watch is not JSON");
  }
}

export function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}
