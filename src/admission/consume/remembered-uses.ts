import type { ElevationApproval } from "../../api/types.gen.ts";
import { changeDigest } from "../../decision/change/change-digest.ts";
import { asObject, own, ownText } from "../../decision/json.ts";
import type { WriteRequest } from "../../decision/write-request.ts";

/** A use that was counted: which one of how many. */
export interface CountedUse {
  readonly ordinal: number;
  readonly of: number;
}

/**
 * Uses that this replica counted, so that a repetition of the very same write needs no other: same approval, object uid,
 * old resourceVersion, change digest and credential.
 *
 * It cannot let more writes take effect than were counted. Object uid and old resourceVersion name one stored version,
 * and the API server commits an update or a deletion only onto the version that it showed in the review (a
 * compare-and-swap on it): of all the requests that show one version at most one takes effect, however many are
 * admitted. Digest and credential only narrow what counts as the same. A creation shows no stored version, nor do
 * connections, tokens and evictions: each of theirs is a use.
 */
export interface RememberedUses {
  readonly find: (request: WriteRequest, approval: ElevationApproval) => CountedUse | undefined;
  readonly add: (request: WriteRequest, approval: ElevationApproval, use: CountedUse) => void;
}

/** A constant: the digest never leaves this process, so nobody can try values against it. */
const salt = "0".repeat(32);

/** `limit`: how many are remembered; the oldest are forgotten, and their repetitions counted as uses of their own. */
export function rememberUses(limit: number): RememberedUses {
  const known = new Map<string, CountedUse & { readonly digest: string }>();
  return {
    find: (request, approval) => {
      const place = placeOf(request, approval);
      const use = place === undefined ? undefined : known.get(place);
      return use !== undefined && use.digest === digestOf(request) ? use : undefined;
    },
    add: (request, approval, { ordinal, of }) => {
      const place = placeOf(request, approval);
      const digest = place === undefined ? undefined : digestOf(request);
      if (place === undefined || digest === undefined) return;
      known.delete(place);
      known.set(place, { ordinal, of, digest });
      for (const oldest of known.keys()) {
        if (known.size <= limit) break;
        known.delete(oldest);
      }
    },
  };
}

/** Everything that is the same but for the digest, which costs more; undefined for what is never the same use. */
function placeOf(request: WriteRequest, approval: ElevationApproval): string | undefined {
  const { operation, oldObject, requester } = request;
  const { oldResourceVersion } = request.target;
  // As stored: what the client sent names no version.
  const uid = ownText(asObject(own(oldObject, "metadata")), "uid");
  const approvalUid = approval.metadata.uid;
  if (operation !== "UPDATE" && operation !== "DELETE") return undefined;
  if (!uid || !oldResourceVersion || !approvalUid || requester.credentialId === undefined) return undefined;
  return JSON.stringify([approvalUid, uid, oldResourceVersion, requester.credentialId]);
}

/** Undefined for a change without canonical form: it is never the same as another. */
function digestOf(request: WriteRequest): string | undefined {
  try {
    return changeDigest(request, salt);
  } catch {
    return undefined;
  }
}
