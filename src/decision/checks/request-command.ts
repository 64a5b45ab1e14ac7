import { parseServiceAccount } from "../../api/agents.ts";
import { capabilityProblem } from "../../api/capability-state.ts";
import { effectResource } from "../../api/effect.ts";
import type { Effect } from "../../api/effect.ts";
import { highestRisk, ruleRisk } from "../../api/rules.ts";
import type {
  AgentCapability,
  AgentCapabilityRule,
  ElevationApprovalCredential,
  ElevationApprovalTarget,
} from "../../api/types.gen.ts";
import { shellWord } from "../describe.ts";
import { byCapability, coversAll, riskOf } from "../facts.ts";
import type { Facts, RuleResult } from "../facts.ts";
import type { Requester } from "../write-request.ts";

/** Rules of one capability that cover the write together. */
export interface ChosenRules {
  readonly capability: AgentCapability;
  readonly rules: readonly [AgentCapabilityRule, ...AgentCapabilityRule[]];
}

/**
 * Rules to request an approval of, from one of the wanted capabilities: one that is in force and has a rule of the risk
 * that the write is judged by, if there is one, since an approval under another would not do.
 */
export function chooseRules(facts: Facts, wanted: (capability: AgentCapability) => boolean): ChosenRules | undefined {
  const { snapshot, now, settings } = facts;
  const choices = byCapability(facts).flatMap((results) => chooseOf(facts, results) ?? []);
  const eligible = choices.filter(({ capability }) => wanted(capability));
  const inForce = eligible.filter(
    ({ capability }) => capabilityProblem(capability, snapshot.owners, now, settings.trust) === undefined,
  );
  return inForce.find(({ rules }) => highestRisk(rules.map(ruleRisk)) === riskOf(facts)) ?? inForce[0] ?? eligible[0];
}

/** For each effect one rule of the capability, the riskiest, since an approval for less would not do. */
function chooseOf(facts: Facts, results: readonly RuleResult[]): ChosenRules | undefined {
  const capability = results[0]?.capability;
  if (!capability || !coversAll(facts, results)) return undefined;
  const rules = facts.effects.flatMap((_, index) => {
    const covering = results.filter(({ misses }) => misses[index] === undefined).map(({ rule }) => rule);
    return covering.find((rule) => ruleRisk(rule) === "High") ?? covering[0] ?? [];
  });
  const [first, ...rest] = [...new Set(rules)];
  return first && { capability, rules: [first, ...rest] };
}

/**
 * A ready-to-type request for exactly this write. Everything hostile in it is inside one quoted JSON word, which printf
 * hands on as it is; the echo of some shells would undo the JSON's backslashes.
 */
export function requestCommand({ agent, effects, request }: Facts, namespace: string, chosen: ChosenRules): string {
  const serviceAccount = parseServiceAccount(agent);
  const uid = request.requester.uid;
  const risk = highestRisk(chosen.rules.map(ruleRisk));
  const policy = chosen.capability.spec.approval.find((entry) => entry.risk === risk);
  const credential = credentialOf(chosen.capability, request.requester);
  const manifest = {
    apiVersion: "writ.dev/v1alpha1",
    kind: "ElevationApproval",
    metadata: { namespace, generateName: `${namePart(serviceAccount?.name ?? "agent")}-` },
    spec: {
      capabilityName: chosen.capability.metadata.name,
      rules: chosen.rules.map(({ name }) => name),
      agent: { ...(serviceAccount ? { serviceAccount } : { user: agent }), ...(uid === undefined ? {} : { uid }) },
      targets: targetsOf(effects),
      reason: "why this write is needed",
      ...(policy?.ticketPrefix === undefined ? {} : { ticket: `${policy.ticketPrefix}0000` }),
      ...(credential ? { credential } : {}),
      duration: policy?.maxDuration ?? "1h",
    },
  };
  return `printf '%s\\n' ${shellWord(JSON.stringify(manifest))} | kubectl create -f -`;
}

/** What the capability binds its approvals to, as this request has it. */
function credentialOf(
  { spec }: AgentCapability,
  { credentialId, podUid }: Requester,
): ElevationApprovalCredential | undefined {
  if (spec.credential?.bind === "Token" && credentialId !== undefined) return { tokenId: credentialId };
  return spec.credential?.bind === "Pod" && podUid !== undefined ? { podUid } : undefined;
}

/** Most names that the kind allows in one target. */
const maxNames = 64;

/** One target for each resource: a pod may use more Secrets than an approval may have targets. */
function targetsOf(effects: readonly Effect[]): readonly ElevationApprovalTarget[] {
  const targets = new Map<string, { readonly target: ElevationApprovalTarget; readonly names: Set<string> }>();
  for (const effect of effects) {
    const target = { apiGroup: effect.group, resource: effectResource(effect) };
    const key = JSON.stringify(target);
    const known = targets.get(key) ?? { target, names: new Set() };
    known.names.add(isNamed(effect) ? effect.name : "");
    targets.set(key, known);
  }
  return [...targets.values()].flatMap(({ target, names }) => {
    if (names.has("")) return target;
    const all = [...names];
    const parts = Array.from({ length: Math.ceil(all.length / maxNames) }, (_, part) => part * maxNames);
    return parts.map((start) => ({ ...target, names: all.slice(start, start + maxNames) }));
  });
}

/** What is only being created has no name yet that counts: its next attempt may bear another. */
function isNamed({ name, verb, subresource }: Effect): boolean {
  return name !== "" && (verb !== "create" || subresource !== "");
}

function namePart(name: string): string {
  const part = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 40);
  return part === "" ? "agent" : part;
}
