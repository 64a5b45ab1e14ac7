import { parseServiceAccount } from "../../api/agents.ts";
import { effectResource } from "../../api/effect.ts";
import type { Risk } from "../../api/rules.ts";
import { ruleRisk } from "../../api/rules.ts";
import type { AgentCapability, ElevationApproval } from "../../api/types.gen.ts";
import { deny } from "../deny.ts";
import { describeEffect, describeOwner, shellWord } from "../describe.ts";
import type { Facts, RuleResult } from "../facts.ts";
import type { Denial } from "../verdict.ts";
import type { ApprovalMiss } from "./approval.ts";

/** How many approvals are read live before a denial stands for want of an approval. */
const maxAwaiting = 4;

/** A rule would do, but no approval asks for this write: tell how to request one. */
export function denyWithoutApproval(
  facts: Facts,
  namespace: string,
  covering: readonly RuleResult[],
  risk: Risk,
  elsewhere: ElevationApproval | undefined,
): Denial {
  const { agent, effects } = facts;
  const [effect] = effects;
  const chosen = covering.find(({ rule }) => ruleRisk(rule) === risk) ?? covering[0];
  const what = effect ? describeEffect(effect) : "write that";
  const other =
    elsewhere === undefined ? "" : `; ElevationApproval "${elsewhere.metadata.name}" there covers other writes`;
  const rule = chosen ? `rule "${chosen.rule.name}" of AgentCapability "${chosen.capability.metadata.name}"` : "a rule";
  return deny(
    "NoApproval",
    `${rule} would let ${agent} ${what}, but no ElevationApproval in namespace ${namespace} asks for it${other}`,
    chosen && effect ? `request one: ${requestCommand(facts, namespace, chosen)}` : "request one",
    chosen
      ? {
          nearest: {
            kind: "AgentCapability",
            name: chosen.capability.metadata.name,
            rule: chosen.rule.name,
            missed: "approval",
          },
        }
      : {},
  );
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
  const { snapshot, rules } = facts;
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
    const chosen = rules.find(
      ({ missed, capability }) => missed === undefined && capability.metadata.name === approval.spec.capabilityName,
    );
    return `it is over for good; request anew${chosen ? `: ${requestCommand(facts, namespace, chosen)}` : ""}`;
  }
  return "mend what the message says, or request a new ElevationApproval";
}

/**
 * A ready-to-type request for exactly this write. Everything hostile in it is inside one quoted JSON word, which printf
 * hands on as it is; the echo of some shells would undo the JSON's backslashes.
 */
function requestCommand({ agent, effects, request }: Facts, namespace: string, chosen: RuleResult): string {
  const serviceAccount = parseServiceAccount(agent);
  const [effect] = effects;
  const uid = request.requester.uid;
  const manifest = {
    apiVersion: "writ.dev/v1alpha1",
    kind: "ElevationApproval",
    metadata: { namespace, generateName: `${namePart(serviceAccount?.name ?? "agent")}-` },
    spec: {
      capabilityName: chosen.capability.metadata.name,
      rules: [chosen.rule.name],
      agent: { ...(serviceAccount ? { serviceAccount } : { user: agent }), ...(uid === undefined ? {} : { uid }) },
      ...(effect
        ? {
            targets: [
              {
                apiGroup: effect.group,
                resource: effectResource(effect),
                ...(effect.name === "" || effect.verb === "create" ? {} : { names: [effect.name] }),
              },
            ],
          }
        : {}),
      reason: "why this write is needed",
      ...ticketOf(chosen.capability, chosen),
      duration: durationOf(chosen.capability, chosen),
    },
  };
  return `printf '%s\\n' ${shellWord(JSON.stringify(manifest))} | kubectl create -f -`;
}

function policyOf(
  capability: AgentCapability,
  { rule }: RuleResult,
): AgentCapability["spec"]["approval"][number] | undefined {
  return capability.spec.approval.find((entry) => entry.risk === ruleRisk(rule));
}

function ticketOf(capability: AgentCapability, chosen: RuleResult): { ticket?: string } {
  const prefix = policyOf(capability, chosen)?.ticketPrefix;
  return prefix === undefined ? {} : { ticket: `${prefix}0000` };
}

function durationOf(capability: AgentCapability, chosen: RuleResult): string {
  return policyOf(capability, chosen)?.maxDuration ?? "1h";
}

function namePart(name: string): string {
  const part = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 40);
  return part === "" ? "agent" : part;
}
