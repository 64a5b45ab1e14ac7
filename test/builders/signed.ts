import { signedDefinitionStatement } from "../../src/api/definition.ts";
import { policyDigest } from "../../src/api/digest.ts";
import { signedDecisionStatement } from "../../src/api/signed-decision.ts";
import type { AgentCapability, ElevationApproval, ElevationApprovalDecision } from "../../src/api/types.gen.ts";
import type { Vote } from "./approval.ts";
import { editCapability } from "./capability.ts";
import { ours } from "./installation.ts";
import { signStatement, sshKey } from "./ssh-key.ts";
import type { SshKey } from "./ssh-key.ts";
import { after, hour, minute, timestamp } from "./time.ts";

/** Who signs what. By default the key made of `by` signs for ours, one minute after creation and for two hours. */
export interface SignedVote extends Vote {
  readonly verdict?: "Approve" | "Reject";
  /** Milliseconds since the epoch. */
  readonly notAfter?: number;
  readonly key?: SshKey;
  readonly clusterId?: string;
}

/** A decision that somebody has signed; under the capability as it is, unless it is a rejection. */
export function signedDecision(
  approval: ElevationApproval,
  capability: AgentCapability,
  vote: SignedVote,
): ElevationApprovalDecision {
  const { by, ownerName, verdict = "Approve", at = after(minute), notAfter = after(2 * hour), reason } = vote;
  const digest = vote.policyDigest ?? (verdict === "Approve" ? policyDigest(capability) : undefined);
  const decision: ElevationApprovalDecision = {
    verdict,
    by,
    ownerName,
    at: timestamp(at),
    notAfter: timestamp(notAfter),
    ...(digest === undefined ? {} : { policyDigest: digest }),
    ...(reason === undefined ? {} : { reason }),
  };
  const statement = signedDecisionStatement(approval, decision, vote.clusterId ?? ours.trust.clusterId);
  return { ...decision, signature: signStatement(statement, vote.key ?? sshKey(by)) };
}

export interface SignedDefinition {
  readonly by?: string;
  readonly ownerName?: string;
  readonly at?: number;
  readonly notAfter?: number;
  readonly policyDigest?: string;
  readonly key?: SshKey;
  readonly clusterId?: string;
}

/** The capability with a definition that a member of its policy owner has signed. */
export function signedCapability(capability: AgentCapability, mods: SignedDefinition = {}): AgentCapability {
  const { by = "bob@example.com", at = after(minute), notAfter = after(2 * hour) } = mods;
  const definedBy = {
    by,
    ownerName: mods.ownerName ?? capability.spec.policyOwnerName,
    at: timestamp(at),
    notAfter: timestamp(notAfter),
    policyDigest: mods.policyDigest ?? policyDigest(capability),
  };
  const clusterId = mods.clusterId ?? ours.trust.clusterId;
  const statement = signedDefinitionStatement(capability.metadata.name, definedBy, clusterId);
  if (!statement) throw new Error("a signed definition needs all of its parts");
  const signature = signStatement(statement, mods.key ?? sshKey(by));
  return editCapability(capability, { definedBy: { ...definedBy, signature } });
}

/** A member with the key that `sshKey` makes of their name. */
export function signer(
  user: string,
  ...aliases: readonly string[]
): {
  readonly user: string;
  readonly aliases?: readonly string[];
  readonly sshKeys: readonly string[];
} {
  return { user, ...(aliases.length === 0 ? {} : { aliases }), sshKeys: [sshKey(user).line] };
}
