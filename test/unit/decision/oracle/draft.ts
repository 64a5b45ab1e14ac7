import type { WriteRequest } from "../../../../src/decision/write-request.ts";
import type { AgentCapability, ElevationApproval, IdentityOwner } from "../../../../src/api/types.gen.ts";

export type Mutable<T> = T extends readonly (infer U)[]
  ? Mutable<U>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T;

export type Owner = Mutable<IdentityOwner>;
export type Capability = Mutable<AgentCapability>;
export type Approval = Mutable<ElevationApproval>;
export type Rule = Capability["spec"]["rules"][number];
export type Terms = Capability["spec"]["approval"][number];

/**
 * How a decision came to its attestation. `forged`: another key signed it. `replayed`: Writ signed it for another
 * approval. `foreign`: Writ's key in another cluster. `unsigned`: none.
 * A person's own signature comes in the same ways: of a stranger's key, for another request, for another cluster, or not.
 */
export type Signing = "genuine" | "forged" | "replayed" | "foreign" | "unsigned";

/** A decision, or a definition, before it is signed. */
export interface Vote {
  verdict: "Approve" | "Reject";
  by: string;
  ownerName: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** The member entry that matched, `user:NAME` or `group:NAME`. */
  member: string;
  signing: Signing;
  /** Present where a key of the person signs it themselves, in place of Writ. */
  signature?: {
    /** Milliseconds since the epoch. */
    notAfter: number;
    /** Whose key; the member entry's own when genuine. */
    key: string;
  };
}

/** A world in the making: objects without signatures, and what shall be signed. */
export interface Draft {
  now: number;
  request: Mutable<WriteRequest>;
  owners: Owner[];
  capabilities: Capability[];
  approvals: Approval[];
  /** By name of the capability. */
  definitions: Map<string, Vote>;
  /** By name of the approval. */
  votes: Map<string, Vote[]>;
  /** The approval and capability that are meant to let the request through. */
  readonly approval: Approval;
  readonly capability: Capability;
  readonly rule: Rule;
}
