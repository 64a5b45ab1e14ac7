import type { Effect } from "../../api/effect.ts";
import { deny } from "../deny.ts";
import { describeEffect } from "../describe.ts";
import type { DecisionSettings, Facts } from "../facts.ts";
import type { Denial } from "../verdict.ts";

/** Writ's own kinds and namespaces are out of any agent's reach, whatever a rule or an approval says. */
export function checkNeverGrantable({ effects, settings, agent }: Facts): Denial | undefined {
  const effect = effects.find((candidate) => isNeverGrantable(candidate, settings));
  if (!effect) return undefined;
  return deny(
    "NeverGrantable",
    `${agent} may not ${describeEffect(effect)}: Writ itself is never grantable`,
    "let a person do it",
    { absolute: true },
  );
}

export function isNeverGrantable(effect: Effect, settings: DecisionSettings): boolean {
  const own = [settings.systemNamespace, settings.clusterApprovalNamespace];
  if (effect.group === "writ.dev" || effect.group.endsWith(".writ.dev")) return true;
  if (effect.namespace !== undefined) return own.includes(effect.namespace);
  // deletecollection of namespaces carries each victim's name, a create its new one: none of Writ's may be among them.
  return effect.group === "" && effect.resource === "namespaces" && own.includes(effect.name);
}
