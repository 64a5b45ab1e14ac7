import { createHash } from "node:crypto";
import type { ObjectMeta } from "../../src/api/object-meta.ts";
import { created, timestamp } from "./time.ts";

/** Metadata as the API server would have filled it; the uid follows from kind, namespace and name. */
export function meta(kind: string, name: string, mods: Partial<ObjectMeta>): ObjectMeta {
  const uid = createHash("sha256")
    .update(`${kind}/${mods.namespace ?? ""}/${name}`)
    .digest("hex")
    .slice(0, 32);
  return { name, uid, resourceVersion: "1", generation: 1, creationTimestamp: timestamp(created), ...mods };
}
