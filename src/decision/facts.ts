import type { AgentSet } from "../api/agents.ts";
import type { Effect } from "../api/effect.ts";
import type { ProtectedResource } from "../api/protected-set.ts";
import type { JudgeLifecycle } from "../api/remembered-lifecycle.ts";
import { highestRisk, ruleRisk } from "../api/rules.ts";
import type { Risk } from "../api/rules.ts";
import type { Trust } from "../api/trust.ts";
import type { AgentCapability, AgentCapabilityRule, ElevationApproval } from "../api/types.gen.ts";
import { usesOf } from "../api/uses.ts";
import { coverEffect } from "./coverage.ts";
import type { Miss } from "./coverage.ts";
import { effectsOf } from "./effects/effects.ts";
import { evidenceOf } from "./evidence.ts";
import type { Evidence } from "./evidence.ts";
import type { RuleSchemas } from "./schema/rule-schemas.ts";
import type { Snapshot } from "./snapshot.ts";
import type { WriteRequest } from "./write-request.ts";

/** What decisions take from the installation. */
export interface DecisionSettings {
  readonly trust: Trust;
  readonly agents: AgentSet;
  readonly systemNamespace: string;
  readonly clusterApprovalNamespace: string;
  readonly rootOwnerName: string;
  /** Grows the protected set. */
  readonly protectedResources: readonly ProtectedResource[];
  /** Compiled schemas of rules. */
  readonly schemas: RuleSchemas;
  /** What an approval is worth; it may remember. */
  readonly lifecycle: JudgeLifecycle;
  /** Whether the very use of the approval that the request is was counted already; absent where none is counted. */
  readonly isCountedUse?: (request: WriteRequest, approval: ElevationApproval) => boolean;
}

/** What follows from a request alone: found out once, however often it is judged. */
export interface Write {
  /** The request's own effect first. */
  readonly effects: readonly [Effect, ...Effect[]];
  readonly evidence: Evidence;
}

export function readWrite(request: WriteRequest, settings: Pick<DecisionSettings, "schemas">): Write {
  return { effects: effectsOf(request), evidence: evidenceOf(request, settings.schemas) };
}

export interface DecisionInput {
  readonly request: WriteRequest;
  readonly snapshot: Snapshot;
  readonly settings: DecisionSettings;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** One rule against the write: for each effect, in their order, nothing when it is covered, else what missed. */
export interface RuleResult {
  readonly capability: AgentCapability;
  readonly rule: AgentCapabilityRule;
  readonly misses: readonly (Miss | undefined)[];
}

/** Everything that the checks read, gathered once. */
export interface Facts extends DecisionInput, Write {
  readonly agent: string;
  readonly capabilities: readonly AgentCapability[];
  /** Every rule of every capability of the agent against the write. */
  readonly rules: readonly RuleResult[];
}

export function gather(input: DecisionInput, write: Write = readWrite(input.request, input.settings)): Facts {
  const { request, snapshot, settings } = input;
  const { effects, evidence } = write;
  const agent = request.requester.userName;
  const capabilities = snapshot.capabilitiesOf(agent);
  const rules = capabilities.flatMap((capability) =>
    capability.spec.rules.map((rule) => ({
      capability,
      rule,
      misses: effects.map((effect, index) =>
        coverEffect(rule, effect, settings.protectedResources, index === 0 ? evidence : undefined),
      ),
    })),
  );
  return { ...input, ...write, agent, capabilities, rules };
}

/** Rules of one capability under which every effect is covered, by one rule or by several together. */
export function coversAll({ effects }: Pick<Facts, "effects">, rules: readonly RuleResult[]): boolean {
  return effects.every((_, index) => rules.some(({ misses }) => misses[index] === undefined));
}

/** Whether the rule covers some effect of the write. */
export function coversSome({ misses }: RuleResult): boolean {
  return misses.includes(undefined);
}

/** The highest risk of any rule of the agent that covers any effect of the write. */
export function riskOf({ rules }: Pick<Facts, "rules">): Risk {
  return highestRisk(rules.filter(coversSome).map(({ rule }) => ruleRisk(rule)));
}

/** Uses that stand against the write: all that are counted, less this very one where it is among them. */
export function usesAgainst({ request, settings }: Facts, approval: ElevationApproval): number {
  const uses = usesOf(approval);
  return uses > 0 && settings.isCountedUse?.(request, approval) === true ? uses - 1 : uses;
}

/** The results by capability, in the order of the capabilities. */
export function byCapability({ capabilities, rules }: Facts): readonly (readonly RuleResult[])[] {
  return capabilities.map((capability) => rules.filter((result) => result.capability === capability));
}
