import type { KindRef, WritObject } from "../../api/kinds.ts";
import { intendedChange } from "../../api/register/intent.ts";
import type { Intent } from "../../api/register/intent.ts";
import type { Call } from "../handler.ts";

/**
 * What the register must say of a change before it is admitted; undefined when no decision could rest on the
 * difference.
 */
export function announcementOf(
  { request }: Call,
  old: WritObject | undefined,
  object: WritObject | undefined,
  now: number,
): Intent | undefined {
  const change = intendedChange(old, object);
  const metadata = (old ?? object)?.metadata;
  if (!change || !metadata) return undefined;
  return {
    // The kinds that pass here are those that the guard knows, and `intentEntry` refuses any other.
    plural: request.resource.resource as KindRef["plural"],
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid ?? "",
    change,
    at: now,
    call: request.uid,
  };
}
