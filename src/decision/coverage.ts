import type { Effect } from "../api/effect.ts";
import { formatFieldPath, isWithin, parseFieldPath } from "../api/field-path.ts";
import type { FieldPath } from "../api/field-path.ts";
import type { ProtectedResource } from "../api/protected-set.ts";
import { matchRule, ruleParts } from "../api/rules.ts";
import type { RulePart } from "../api/rules.ts";
import type { AgentCapabilityRule } from "../api/types.gen.ts";
import type { Evidence } from "./evidence.ts";

export type MissedPart = RulePart | "fields" | "schema";

/** Why a rule does not cover an effect. */
export interface Miss {
  readonly part: MissedPart;
  /** Which field or keyword, where the part alone does not say. */
  readonly detail?: string;
  /** How many changed paths lie outside: the fewer, the nearer the rule. */
  readonly outside?: number;
}

/** Parts in the order in which they are asked: the later the miss, the nearer the rule. */
export const missOrder: readonly MissedPart[] = [...ruleParts, "fields", "schema"];

/**
 * Whether a rule covers an effect; `undefined` is yes. `evidence` is given for the request's own effect: `fields` and
 * `schema` speak of the objects of the request, and a rule that has them covers no other effect.
 */
export function coverEffect(
  rule: AgentCapabilityRule,
  effect: Effect,
  protectedResources: readonly ProtectedResource[],
  evidence: Evidence | undefined,
): Miss | undefined {
  const match = matchRule(rule, effect, protectedResources);
  if (!match.covers) return { part: match.missed };
  if (rule.fields === undefined && rule.schema === undefined) return undefined;
  if (evidence === undefined) return { part: "operations" };
  return missedFields(rule, effect, evidence) ?? missedSchema(rule, effect, evidence);
}

function missedFields(rule: AgentCapabilityRule, effect: Effect, evidence: Evidence): Miss | undefined {
  if (rule.fields === undefined) return undefined;
  if (effect.verb !== "update") return { part: "operations" };
  const allowed = rule.fields.map(parseFieldPath);
  const outside = evidence
    .changedPaths()
    .filter((path) => !allowed.some((field) => field.kind === "path" && isWithin(path, field.path)));
  const [first] = outside;
  return first === undefined ? undefined : { part: "fields", detail: shorten(first), outside: outside.length };
}

function missedSchema(rule: AgentCapabilityRule, effect: Effect, evidence: Evidence): Miss | undefined {
  if (rule.schema === undefined) return undefined;
  if (effect.verb !== "update" && effect.verb !== "create") return { part: "operations" };
  const verdict = evidence.schema(rule.schema);
  switch (verdict.kind) {
    case "holds":
      return undefined;
    case "unusable":
      return { part: "schema", detail: `the schema itself at ${verdict.pointer || "its root"}: ${verdict.message}` };
    case "violated": {
      const [first] = verdict.violations;
      return { part: "schema", detail: first ? `${first.path || "the object"} (${first.keyword})` : "the object" };
    }
  }
}

function shorten(path: FieldPath): string {
  const text = formatFieldPath(path);
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}
