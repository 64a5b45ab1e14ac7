import type { Caller } from "../handler.ts";

/**
 * `spec` of a SubjectAccessReview (k8s.io/api/authorization/v1): who wants to do what. The API server leaves out what is
 * empty, and sends exactly one of the two attributes.
 */
export interface AccessSpec {
  readonly user?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  readonly resourceAttributes?: ResourceAttributes;
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
}

export interface ResourceAttributes {
  readonly namespace?: string;
  readonly verb?: string;
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly name?: string;
}

/** What the authorizer knows of a call besides its review. */
export interface AccessCall {
  readonly spec: AccessSpec;
  readonly caller: Caller;
}

/** Why access is denied, whatever other authorizers would say. */
export interface AccessDenial {
  /** Stable reason code (docs/reference/errors.md). */
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

/** The second gate. It denies or has no opinion; it never allows. */
export interface Authorizer {
  /** Whether the review is about an agent. Nobody else waits for Writ or is denied by it, not even under overload. */
  readonly governs: (spec: AccessSpec) => boolean;
  /** Resolves with undefined for "no opinion". A denial is recorded before. */
  readonly judge: (call: AccessCall) => Promise<AccessDenial | undefined>;
  /** Records a denial that the server gave in the authorizer's place. Rejects when it cannot be recorded. */
  readonly recordServerDenial: (call: AccessCall, denial: AccessDenial) => Promise<void>;
}
