import { approval, rejectDecision, withDecisions } from "../../builders/approval.ts";
import { createApproved } from "../fill.ts";
import { agentName, agentUid, approve, placeOf } from "../population.ts";
import type { Stage } from "./stage.ts";
import type { Question } from "./start.ts";

/** A write that an approval covers, one that no approval names, and one whose approval has been rejected. */
export async function createQuestions(
  { cluster, others, installation }: Stage,
  approvals: number,
): Promise<readonly Question[]> {
  const covered = placeOf({ layout: "spread", approvals }, approvals - 1);
  const { agent, namespace } = covered;
  const name = "revoked";
  const request = approval(
    name,
    {
      capabilityName: `deployer-${agent}`,
      rules: ["scale"],
      agent: { serviceAccount: { namespace: "agents", name: agentName(agent) }, uid: agentUid(agent) },
      targets: [{ apiGroup: "apps", resource: "deployments", names: [name] }],
      requestID: "bench-revoked-at-start",
      duration: "12h",
    },
    { namespace },
  );
  await createApproved(cluster, [request], (created) => {
    const at = Date.parse(created.metadata.creationTimestamp ?? "");
    const reject = rejectDecision(created, { by: "bob@example.com", ownerName: "platform", at }, installation);
    return withDecisions(approve(created, others.capabilities, installation), reject);
  });
  return [
    { covered: true, place: covered },
    { covered: false, place: { agent, namespace, name: "named-by-none" } },
    { covered: false, place: { agent, namespace, name } },
  ];
}
