import { setTimeout as sleep } from "node:timers/promises";
import { policyDigest } from "../../api/digest.ts";
import type {
  AgentCapability,
  ElevationApproval,
  ElevationApprovalDecision,
  IdentityOwner,
} from "../../api/types.gen.ts";
import { KubeError } from "../../kube/client.ts";
import type { Cluster, WhoAmI } from "./cluster.ts";
import type { Console } from "./console.ts";
import { describeApproval } from "./describe-approval.ts";
import { explainError } from "./explain-error.ts";
import type { DecideOptions } from "./options.ts";
import { ownDecision, standingToApprove, standingToReject } from "./standing.ts";

const interrupted = 130;
const statusPollMs = 200;
const statusWaitMs = 5000;

/** `kubectl writ approve` and `reject`. Gives the exit code; throws what ends in one line. */
export async function decide(options: DecideOptions, cluster: Cluster, console: Console): Promise<number> {
  const namespace = options.namespace ?? cluster.namespace;
  try {
    const approval = await cluster.approval(namespace, options.name);
    return options.verdict === "Approve"
      ? await approve(options, approval, cluster, console)
      : await reject(options, approval, cluster, console);
  } catch (error) {
    throw explainError(error, { server: cluster.server, namespace });
  }
}

async function approve(
  options: DecideOptions,
  approval: ElevationApproval,
  cluster: Cluster,
  console: Console,
): Promise<number> {
  const [capability, owners, me] = await Promise.all([
    unlessNotFound(cluster.capability(approval.spec.capabilityName)),
    cluster.owners(),
    cluster.whoAmI(),
  ]);
  for (const line of describeApproval(approval, capability)) console.print(line);
  const earlier = ownDecision({ approval, owners, me }, "Approve", options.owner);
  if (earlier && (options.owner !== undefined || capability))
    return decidedAlready(earlier, approval, capability, console);
  const owner = approvingOwner(options, approval, capability, owners, me);
  if (owner.spec.decisions === "Signed") {
    throw new Error(
      `IdentityOwner "${owner.metadata.name}" takes signed approvals only: kubectl get elev ${options.name} -n ${approval.metadata.namespace ?? ""} -o yaml > FILE; kubectl writ sign -f FILE --owner ${owner.metadata.name} --key KEY; kubectl apply -f FILE`,
    );
  }
  if (!options.yes) {
    const answer = await console.confirm(`Approve it for owner "${owner.metadata.name}" as ${me.username}?`);
    if (answer === "no" || answer === "interrupted") {
      console.note("nothing was decided");
      return answer === "no" ? 1 : interrupted;
    }
  }
  const decision = {
    verdict: "Approve",
    ownerName: owner.metadata.name,
    ...(capability === undefined ? {} : { policyDigest: policyDigest(capability) }),
  } as const;
  return await send(decision, options, approval, cluster, console);
}

function approvingOwner(
  options: DecideOptions,
  approval: ElevationApproval,
  capability: AgentCapability | undefined,
  owners: readonly IdentityOwner[],
  me: WhoAmI,
): IdentityOwner {
  const { clusterApprovalNamespace } = options;
  if (options.owner !== undefined) {
    const owner = owners.find(({ metadata }) => metadata.name === options.owner);
    if (!owner) throw new Error(`IdentityOwner "${options.owner}" does not exist; kubectl get owner lists all`);
    return owner;
  }
  const standing = standingToApprove({ approval, capability, owners, me, clusterApprovalNamespace });
  switch (standing.kind) {
    case "owner":
      return standing.owner;
    case "several":
      throw new Error(`you could approve for ${standing.names.join(" or ")}: choose one with --owner`);
    case "none":
      throw new Error(standing.problem);
  }
}

