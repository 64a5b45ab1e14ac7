import { randomBytes } from "node:crypto";
import { approvalTerms } from "../../api/approval-terms.ts";
import { agentUserName } from "../../api/agents.ts";
import { policyDigest } from "../../api/digest.ts";
import { maxDecisionLife } from "../../api/signature-window.ts";
import { signedDecisionStatement } from "../../api/signed-decision.ts";
import { formatTimestamp } from "../../api/timestamp.ts";
import type { ElevationApproval, ElevationApprovalDecision } from "../../api/types.gen.ts";
import type { Edit } from "../manifest/edit-document.ts";
import { ManifestError } from "../manifest/manifest-error.ts";
import { UsageError } from "../run-main.ts";
import { describeApproval } from "./describe-approval.ts";
import type { SignOptions } from "./options.ts";
import type { Signable, Signer } from "./signable.ts";
import type { Sources } from "./sources.ts";

const defaultLife = 72 * 3_600_000;

/** A decision on the approval of a file. Reads what the statement needs to know; throws when it could never count. */
export async function signableApproval(
  object: ElevationApproval,
  options: SignOptions,
  sources: Sources,
  now: number,
): Promise<Signable> {
  const { owner: ownerName, verdict = "Approve", reason, file } = options;
  if (ownerName === undefined) throw new UsageError("sign needs --owner OWNER for an ElevationApproval");
  const { approval, edits } = await completed(object, sources);
  // A rejection asks for no policy, and none may stand in its way.
  const needsPolicy = verdict === "Approve" || options.capability !== undefined;
  const capability = needsPolicy ? await sources.capability(approval.spec.capabilityName) : undefined;
  if (verdict === "Approve") {
    const dated = { ...approval, metadata: { creationTimestamp: formatTimestamp(now), ...approval.metadata } };
    const result = approvalTerms(dated, capability, options.clusterApprovalNamespace);
    if (result.kind === "problem") throw new ManifestError(`${file}: it could never count: ${result.message}`);
  }
  const decisionOf = ({ by, at, notAfter }: Signer): ElevationApprovalDecision => ({
    verdict,
    by,
    ownerName,
    at,
    notAfter,
    ...(capability === undefined ? {} : { policyDigest: policyDigest(capability) }),
    ...(reason === undefined ? {} : { reason }),
  });
  const decisions = approval.spec.decisions ?? [];
  const placeOf = (by: string): number => {
    const index = decisions.findIndex((d) => d.verdict === verdict && d.ownerName === ownerName && d.by === by);
    if (index >= 0 && decisions[index]?.signature === undefined) {
      throw new ManifestError(`${file}: ${by} has decided so already for owner "${ownerName}", without a signature`);
    }
    return index;
  };
  return {
    ownerName,
    defaultLife,
    maxLife: maxDecisionLife,
    edits,
    summary: [
      ...describeApproval(approval, capability),
      `You ${verdict === "Approve" ? "approve" : "reject"} it for "${ownerName}".`,
    ],
    statement: (signer) => signedDecisionStatement(approval, decisionOf(signer), signer.clusterId),
    signed: (signer, signature) => {
      const value = { ...decisionOf(signer), signature };
      const index = placeOf(signer.by);
      return index < 0
        ? { kind: "append", path: ["spec", "decisions"], value }
        : { kind: "replace-item", path: ["spec", "decisions"], index, value };
    },
    found: (written, signer) => {
      if (written.kind !== "ElevationApproval") return undefined;
      const entry = written.spec.decisions?.find(
        (d) => d.verdict === verdict && d.ownerName === ownerName && d.by === signer.by && d.at === signer.at,
      );
      if (entry?.signature === undefined) return undefined;
      return { statement: signedDecisionStatement(written, entry, signer.clusterId), signature: entry.signature };
    },
    replaces: (signer) => placeOf(signer.by) >= 0,
  };
}

/** The approval with the parts that the cluster would stamp and that have to be known before signing. */
async function completed(
  object: ElevationApproval,
  sources: Sources,
): Promise<{ readonly approval: ElevationApproval; readonly edits: readonly Edit[] }> {
  const { spec } = object;
  const edits: Edit[] = [];
  const isNew = spec.requestID === undefined;
  const requestID = isNew ? randomBytes(16).toString("hex") : spec.requestID;
  if (isNew) edits.push({ kind: "set", path: ["spec", "requestID"], value: requestID });
  const { serviceAccount } = spec.agent;
  let { uid } = spec.agent;
  if (serviceAccount && uid === undefined) {
    uid = await sources.serviceAccountUid(serviceAccount.namespace, serviceAccount.name);
    if (uid === "") throw new Error(`${agentUserName(spec.agent)} has no uid`);
    edits.push({ kind: "set", path: ["spec", "agent", "uid"], value: uid });
  }
  const agent = { ...spec.agent, ...(uid === undefined ? {} : { uid }) };
  return { approval: { ...object, spec: { ...spec, requestID, agent } }, edits };
}
