import type { DefinitionStatement } from "./attestation.ts";
import { digestOf } from "./digest.ts";
import type { Digest } from "./digest.ts";
import type { OwnerDirectory } from "./owners.ts";
import { isStillMember } from "./people.ts";
import type { SignedDefinitionStatement } from "./signed-statement.ts";
import { formatTimestamp } from "./timestamp.ts";
import type { Trust } from "./trust.ts";
import type { AgentCapability, AgentCapabilityDefinedBy, IdentityOwner } from "./types.gen.ts";
import { verifySigned } from "./verify-signed.ts";
import type { SignedVerdict } from "./verify-signed.ts";

export type DefinitionProblemCode =
  | "CapabilityNotDefined"
  | "CapabilityChanged"
  | "DefinitionNotAttested"
  | "DefinitionNotSigned"
  | "DefinitionNotVerified"
  | "DefinitionExpired"
  | "DefinerNotMember";

export interface DefinitionProblem {
  readonly code: DefinitionProblemCode;
  readonly message: string;
}

/** The statement that `definedBy` of a capability attests. */
export function definitionStatement(
  definedBy: AgentCapabilityDefinedBy,
  clusterId: string,
): DefinitionStatement | undefined {
  const { by, ownerName, at, policyDigest } = definedBy;
  if (by === undefined || ownerName === undefined || at === undefined || policyDigest === undefined) return undefined;
  return { type: "writ.dev/definition/v1", clusterId, by, ownerName, at, policyDigest };
}

/** The statement that the signature of `definedBy` is over; undefined where a part of it is missing. */
export function signedDefinitionStatement(
  name: string,
  definedBy: AgentCapabilityDefinedBy,
  clusterId: string,
): SignedDefinitionStatement | undefined {
  const { by, ownerName, at, policyDigest, notAfter } = definedBy;
  if (by === undefined || ownerName === undefined || at === undefined) return undefined;
  if (policyDigest === undefined || notAfter === undefined) return undefined;
  return { type: "writ.dev/signed-definition/v1", clusterId, name, policyDigest, by, ownerName, at, notAfter };
}

/** Whether `definedBy` is what a key of the policy owner, as it is now, has signed. */
export function verifySignedDefinition(
  name: string,
  definedBy: AgentCapabilityDefinedBy,
  owner: IdentityOwner | undefined,
  trust: Trust,
): SignedVerdict {
  const statement = signedDefinitionStatement(name, definedBy, trust.clusterId);
  if (!statement || definedBy.attestation !== undefined) {
    const problem = "by, ownerName, at, policyDigest and notAfter are required with signature, and no attestation";
    return { kind: "invalid", code: "SignatureInvalid", problem };
  }
  return verifySigned(statement, definedBy.signature ?? "", owner, trust);
}

/** Why no member of the policy owner stands behind the capability as it is now, or undefined when one does. */
export function definitionProblem(
  capability: AgentCapability,
  owners: OwnerDirectory,
  now: number,
  trust: Trust,
): DefinitionProblem | undefined {
  const name = capability.metadata.name;
  const ownerName = capability.spec.policyOwnerName;
  const owner = owners.get(ownerName);
  const digest = trust.digests.policy(capability);
  const definedBy = capability.spec.definedBy;
  const mustSign = owner?.spec.decisions === "Signed";
  const cure =
    mustSign || definedBy?.signature !== undefined
      ? `a member of "${ownerName}" signs it and whoever applies it applies that: kubectl writ sign -f FILE --owner ${ownerName}`
      : patchCommand(name, ownerName, digest);
  const problem = (code: DefinitionProblemCode, what: string): DefinitionProblem => ({
    code,
    message: `${what}; ${cure}`,
  });

  const statement = definedBy && definitionStatement(definedBy, trust.clusterId);
  if (!definedBy || !statement || statement.ownerName !== ownerName) {
    return problem(
      "CapabilityNotDefined",
      `no member of policy owner "${ownerName}" has defined AgentCapability "${name}"`,
    );
  }
  const { by } = statement;
  if (statement.policyDigest !== digest) {
    return problem("CapabilityChanged", `AgentCapability "${name}" was changed after ${by} had defined it`);
  }
  const notMember = `${by}, who defined AgentCapability "${name}", is no longer a member of "${ownerName}"`;
  if (definedBy.signature !== undefined) {
    // Without its owner, which is told as such, nobody can say whose key it was.
    if (!owner) return undefined;
    const verdict = verifySignedDefinition(name, definedBy, owner, trust);
    if (verdict.kind === "invalid") {
      return verdict.code === "SignerNotMember"
        ? problem("DefinerNotMember", notMember)
        : problem(
            "DefinitionNotVerified",
            `the signature of ${by} on AgentCapability "${name}" does not verify: ${verdict.problem}`,
          );
    }
    if (now < verdict.notAfter) return undefined;
    const ended = `the signature of ${by} on AgentCapability "${name}" counted until ${formatTimestamp(verdict.notAfter)}`;
    return problem("DefinitionExpired", ended);
  }
  const payload = definedBy.attestation === undefined ? undefined : trust.verify(statement, definedBy.attestation);
  if (!payload) {
    return problem(
      "DefinitionNotAttested",
      `definedBy of AgentCapability "${name}" carries no attestation of this installation`,
    );
  }
  if (owner && !isStillMember(owner, by, payload.member)) return problem("DefinerNotMember", notMember);
  if (!mustSign) return undefined;
  return problem(
    "DefinitionNotSigned",
    `"${ownerName}" counts signed definitions alone, and ${by} has not signed AgentCapability "${name}"`,
  );
}

function patchCommand(name: string, ownerName: string, digest: Digest): string {
  const patch = { spec: { definedBy: { policyDigest: digest, attestation: null } } };
  return `a member of "${ownerName}" defines it: kubectl patch cap ${name} --type merge -p '${JSON.stringify(patch)}'`;
}

/**
 * Under which a signed definition is reserved for the object that it puts in force. Of what was signed: of an ECDSA
 * signature anybody makes a second spelling, of its statement nobody does.
 */
export function definitionId({ metadata, spec }: AgentCapability): string {
  const { signature: _, ...signed } = spec.definedBy ?? {};
  return digestOf("writ.dev/definition-id/v1", { name: metadata.name, ...signed }).slice("sha256:".length);
}
