import { agentUserName } from "../../api/agents.ts";
import { policyDigest } from "../../api/digest.ts";
import { highestRisk, ruleRisk } from "../../api/rules.ts";
import { selectedRules } from "../../api/targets.ts";
import type {
  AgentCapability,
  AgentCapabilityRule,
  ElevationApproval,
  ElevationApprovalTarget,
} from "../../api/types.gen.ts";

/** What an approver should know of a request, a line each: `label: value`, several values below each other. */
export function describeApproval(
  approval: ElevationApproval,
  capability: AgentCapability | undefined,
): readonly string[] {
  const { spec, metadata } = approval;
  const rules = selectedRules(approval, capability?.spec.rules ?? []);
  const targets = spec.targets?.map(targetText) ?? [];
  const rows: readonly (readonly [label: string, values: readonly (string | undefined)[]])[] = [
    ["Request", [`${metadata.namespace ?? ""}/${metadata.name}`]],
    ["Agent", [`${agentUserName(spec.agent)}${spec.agent.uid === undefined ? "" : ` (uid ${spec.agent.uid})`}`]],
    ["Requested by", [spec.requestedBy]],
    ["On behalf of", spec.onBehalfOf ?? []],
    ["Reason", [spec.reason]],
    ["Ticket", [spec.ticket]],
    ["Capability", [spec.capabilityName]],
    ["Rules", rules.length === 0 ? (spec.rules ?? ["all"]) : rules.map(ruleText)],
    ["Targets", targets.length === 0 ? ["everything that the rules cover in this namespace"] : targets],
    ["Exact change", [spec.change?.digest]],
    ["Credential", [spec.credential?.tokenId, spec.credential?.podUid]],
    ["Not before", [spec.notBefore]],
    ["Duration", [spec.duration]],
    ["Uses", [usesText(approval, capability, rules)]],
    ["Policy digest", [capability ? policyDigest(capability) : undefined]],
    ["Phase", [approval.status?.phase]],
    [
      "Decisions",
      (spec.decisions ?? []).map(({ verdict, by, ownerName, at }) => `${verdict} by ${by} for ${ownerName}, ${at}`),
    ],
  ];
  const width = Math.max(...rows.map(([label]) => label.length)) + 2;
  return rows.flatMap(([label, values]) =>
    values
      .filter((value) => value !== undefined && value !== "")
      .map((value, index) => `${(index === 0 ? `${label}:` : "").padEnd(width)}${value ?? ""}`),
  );
}

function usesText(
  { spec, status }: ElevationApproval,
  capability: AgentCapability | undefined,
  rules: readonly AgentCapabilityRule[],
): string {
  const risk = highestRisk(rules.map(ruleRisk));
  const most = spec.maxUses ?? capability?.spec.approval.find((entry) => entry.risk === risk)?.maxUses;
  const limit = most === undefined ? "no limit" : `at most ${most}`;
  return status?.uses === undefined || status.uses === 0 ? limit : `${limit}, ${status.uses} so far`;
}

function ruleText(rule: AgentCapabilityRule): string {
  const groups = rule.apiGroups.map((group) => (group === "" ? "core" : group)).join(", ");
  const where = rule.scope === "Cluster" ? "cluster-wide" : `in ${(rule.namespaces ?? []).join(", ")}`;
  const names = rule.resourceNames?.length ? ` named ${rule.resourceNames.join(", ")}` : "";
  const limits = [
    ...(rule.fields?.length ? [`only ${rule.fields.join(", ")}`] : []),
    ...(rule.schema ? ["only with a result that its schema allows"] : []),
  ].map((limit) => `; ${limit}`);
  const what = `${rule.operations.join(", ")} ${rule.resources.join(", ")} (${groups})${names} ${where}`;
  return `${rule.name} (${ruleRisk(rule)}): ${what}${limits.join("")}`;
}

function targetText({ apiGroup, resource, names }: ElevationApprovalTarget): string {
  return `${resource}${apiGroup === "" ? "" : ` (${apiGroup})`}${names?.length ? `: ${names.join(", ")}` : ": all"}`;
}
