import type { FindingId } from "./catalogue.ts";
import type { PolicyRule, RbacRef, Subject } from "./rbac.ts";
import type { Severity } from "./severity.ts";

/** The way by which a right is granted: binding -> role -> rule. */
export interface GrantPath {
  readonly binding: RbacRef;
  readonly subject: Subject;
  readonly role: RbacRef;
  /** Position in the role's `rules`. */
  readonly ruleIndex: number;
  readonly rule: PolicyRule;
  /** ClusterRoles from which the role's rule was aggregated. */
  readonly aggregatedFrom?: readonly string[];
}

/** One thing that is wrong. The JSON form of docs/reference/lint.md. */
export interface Finding {
  readonly id: FindingId;
  readonly severity: Severity;
  readonly message: string;
  readonly cure: string;
  /** What is to be changed: `Kind/name` or `Kind/namespace/name`. */
  readonly object?: string;
  /** Which agents it is about. */
  readonly agents?: readonly string[];
  readonly grant?: GrantPath;
}
