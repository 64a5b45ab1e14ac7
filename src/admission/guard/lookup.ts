import { withFresh } from "../../decision/snapshot.ts";
import type { Snapshot } from "../../decision/snapshot.ts";
import type { LiveReader } from "../live-reader.ts";

/** The cache with the named objects as they are now. Rejects when they cannot be read: guards judge on nothing stale. */
export type LiveSnapshot = (names: {
  readonly owners: readonly string[];
  readonly capabilities: readonly string[];
}) => Promise<Snapshot>;

export function liveSnapshot(cached: () => Snapshot, reader: LiveReader): LiveSnapshot {
  return async ({ owners, capabilities }) => {
    const fresh = await reader.read({
      owners: [...new Set(owners)],
      capabilities: [...new Set(capabilities)],
      approvals: [],
    });
    return withFresh(cached(), fresh);
  };
}
