import { createHash } from "node:crypto";
import { canonicalJson } from "../ledger/canonical-json.ts";
import type { AgentCapability, ElevationApproval } from "./types.gen.ts";

/** `sha256:` and 64 hexadecimal digits. */
export type Digest = `sha256:${string}`;

/** The digests that are asked for again and again of the same objects. */
export interface Digests {
  readonly policy: (capability: AgentCapability) => Digest;
  readonly spec: (approval: ElevationApproval) => Digest;
  readonly request: (approval: ElevationApproval) => Digest;
}

/**
 * Digests that are computed once for each object and forgotten with it. Sound only for objects that nobody changes, as
 * those of caches and of live reads.
 */
export function rememberingDigests(): Digests {
  return { policy: remembering(policyDigest), spec: remembering(specDigest), request: remembering(requestDigest) };
}

function remembering<T extends object>(compute: (object: T) => Digest): (object: T) => Digest {
  const known = new WeakMap<T, Digest>();
  return (object) => {
    const remembered = known.get(object);
    if (remembered !== undefined) return remembered;
    const digest = compute(object);
    known.set(object, digest);
    return digest;
  };
}

/** SHA-256 over RFC 8785 JSON. `type` separates the domains: no digest of one kind is one of another. */
export function digestOf(type: string, value: object): Digest {
  return `sha256:${createHash("sha256").update(canonicalJson({ type, value })).digest("hex")}`;
}

/**
 * Digest of what a capability says: name and spec less `definedBy` and `suspended`. Without uid and generation, so
 * that it can be signed before the object exists and an edit that is taken back restores it.
 */
export function policyDigest(capability: AgentCapability): Digest {
  const { definedBy: _definedBy, suspended: _suspended, ...spec } = capability.spec;
  return digestOf("writ.dev/policy/v1", { name: capability.metadata.name, spec });
}

/** Digest of what an approval asks for: namespace, name and spec less `decisions`. */
export function specDigest(approval: ElevationApproval): Digest {
  const { decisions: _decisions, ...spec } = approval.spec;
  return digestOf("writ.dev/approval/v1", {
    namespace: approval.metadata.namespace ?? "",
    name: approval.metadata.name,
    spec,
  });
}

/**
 * Digest of what is asked for, as people sign it before the object exists: namespace, name and spec less `decisions`
 * and `requestedBy`, which says who applied it.
 */
export function requestDigest(approval: ElevationApproval): Digest {
  const { decisions: _decisions, requestedBy: _requestedBy, ...spec } = approval.spec;
  return digestOf("writ.dev/request/v1", {
    namespace: approval.metadata.namespace ?? "",
    name: approval.metadata.name,
    spec,
  });
}
