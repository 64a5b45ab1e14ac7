import { signedDefinitionStatement } from "../../api/definition.ts";
import { policyDigest } from "../../api/digest.ts";
import { maxDefinitionLife } from "../../api/signature-window.ts";
import type { SignedDefinitionStatement } from "../../api/signed-statement.ts";
import type { AgentCapability, AgentCapabilityDefinedBy } from "../../api/types.gen.ts";
import { ManifestError } from "../manifest/manifest-error.ts";
import { UsageError } from "../run-main.ts";
import type { SignOptions } from "./options.ts";
import type { Signable, Signer } from "./signable.ts";

/** The definition of the policy of a file: from then on until notAfter it is in force where it is applied. */
export function signableCapability(capability: AgentCapability, options: SignOptions): Signable {
  const { name } = capability.metadata;
  const ownerName = capability.spec.policyOwnerName;
  if (options.owner !== undefined && options.owner !== ownerName) {
    throw new ManifestError(
      `${options.file}: the policy owner of AgentCapability "${name}" is "${ownerName}", not "${options.owner}"`,
    );
  }
  for (const option of ["verdict", "reason", "capability"] as const) {
    if (options[option] !== undefined)
      throw new UsageError(`--${option} is for ElevationApprovals: a policy is defined, not decided on`);
  }
  const digest = policyDigest(capability);
  const definitionOf = ({ by, at, notAfter }: Signer): AgentCapabilityDefinedBy & Readonly<Record<string, string>> => ({
    by,
    ownerName,
    at,
    notAfter,
    policyDigest: digest,
  });
  const statementOf = (
    of: AgentCapability,
    definedBy: AgentCapabilityDefinedBy,
    clusterId: string,
  ): SignedDefinitionStatement | undefined => signedDefinitionStatement(of.metadata.name, definedBy, clusterId);
  return {
    ownerName,
    defaultLife: maxDefinitionLife,
    maxLife: maxDefinitionLife,
    edits: [],
    summary: [`AgentCapability: ${name}`, `Policy owner:    ${ownerName}`, `Policy digest:   ${digest}`],
    statement: (signer) => {
      const statement = statementOf(capability, definitionOf(signer), signer.clusterId);
      if (!statement) throw new Error(`the definition of AgentCapability "${name}" lacks a part`);
      return statement;
    },
    signed: (signer, signature) => ({
      kind: "set",
      path: ["spec", "definedBy"],
      value: { ...definitionOf(signer), signature },
    }),
    found: (written, signer) => {
      if (written.kind !== "AgentCapability" || policyDigest(written) !== digest) return undefined;
      const { definedBy } = written.spec;
      const statement = definedBy && statementOf(written, definedBy, signer.clusterId);
      if (!statement || definedBy?.signature === undefined) return undefined;
      return { statement, signature: definedBy.signature };
    },
    replaces: () => capability.spec.definedBy !== undefined,
  };
}
