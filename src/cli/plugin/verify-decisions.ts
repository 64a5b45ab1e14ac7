import { isSystemName } from "../../api/agents.ts";
import { signedDefinitionStatement } from "../../api/definition.ts";
import { excludedPersons } from "../../api/decisions.ts";
import { policyDigest } from "../../api/digest.ts";
import { ownerDirectory } from "../../api/owners.ts";
import type { OwnerDirectory } from "../../api/owners.ts";
import { signedDecisionStatement } from "../../api/signed-decision.ts";
import type { SignedStatement } from "../../api/signed-statement.ts";
import { verifySshSignature } from "../../api/ssh/verify-signature.ts";
import { formatTimestamp } from "../../api/timestamp.ts";
import type { AgentCapability, ElevationApproval } from "../../api/types.gen.ts";
import { verifySigned } from "../../api/verify-signed.ts";
import { ManifestError } from "../manifest/manifest-error.ts";
import { readOwners, readSignable } from "../manifest/read-manifest.ts";
import type { Console } from "./console.ts";
import type { VerifyOptions } from "./options.ts";
import { openSources } from "./sources.ts";

/** One decision, or the definition, of a file. */
interface Entry {
  readonly verdict: "Approve" | "Reject" | "Define";
  readonly by: string;
  readonly ownerName: string;
  readonly signature: string | undefined;
  readonly isAttested: boolean;
  readonly statement: SignedStatement | undefined;
  /** The digest that the policy has. */
  readonly policyDigest: string | undefined;
  /** The only owner that may define. */
  readonly policyOwnerName?: string;
  readonly isExcluded: boolean;
}

type Check =
  | { readonly valid: true; readonly fingerprint: string; readonly notAfter: number }
  | { readonly valid: false; readonly problem: string };

/** The most that a signer's clock may be ahead, in ms; the guard's own bound. */
const maxAhead = 60_000;

/** `kubectl writ verify-decision`: 0 only if there is a decision and every one is signed and valid. */
export async function verifyDecisions(
  options: VerifyOptions,
  console: Console,
  clock: () => number = Date.now,
): Promise<number> {
  const { name, object } = await readSignable(options.file);
  const owners = ownerDirectory(await readOwners(options.owners));
  const sources = openSources(options);
  try {
    if (options.clusterId === undefined) console.note("no --cluster-id: taking the cluster id from the cluster");
    const clusterId = await sources.clusterId();
    const entries =
      object.kind === "AgentCapability"
        ? definitionOf(object, clusterId)
        : decisionsOf(
            object,
            await policyOf(object, options, (of) => sources.capability(of), console),
            owners,
            clusterId,
          );
    if (entries.length === 0) throw new ManifestError(`${name}: holds no decision`);
    const now = options.at ?? clock();
    const checks = entries.map((entry) => ({ entry, check: checkEntry(entry, owners, now) }));
    for (const { entry, check } of checks) console.print(lineOf(entry, check));
    return checks.every(({ check }) => check.valid) ? 0 : 1;
  } finally {
    await sources.close();
  }
}

/** Only approvals are bound to a policy. */
async function policyOf(
  approval: ElevationApproval,
  options: VerifyOptions,
  read: (name: string) => Promise<AgentCapability>,
  console: Console,
): Promise<AgentCapability | undefined> {
  const needsPolicy = approval.spec.decisions?.some(({ verdict }) => verdict === "Approve") ?? false;
  if (!needsPolicy) return undefined;
  if (options.capability === undefined) console.note("no --capability: taking the policy from the cluster");
  return await read(approval.spec.capabilityName);
}

function decisionsOf(
  approval: ElevationApproval,
  capability: AgentCapability | undefined,
  owners: OwnerDirectory,
  clusterId: string,
): readonly Entry[] {
  const excluded = excludedPersons(approval, owners);
  return (approval.spec.decisions ?? []).map((decision) => ({
    verdict: decision.verdict,
    by: decision.by ?? "",
    ownerName: decision.ownerName,
    signature: decision.signature,
    isAttested: decision.attestation !== undefined,
    statement: signedDecisionStatement(approval, decision, clusterId),
    policyDigest: capability && policyDigest(capability),
    isExcluded: excluded.has(owners.person(decision.by ?? "")),
  }));
}

function definitionOf(capability: AgentCapability, clusterId: string): readonly Entry[] {
  const { definedBy, policyOwnerName } = capability.spec;
  if (!definedBy) return [];
  return [
    {
      verdict: "Define",
      by: definedBy.by ?? "",
      ownerName: definedBy.ownerName ?? policyOwnerName,
      signature: definedBy.signature,
      isAttested: definedBy.attestation !== undefined,
      statement: signedDefinitionStatement(capability.metadata.name, definedBy, clusterId),
      policyDigest: policyDigest(capability),
      policyOwnerName,
      isExcluded: false,
    },
  ];
}

function checkEntry(entry: Entry, owners: OwnerDirectory, now: number): Check {
  const { verdict, by, ownerName, signature, statement } = entry;
  const invalid = (problem: string): Check => ({ valid: false, problem });
  if (entry.isAttested) return invalid("it carries Writ's attestation, which only the cluster can check");
  if (signature === undefined) return invalid("it is not signed");
  if (isSystemName(by)) return invalid(`${by} is no person, and people decide`);
  if (entry.policyOwnerName !== undefined && ownerName !== entry.policyOwnerName) {
    return invalid(`the policy owner is "${entry.policyOwnerName}"`);
  }
  if (!statement) return invalid("by, ownerName, at, notAfter and policyDigest are required with a signature");
  const result = verifySigned(statement, signature, owners.get(ownerName), { verifySignature: verifySshSignature });
  if (result.kind === "invalid") return invalid(result.problem);
  if (verdict !== "Reject") {
    if (statement.policyDigest !== entry.policyDigest) return invalid("the policy is not the one that was signed for");
    if (now >= result.notAfter) return invalid(`the signature ended at ${formatTimestamp(result.notAfter)}`);
    if (entry.isExcluded) return invalid(`${by} requested it, or it is done on their behalf`);
  }
  if (result.at > now + maxAhead)
    return invalid(`it says that it was signed at ${formatTimestamp(result.at)}, which is yet to come`);
  return { valid: true, fingerprint: result.fingerprint, notAfter: result.notAfter };
}

function lineOf({ verdict, by, ownerName }: Entry, check: Check): string {
  const who = `${verdict} by ${by === "" ? "nobody" : by} for owner "${ownerName}"`;
  return check.valid
    ? `valid    ${who}: key ${check.fingerprint}, until ${formatTimestamp(check.notAfter)}`
    : `invalid  ${who}: ${check.problem}`;
}
