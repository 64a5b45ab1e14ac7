import type { Component } from "../../test/control-plane/component.ts";
import { fails, passes, refused } from "./expectation.ts";
import type { Scene } from "./scene.ts";
import { trailTable } from "../../src/cli/trail.ts";
import { accountOf, isInOrder, readTrail } from "./trail.ts";
import type { Terminal } from "./terminal.ts";

export interface Props {
  readonly scene: Scene;
  readonly terminal: Terminal;
  readonly webhook: Component;
  readonly ledgerDir: string;
}

const agent = "payments-bot";
const scaleWeb = "kubectl -n payments-prod scale deployment web --replicas=5";

/** The whole demo, in its order. */
export async function tellStory(props: Props): Promise<void> {
  const approval = await untilRequested(props.scene);
  await untilApproved(props.scene, approval);
  await untilRejected(props.scene, approval);
  await withoutAgents(props);
  await theRecord(props);
}

async function untilRequested(scene: Scene): Promise<string> {
  scene.step("People say who answers for what");
  scene.tell("bob leads the platform team. He names two owners, and defines what payments-bot may ever be allowed.");
  const samples = "-f manifests/samples/owners.yaml -f manifests/samples/capability.yaml";
  await scene.run("bob", `kubectl apply ${samples}`, passes("agentcapability.writ.dev/payments-scaler created"));
  await scene.runOnceSettled("bob", "kubectl get agentcapabilities", passes("True"));

  scene.step("As far as RBAC goes, the agent may write");
  scene.tell("It holds a real token of its service account, and its role is broad. It may not impersonate anybody.");
  await scene.run(agent, "kubectl -n payments-prod auth can-i update deployments/scale", passes("yes"));
  await scene.run(agent, "kubectl -n agents auth can-i impersonate serviceaccounts", fails("no"));

  scene.step("Writ refuses: nobody has approved it");
  scene.tell("The denial names the rule that came nearest, and the command that requests an approval.");
  const denial = await scene.runOnceSettled(agent, scaleWeb, refused("NoApproval"));

  scene.step("The agent requests an approval, by the very command of the denial");
  const request = /^Next: request one: (.+)$/m.exec(denial)?.[1];
  scene.check("the denial holds a command to type", request !== undefined);
  const created = await scene.run(agent, request ?? "", passes("created"));
  const name = /elevationapproval\.writ\.dev\/(\S+) created/.exec(created)?.[1] ?? "";
  await scene.runOnceSettled("alice", "kubectl -n payments-prod get elevationapprovals", passes("Pending"));
  return name;
}

async function untilApproved(scene: Scene, approval: string): Promise<void> {
  scene.step("It cannot approve itself");
  scene.tell("Its RBAC would let it patch the approval.");
  await scene.run(agent, decide(approval, "Approve", "payments"), refused("NotAPerson"));

  scene.step("carol cannot approve it either");
  scene.tell("She holds the role of approvers, but is a member of no owner.");
  await scene.run("carol", decide(approval, "Approve", "payments"), refused("NotAMember"));

  scene.step("One approval is not enough");
  scene.tell("alice approves for the owner of the deployment; the owner of the policy is still wanting.");
  await scene.run("alice", decide(approval, "Approve", "payments"), passes("patched"));
  await scene.run(agent, scaleWeb, refused("ApprovalPending"));

  scene.step("The second approval makes it pass");
  scene.tell("bob approves for the owner of the policy, and the agent repeats its command.");
  await scene.run("bob", decide(approval, "Approve", "platform"), passes("patched"));
  await scene.run(agent, scaleWeb, passes("deployment.apps/web scaled"));
  scene.tell("The deployment controller, whom Writ never asks, makes the pods (no node here runs them).");
  await scene.run("alice", replicas("web", 5), passes("condition met"));
}

