import type { AgentSet } from "../api/agents.ts";
import type { Effect } from "../api/effect.ts";
import type { ProtectedResource } from "../api/protected-set.ts";
import { matchRule } from "../api/rules.ts";
import type { RulePart } from "../api/rules.ts";
import type { Trust } from "../api/trust.ts";
import type { AgentCapability, AgentCapabilityRule } from "../api/types.gen.ts";
import { effectsOf } from "./effects.ts";
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
}

export interface DecisionInput {
  readonly request: WriteRequest;
  readonly snapshot: Snapshot;
  readonly settings: DecisionSettings;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface RuleResult {
  readonly capability: AgentCapability;
  readonly rule: AgentCapabilityRule;
  /** Undefined when the rule covers every effect. */
  readonly missed: RulePart | undefined;
}

/** Everything that the checks read, gathered once. */
export interface Facts extends DecisionInput {
  readonly agent: string;
  readonly effects: readonly Effect[];
  readonly capabilities: readonly AgentCapability[];
  /** Every rule of every capability of the agent against the write. */
  readonly rules: readonly RuleResult[];
}

export function gather(input: DecisionInput): Facts {
  const { request, snapshot, settings } = input;
  const agent = request.requester.userName;
  const effects = effectsOf(request);
  const capabilities = snapshot.capabilitiesOf(agent);
  const rules = capabilities.flatMap((capability) =>
    capability.spec.rules.map((rule) => ({ capability, rule, missed: firstMiss(rule, effects, settings) })),
  );
  return { ...input, agent, effects, capabilities, rules };
}

function firstMiss(
  rule: AgentCapabilityRule,
  effects: readonly Effect[],
  settings: DecisionSettings,
): RulePart | undefined {
  for (const effect of effects) {
    const match = matchRule(rule, effect, settings.protectedResources);
    if (!match.covers) return match.missed;
  }
  return undefined;
}