/** No read but the approval's stands between a person who names the owner and the rejection. */
async function reject(
  options: DecideOptions,
  approval: ElevationApproval,
  cluster: Cluster,
  console: Console,
): Promise<number> {
  if (options.owner !== undefined) {
    return await send({ verdict: "Reject", ownerName: options.owner }, options, approval, cluster, console);
  }
  const [capability, owners, me] = await Promise.all([
    unlessNotFound(cluster.capability(approval.spec.capabilityName)),
    cluster.owners(),
    cluster.whoAmI(),
  ]);
  const earlier = ownDecision({ approval, owners, me }, "Reject", undefined);
  if (earlier) return decidedAlready(earlier, approval, capability, console);
  const { clusterApprovalNamespace } = options;
  const standing = standingToReject({ approval, capability, owners, me, clusterApprovalNamespace });
  if (standing.kind === "none") throw new Error(standing.problem);
  const ownerName = standing.owner.metadata.name;
  return await send({ verdict: "Reject", ownerName }, options, approval, cluster, console);
}

interface NewDecision {
  readonly verdict: "Approve" | "Reject";
  readonly ownerName: string;
  readonly policyDigest?: string;
}

async function send(
  decision: NewDecision,
  options: DecideOptions,
  before: ElevationApproval,
  cluster: Cluster,
  console: Console,
): Promise<number> {
  const namespace = before.metadata.namespace ?? "";
  const { verdict, ownerName } = decision;
  // Without a resourceVersion: no rival change refuses it. The stamps restore the decisions that are left out.
  const patch = { ...decision, ...(options.reason === undefined ? {} : { reason: options.reason }) };
  const after = await cluster.patchApproval(namespace, options.name, { spec: { decisions: [patch] } });
  const isRepetition = (after.spec.decisions ?? []).length === (before.spec.decisions ?? []).length;
  const what = `${verdict === "Approve" ? "approved" : "rejected"} for owner "${ownerName}"`;
  console.print(`${namespace}/${options.name} ${isRepetition ? `was ${what} by you already; nothing changes` : what}`);
  await tellPhase(after, cluster, console);
  return 0;
}

function decidedAlready(
  earlier: ElevationApprovalDecision,
  approval: ElevationApproval,
  capability: AgentCapability | undefined,
  console: Console,
): number {
  const { verdict, by, ownerName, at } = earlier;
  const isStale =
    verdict === "Approve" && capability !== undefined && earlier.policyDigest !== policyDigest(capability);
  const done = verdict === "Approve" ? "approved" : "rejected";
  console.print(`you have ${done} it already, as ${by} for owner "${ownerName}" at ${at}; nothing changes`);
  if (isStale) {
    throw new Error(
      "but the policy has changed since, so that approval counts for nothing: request a new ElevationApproval",
    );
  }
  tellMissing(approval, console);
  return 0;
}

/** The operator writes the status a moment after the decision; the decision stands whether or not it does. */
async function tellPhase(decided: ElevationApproval, cluster: Cluster, console: Console): Promise<void> {
  const { namespace = "", name, generation = 0 } = decided.metadata;
  const deadline = performance.now() + statusWaitMs;
  let approval = decided;
  while ((approval.status?.observedGeneration ?? 0) < generation) {
    if (performance.now() > deadline) {
      console.note(`its status is not written yet: kubectl get elev ${name} -n ${namespace}`);
      return;
    }
    await sleep(statusPollMs);
    try {
      approval = await cluster.approval(namespace, name);
    } catch {
      console.note(`decided, but its status cannot be read: kubectl get elev ${name} -n ${namespace}`);
      return;
    }
  }
  tellMissing(approval, console);
}

function tellMissing({ status }: ElevationApproval, console: Console): void {
  const until = status?.expiresAt === undefined ? "" : `, until ${status.expiresAt}`;
  if (status?.phase !== undefined) console.print(`It is ${status.phase}${until}.`);
  for (const line of status?.missing ?? []) console.print(`It ${line}.`);
}

async function unlessNotFound<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error;
  }
}
