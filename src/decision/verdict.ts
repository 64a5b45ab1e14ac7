import type { Lifecycle } from "../api/lifecycle.ts";
import type { Risk } from "../api/rules.ts";
import type { AgentCapability, AgentCapabilityRule, ElevationApproval, IdentityOwner } from "../api/types.gen.ts";
import type { EvaluatedFacts } from "./evidence.ts";
import type { ReasonCode } from "./reason.ts";

/** The objects that an allow rests on. Each must be proven current before the allow counts. */
export interface Basis {
  readonly approval: ElevationApproval;
  readonly lifecycle: Lifecycle;
  readonly capability: AgentCapability;
  /** Rules of the capability that cover the effects together. */
  readonly rules: readonly AgentCapabilityRule[];
  /** Highest risk of any rule of the agent that matches the write. */
  readonly risk: Risk;
  readonly rootOwner: IdentityOwner;
  readonly identityOwner: IdentityOwner;
  readonly policyOwner: IdentityOwner;
  /** Owners in whose name the counting approvals were given, and owners of the target. */
  readonly approvingOwners: readonly IdentityOwner[];
  readonly evaluated: EvaluatedFacts;
}

/** What a denial tells: the code is stable, the rest is for people. */
export interface Denial {
  readonly kind: "deny";
  readonly code: ReasonCode;
  /** What is wrong, in one sentence without the next step. */
  readonly message: string;
  /** What to do next, as a sentence or a command to type. */
  readonly next: string;
  /** The rule or approval that came closest. */
  readonly nearest?: NearestMiss;
  /** Approvals that might have become live a moment ago; worth one live read before the denial stands. */
  readonly awaiting: readonly ElevationApproval[];
  /** Never turned into an allow by shadow mode. */
  readonly absolute: boolean;
  readonly evaluated?: EvaluatedFacts;
}

export interface NearestMiss {
  readonly kind: "AgentCapability" | "ElevationApproval";
  readonly namespace?: string;
  readonly name: string;
  readonly rule?: string;
  /** Which part missed, or in which phase the approval is. */
  readonly missed: string;
  /** Why an approval is in its phase. */
  readonly reason?: string;
}

export type Verdict =
  | { readonly kind: "allow"; readonly code: "Approved"; readonly basis: Basis }
  /** An agent's request for itself; the guard judges its content. Even this needs an agent that is not stopped. */
  | {
      readonly kind: "allow";
      readonly code: "OwnRequest";
      readonly basis: Pick<Basis, "rootOwner" | "identityOwner">;
    }
  | Denial;