async function untilRejected(scene: Scene, approval: string): Promise<void> {
  scene.step("Another object, another namespace and another verb stay refused");
  await scene.run(agent, "kubectl -n payments-prod scale deployment api --replicas=5", refused("NoApproval"));
  await scene.run(agent, "kubectl -n payments-dev scale deployment web --replicas=5", refused("NoRule"));
  await scene.run(agent, "kubectl -n payments-prod delete deployment web", refused("NoRule"));

  scene.step("Suspending its owner stops the agent at once");
  scene.tell("alice pulls the kill switch of her own team: it needs nothing but membership.");
  await scene.run("alice", suspend(true), passes("patched"));
  await scene.run(agent, "kubectl -n payments-prod scale deployment web --replicas=6", refused("IdentityOwnerNotLive"));
  scene.tell("Lifting it takes more: the right to claim the owner, which bob has. The approval then counts again.");
  await scene.run("alice", suspend(false), refused("ClaimRequired"));
  await scene.run("bob", suspend(false), passes("patched"));
  await scene.runOnceSettled(agent, "kubectl -n payments-prod scale deployment web --replicas=6", passes("scaled"));

  scene.step("A Reject ends the approval for good");
  scene.tell("Anybody of the owners concerned may reject, also after approving; nothing revives it.");
  await scene.run("alice", decide(approval, "Reject", "payments"), passes("patched"));
  await scene.run(agent, "kubectl -n payments-prod scale deployment web --replicas=7", refused("ApprovalRejected"));
  await scene.runOnceSettled("alice", "kubectl -n payments-prod get elevationapprovals", passes("Revoked"));
}

async function withoutAgents({ scene, webhook }: Props): Promise<void> {
  scene.step("People and controllers never notice");
  scene.tell("alice scales a deployment and the deployment controller follows: Writ is not on their way.");
  await scene.run("alice", "kubectl -n payments-prod scale deployment api --replicas=3", passes("scaled"));
  await scene.run("alice", replicas("api", 3), passes("condition met"));

  scene.step("With Writ dead, agents are refused and people work on");
  scene.tell(`The demo kills the webhook (kill -9 ${webhook.pid}).`);
  await webhook.kill("SIGKILL");
  const deadWebhook = 'failed calling webhook "gate.writ.dev"';
  await scene.run(agent, "kubectl -n payments-prod scale deployment web --replicas=8", fails(deadWebhook));
  await scene.run("alice", "kubectl -n payments-prod scale deployment api --replicas=4", passes("scaled"));
  await scene.run("alice", replicas("api", 4), passes("condition met"));
}

async function theRecord({ scene, terminal, ledgerDir }: Props): Promise<void> {
  scene.step("Each decision is on disk, with the three accountable owners");
  scene.tell("It was durable before the API server had its answer. `npx writ ledger cat DIR` prints the whole of it.");
  const trail = await readTrail(ledgerDir);
  for (const line of trailTable(trail)) terminal.plain(`   ${line}`);
  scene.check(
    `all ${scene.denials.length} denials by the gate are in the record, in their order`,
    isInOrder(
      scene.denials,
      trail.filter(({ verdict }) => verdict === "deny").map(({ code }) => code),
    ),
  );
  const account = trail.flatMap((entry) => (entry.code === "Approved" ? [accountOf(entry)] : [])).at(-1);
  scene.tell(`Years later, entry ${account?.index ?? "?"} still says who answers for the write that passed:`);
  for (const line of account?.lines ?? []) terminal.plain(`     ${line}`);
  scene.check(
    "it names identity owner, policy owner and both approving owners with the people",
    account?.lines.length === 4,
  );
}

function decide(approval: string, verdict: "Approve" | "Reject", ownerName: string): string {
  const patch = JSON.stringify({ spec: { decisions: [{ verdict, ownerName }] } });
  return `kubectl -n payments-prod patch elev ${approval} --type merge -p '${patch}'`;
}

function suspend(suspended: boolean): string {
  return `kubectl patch owner payments --type merge -p '{"spec":{"suspended":${suspended}}}'`;
}

function replicas(deployment: string, count: number): string {
  return `kubectl -n payments-prod wait deployment ${deployment} --for=jsonpath='{.status.replicas}'=${count} --timeout=20s`;
}
