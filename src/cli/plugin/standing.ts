import { approvalTerms } from "../../api/approval-terms.ts";
import { approversOf, rejectorsOf } from "../../api/approvers.ts";
import { excludedPersons } from "../../api/decisions.ts";
import { policyDigest } from "../../api/digest.ts";
import { ownerDirectory } from "../../api/owners.ts";
import { findMembership } from "../../api/people.ts";
import { matchQuorum } from "../../api/quorum.ts";
import type { MissingVotes, QuorumLine } from "../../api/quorum.ts";
import type {
  AgentCapability,
  ElevationApproval,
  ElevationApprovalDecision,
  IdentityOwner,
} from "../../api/types.gen.ts";
import type { WhoAmI } from "./cluster.ts";

export interface Scene {
  readonly approval: ElevationApproval;
  readonly capability: AgentCapability | undefined;
  readonly owners: readonly IdentityOwner[];
  readonly me: WhoAmI;
  readonly clusterApprovalNamespace: string;
}

/** In whose name somebody could decide. A view for people: the stamps judge. */
export type Standing =
  | { readonly kind: "owner"; readonly owner: IdentityOwner }
  | { readonly kind: "several"; readonly names: readonly string[] }
  /** One sentence that says whom to ask. */
  | { readonly kind: "none"; readonly problem: string };

/** The decision that this person, under any name of theirs, has made already; in the name of the owner, if one is given. */
export function ownDecision(
  { approval, owners, me }: Pick<Scene, "approval" | "owners" | "me">,
  verdict: "Approve" | "Reject",
  ownerName: string | undefined,
): ElevationApprovalDecision | undefined {
  const { person } = ownerDirectory(owners);
  return approval.spec.decisions?.find(
    (decision) =>
      decision.verdict === verdict &&
      person(decision.by) === person(me.username) &&
      (ownerName === undefined || decision.ownerName === ownerName),
  );
}

/** In whose name the person may approve: of the owners whose approval is missing still, those that list them. */
export function standingToApprove(scene: Scene): Standing {
  const { approval, capability, owners, me, clusterApprovalNamespace } = scene;
  const directory = ownerDirectory(owners);
  const result = approvalTerms(approval, capability, clusterApprovalNamespace);
  if (result.kind === "problem" || !capability) {
    return { kind: "none", problem: result.kind === "problem" ? result.message : "its AgentCapability does not exist" };
  }
  const { lines, problems } = approversOf(approval, capability, result.terms, directory, clusterApprovalNamespace);
  const [blocked] = problems;
  if (blocked) return { kind: "none", problem: `nobody can approve it now: ${blocked.message}` };
  if (excludedPersons(approval, directory).has(directory.person(me.username))) {
    return {
      kind: "none",
      problem: `${me.username} requested it, or it is done on their behalf: somebody else approves`,
    };
  }
  const missing = missingVotes(scene, capability, lines).map(({ line }) => line.ownerName);
  const mine = ownersOf(me, owners, new Set(missing));
  if (mine.length > 0) return oneOf(mine);
  if (missing.length === 0) return { kind: "none", problem: "nobody's approval is missing any more" };
  const problem = `${me.username} is a member of none of the owners whose approval is missing: ask one of ${askWhom(owners, missing)}`;
  return { kind: "none", problem };
}

/** In whose name the person may reject: any owner that has a say will do, so the first of them. */
export function standingToReject(scene: Scene): Exclude<Standing, { readonly kind: "several" }> {
  const { approval, capability, owners, me, clusterApprovalNamespace } = scene;
  const names = new Set([
    ...rejectorsOf(approval, capability, ownerDirectory(owners), clusterApprovalNamespace),
    ...(approval.spec.decisions ?? []).map(({ ownerName }) => ownerName),
  ]);
  const [owner] = ownersOf(me, owners, names);
  if (owner) return { kind: "owner", owner };
  return {
    kind: "none",
    problem: `${me.username} is a member of none of the owners that have a say: ask one of ${askWhom(owners, [...names])}`,
  };
}

/** What is missing as far as the decisions in the object say; their attestations are not looked at. */
function missingVotes(
  { approval, owners }: Scene,
  capability: AgentCapability,
  lines: readonly QuorumLine[],
): readonly MissingVotes[] {
  const { person } = ownerDirectory(owners);
  const digest = policyDigest(capability);
  const votes = (approval.spec.decisions ?? [])
    .filter((decision) => decision.verdict === "Approve" && decision.policyDigest === digest)
    .map(({ by, ownerName }) => ({ person: person(by), ownerName }));
  return matchQuorum(lines, votes).missing;
}

function ownersOf(me: WhoAmI, owners: readonly IdentityOwner[], names: ReadonlySet<string>): readonly IdentityOwner[] {
  return owners
    .filter((owner) => names.has(owner.metadata.name) && findMembership(owner, me) !== undefined)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

function oneOf(mine: readonly IdentityOwner[]): Standing {
  const [owner, ...more] = mine;
  if (owner && more.length === 0) return { kind: "owner", owner };
  return { kind: "several", names: mine.map(({ metadata }) => metadata.name) };
}

/** The owners with the first of their contacts. */
function askWhom(owners: readonly IdentityOwner[], names: readonly string[]): string {
  return [...new Set(names)]
    .map((name) => {
      const contact = owners.find(({ metadata }) => metadata.name === name)?.spec.contacts?.[0]?.value;
      return `"${name}"${contact === undefined ? "" : ` (${contact})`}`;
    })
    .join(" and ");
}
