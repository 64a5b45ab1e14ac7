import type { ElevationApproval } from "../../api/types.gen.ts";
import { deny } from "../deny.ts";
import { describeEffect, describeOwner, shellWord } from "../describe.ts";
import type { Facts } from "../facts.ts";
import type { Denial } from "../verdict.ts";
import type { ApprovalMiss } from "./approval-miss.ts";
import { chooseRules, requestCommand } from "./request-command.ts";
import type { ChosenRules } from "./request-command.ts";

/** How many approvals are read live before a denial stands for want of an approval. */
const maxAwaiting = 4;

/** Rules would do, but no approval asks for this write: tell how to request one. */
export function denyWithoutApproval(facts: Facts, namespace: string, elsewhere: ElevationApproval | undefined): Denial {
  const { agent, effects } = facts;
  const chosen = chooseRules(facts, () => true);
  const other =
    elsewhere === undefined ? "" : `; ElevationApproval "${elsewhere.metadata.name}" there covers other writes`;
  const what = describeEffect(effects[0]);
  const more = effects.length > 1 ? ` (and ${effects.slice(1).map(describeEffect).join(", ")})` : "";
  return deny(
    "NoApproval",
    `${describeRules(chosen)} would let ${agent} ${what}${more}, but no ElevationApproval in namespace ${namespace} asks for it${other}`,
    chosen ? `request one: ${requestCommand(facts, namespace, chosen)}` : "request one",
    chosen
      ? {
          nearest: {
            kind: "AgentCapability",
            name: chosen.capability.metadata.name,
            rule: chosen.rules[0].name,
            missed: "approval",
          },
        }
      : {},
  );
}

function describeRules(chosen: ChosenRules | undefined): string {
  if (!chosen) return "a rule";
  const names = chosen.rules.map(({ name }) => `"${name}"`).join(" and ");
  return `rule ${names} of AgentCapability "${chosen.capability.metadata.name}"`;
}

/** The approval that came closest, what it lacks and whom to ask. */
export function denyForMiss(facts: Facts, nearestFirst: readonly ApprovalMiss[]): Denial {
  const [nearest] = nearestFirst;
  if (!nearest) return deny("NoApproval", "no ElevationApproval asks for the write", "request one");
  const { namespace = "", name } = nearest.approval.metadata;
  return deny(
    nearest.code,
    `ElevationApproval ${namespace}/${name} is the nearest, but does not let ${facts.agent} write: ${nearest.message}`,
    nextStep(facts, nearest),
    {
      nearest: {
        kind: "ElevationApproval",
        namespace,
        name,
        missed: nearest.lifecycle.phase,
        reason: nearest.lifecycle.reason,
      },
      awaiting: nearestFirst
        .filter(({ lifecycle }) => mayHaveMoved.has(lifecycle.phase))
        .slice(0, maxAwaiting)
        .map(({ approval }) => approval),
    },
  );
}

/** Phases that a decision which has not reached the cache yet may have ended. */
const mayHaveMoved: ReadonlySet<string> = new Set(["Pending", "Invalid"]);

function nextStep(facts: Facts, { approval, lifecycle, code }: ApprovalMiss): string {
  const { snapshot } = facts;
  const { namespace = "", name } = approval.metadata;
  if (code === "ApprovalPending") {
    const asks = lifecycle.missing.map(({ line, missing }) => {
      const owner = describeOwner(snapshot.owners.get(line.ownerName), line.ownerName);
      const patch = JSON.stringify({ spec: { decisions: [{ verdict: "Approve", ownerName: line.ownerName }] } });
      return `${missing} of owner ${owner}: kubectl patch elev ${shellWord(name)} -n ${shellWord(namespace)} --type merge -p ${shellWord(patch)}`;
    });
    return `ask for the approval of ${asks.join("; and of ")}`;
  }
  if (code === "ApprovalNotYetValid") return "wait until then";
  if (code === "ApprovalSuspended") return "ask the owner that the message names";
  if (code === "ApprovalRejected" || code === "ApprovalExpired" || code === "ApprovalExhausted") {
    const chosen = chooseRules(facts, ({ metadata }) => metadata.name === approval.spec.capabilityName);
    return `it is over for good; request anew${chosen ? `: ${requestCommand(facts, namespace, chosen)}` : ""}`;
  }
  return "mend what the message says, or request a new ElevationApproval";
}
