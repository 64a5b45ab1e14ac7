import { agentUserName } from "./agents.ts";
import { parseDuration } from "./duration.ts";
import { highestRisk, ruleRisk } from "./rules.ts";
import type { Risk } from "./rules.ts";
import { appliesIn, selectedRules } from "./targets.ts";
import { parseTimestamp } from "./timestamp.ts";
import type { AgentCapability, AgentCapabilityApproval, AgentCapabilityRule, ElevationApproval } from "./types.gen.ts";

const hour = 3_600_000;

/** What `approval[].maxDuration` means when absent. */
const defaultMaxDuration = hour;
/** What `approval[].pendingTTL` means when absent. */
const defaultPendingTTL = 24 * hour;

/** What an approval asks for under its capability as it is now; times in milliseconds. */
export interface ApprovalTerms {
  readonly rules: readonly AgentCapabilityRule[];
  /** The strictest of its rules; one approval has one quorum. */
  readonly risk: Risk;
  readonly policy: AgentCapabilityApproval;
  readonly createdAt: number;
  /** The quorum must be met before this instant. */
  readonly pendingUntil: number;
  readonly notBefore: number | undefined;
  readonly duration: number;
  /** createdAt + pendingTTL + duration: nothing lives beyond it. */
  readonly hardEnd: number;
  readonly maxUses: number | undefined;
}

export type TermsProblemCode =
  | "CapabilityNotFound"
  | "AgentNotNamed"
  | "AgentUidMissing"
  | "RuleNotFound"
  | "CoversNothing"
  | "NoApprovalPolicy"
  | "DurationTooLong"
  | "UsesAboveCap"
  | "TicketRequired"
  | "NotBeforeTooLate"
  | "MalformedApproval";

export interface TermsProblem {
  readonly kind: "problem";
  readonly code: TermsProblemCode;
  readonly message: string;
}

export type TermsResult = { readonly kind: "terms"; readonly terms: ApprovalTerms } | TermsProblem;

/** The terms of an approval, or why it can never count under the capability as it is now. */
export function approvalTerms(
  approval: ElevationApproval,
  capability: AgentCapability | undefined,
  clusterApprovalNamespace: string,
): TermsResult {
  const name = approval.spec.capabilityName;
  if (!capability) return problem("CapabilityNotFound", `AgentCapability "${name}" does not exist`);
  const agent = agentUserName(approval.spec.agent);
  if (!capability.spec.agents.some((subject) => agentUserName(subject) === agent)) {
    return problem("AgentNotNamed", `AgentCapability "${name}" does not name agent ${agent} in spec.agents`);
  }
  if (approval.spec.agent.serviceAccount && !approval.spec.agent.uid) {
    return problem("AgentUidMissing", `spec.agent.uid is missing: an approval is bound to the service account's uid`);
  }
  const rules = selectedRules(approval, capability.spec.rules);
  const unknown = approval.spec.rules?.find((rule) => !rules.some((known) => known.name === rule));
  if (unknown !== undefined) {
    const known = capability.spec.rules.map((rule) => rule.name).join(", ");
    return problem("RuleNotFound", `AgentCapability "${name}" has no rule "${unknown}"; its rules are: ${known}`);
  }
  const namespace = approval.metadata.namespace;
  const place = namespace === clusterApprovalNamespace ? undefined : namespace;
  if (!rules.some((rule) => appliesIn(rule, place))) {
    const where = place === undefined ? "cluster-scoped objects" : `namespace "${place}"`;
    return problem("CoversNothing", `no rule that it asks for applies to ${where}, which is all it could cover`);
  }
  const risk = highestRisk(rules.map(ruleRisk));
  const policy = capability.spec.approval.find((entry) => entry.risk === risk);
  if (!policy) {
    return problem(
      "NoApprovalPolicy",
      `AgentCapability "${name}" says in spec.approval of nobody who approves ${risk} risk`,
    );
  }
  return timing(approval, rules, risk, policy);
}

function timing(
  approval: ElevationApproval,
  rules: readonly AgentCapabilityRule[],
  risk: Risk,
  policy: AgentCapabilityApproval,
): TermsResult {
  const createdAt = parseTimestamp(approval.metadata.creationTimestamp);
  const duration = parseDuration(approval.spec.duration);
  const maxDuration = policy.maxDuration === undefined ? defaultMaxDuration : parseDuration(policy.maxDuration);
  const pendingTTL = policy.pendingTTL === undefined ? defaultPendingTTL : parseDuration(policy.pendingTTL);
  const notBefore = parseTimestamp(approval.spec.notBefore);
  if (
    createdAt === undefined ||
    !duration ||
    maxDuration === undefined ||
    pendingTTL === undefined ||
    (approval.spec.notBefore !== undefined && notBefore === undefined)
  ) {
    return problem("MalformedApproval", "a duration or time of the approval or of its capability cannot be read");
  }
  if (duration > maxDuration) {
    return problem(
      "DurationTooLong",
      `spec.duration ${approval.spec.duration} is longer than the ${policy.maxDuration ?? "1h"} that ${risk} risk allows`,
    );
  }
  const maxUses = approval.spec.maxUses ?? policy.maxUses;
  if (policy.maxUses !== undefined && maxUses !== undefined && maxUses > policy.maxUses) {
    return problem(
      "UsesAboveCap",
      `spec.maxUses ${maxUses} is more than the ${policy.maxUses} uses that ${risk} risk allows`,
    );
  }
  if (policy.ticketPrefix !== undefined && !hasTicket(approval.spec.ticket, policy.ticketPrefix)) {
    return problem("TicketRequired", `spec.ticket must be a ticket that begins with "${policy.ticketPrefix}"`);
  }
  const hardEnd = createdAt + pendingTTL + duration;
  if (notBefore !== undefined && notBefore >= hardEnd) {
    return problem(
      "NotBeforeTooLate",
      `spec.notBefore lies beyond ${new Date(hardEnd).toISOString()} (creation + pendingTTL + duration)`,
    );
  }
  const pendingUntil = createdAt + pendingTTL;
  return {
    kind: "terms",
    terms: { rules, risk, policy, createdAt, pendingUntil, notBefore, duration, hardEnd, maxUses },
  };
}

/** The prefix alone is no ticket. */
function hasTicket(ticket: string | undefined, prefix: string): boolean {
  return ticket !== undefined && ticket.startsWith(prefix) && ticket.length > prefix.length;
}

function problem(code: TermsProblemCode, message: string): TermsProblem {
  return { kind: "problem", code, message };
}
