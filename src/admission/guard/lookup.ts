import { withFresh } from "../../decision/snapshot.ts";
import type { Snapshot } from "../../decision/snapshot.ts";
import type { LiveReader } from "../live-reader.ts";

export interface Lookup {
  readonly owners: readonly string[];
  readonly capabilities: readonly string[];
  /** Times are stamped and compared: the clocks must agree. A rejection waits for no clock. */
  readonly needsClock?: boolean;
}

/**
 * The cache with the named objects as they are now. Rejects when they cannot be read: guards judge on nothing stale.
 */
export type LiveSnapshot = (lookup: Lookup) => Promise<Snapshot>;

const maxClockSkew = 5000;

export function liveSnapshot(cached: () => Snapshot, reader: LiveReader): LiveSnapshot {
  return async ({ owners, capabilities, needsClock = false }) => {
    const fresh = await reader.read({
      owners: [...new Set(owners)],
      capabilities: [...new Set(capabilities)],
      approvals: [],
    });
    if (needsClock && fresh.clockSkew > maxClockSkew) {
      throw new Error("the clocks of the API server and of the webhook are more than 5 s apart");
    }
    return withFresh(cached(), fresh);
  };
}
