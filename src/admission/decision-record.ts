import type { CountingDecision } from "../api/counting-decisions.ts";
import type { Digests } from "../api/digest.ts";
import { formatTimestamp } from "../api/timestamp.ts";
import type { Effect } from "../api/effect.ts";
import type { Accountable } from "../decision/accountable.ts";
import type { AdmissionRequest } from "../decision/admission-request.ts";
import { describeEffect } from "../decision/describe.ts";
import { effectsOf } from "../decision/effects/effects.ts";
import type { Basis, Verdict } from "../decision/verdict.ts";
import type { WriteRequest } from "../decision/write-request.ts";
import { normalise } from "../decision/write-request.ts";
import type { RecordedUse } from "./consume/count-verdict.ts";
import type { Answer, Call, Caller } from "./handler.ts";
import type { Proof } from "./prove.ts";
import { cutCodePoints } from "./server/one-line.ts";

/** What was answered: `would-deny` is a denial that shadow mode let pass, `error` one that no decision stands behind. */
type RecordedVerdict = "allow" | "deny" | "would-deny" | "error";

interface Decided {
  readonly verdict: Verdict;
  readonly digests: Pick<Digests, "policy" | "spec">;
}

interface DecisionRecordInput {
  readonly time: number;
  readonly request: WriteRequest;
  readonly userInfo: AdmissionRequest["userInfo"];
  readonly caller: Caller;
  readonly verdict: RecordedVerdict;
  readonly code: string;
  readonly message: string;
  /** Absent where no verdict of the chain stands behind the answer. */
  readonly decided: Decided | undefined;
  readonly accountable: Accountable;
  readonly effects: readonly Effect[];
  readonly proof: Proof;
  readonly liveReads: number;
  /** Absent where no use is counted. */
  readonly use?: RecordedUse | undefined;
}

/**
 * The `spec` of a `decision` entry (docs/reference/ledger.md). Absent values are left out, so that the entry is the
 * same canonical JSON whoever builds it. It names people, objects and digests, and holds no object's content.
 */
export function decisionRecord(input: DecisionRecordInput): object {
  const { request, decided } = input;
  const verdict = decided?.verdict;
  const { requester, target } = request;
  return present({
    time: formatTimestamp(input.time),
    requestUid: request.uid,
    verdict: input.verdict,
    code: input.code,
    message: cutCodePoints(input.message, 2000),
    operation: request.operation,
    resource: {
      group: target.group,
      version: target.version,
      resource: target.resource,
      subresource: target.subresource,
    },
    object: present({
      namespace: target.namespace,
      name: target.name,
      uid: target.uid,
      oldResourceVersion: target.oldResourceVersion,
    }),
    user: input.userInfo,
    credential: present({
      id: requester.credentialId,
      podName: requester.podName,
      podUid: requester.podUid,
      nodeName: requester.nodeName,
    }),
    delegation: requester.delegation,
    effects: input.effects.map(describeEffect),
    evaluated: evaluatedOf(verdict),
    owners: present({
      identity: input.accountable.identityOwner,
      policy: input.accountable.policyOwner,
      approving: input.accountable.approvingOwners,
    }),
    basis: decided === undefined ? undefined : basisOf(decided),
    nearest: verdict?.kind === "deny" ? verdict.nearest && present({ ...verdict.nearest }) : undefined,
    use: input.use,
    caller: input.caller,
    proof: input.proof,
    liveReads: input.liveReads,
  });
}

/** The same for a denial without a verdict of the chain: by guard or stamps (`deny`), or by the server (`error`). */
export function denialRecord(call: Call, answer: Answer, verdict: "deny" | "error", time: number): object {
  const request = normalise(call.request);
  return decisionRecord({
    time,
    request,
    effects: effectsOf(request),
    userInfo: call.request.userInfo,
    caller: call.caller,
    verdict,
    code: answer.code,
    message: answer.message,
    decided: undefined,
    accountable: { identityOwner: undefined, policyOwner: undefined, approvingOwners: [] },
    proof: "none",
    liveReads: 0,
  });
}

/** The facts that the verdict rests on, without the objects: paths and verdicts, never values. */
function evaluatedOf(verdict: Verdict | undefined): object | undefined {
  if (verdict?.kind === "deny") return verdict.evaluated;
  return verdict?.code === "Approved" ? verdict.basis.evaluated : undefined;
}

function basisOf({ verdict, digests }: Decided): object | undefined {
  if (verdict.kind === "deny" || verdict.code !== "Approved") return undefined;
  const { basis } = verdict;
  const { approval, capability, lifecycle, rules, risk } = basis;
  return {
    risk,
    rules: rules.map(({ name }) => name),
    capability: present({
      ...version(capability),
      policyDigest: digests.policy(capability),
      definedBy: definition(basis),
    }),
    approval: present({
      namespace: approval.metadata.namespace,
      ...version(approval),
      specDigest: digests.spec(approval),
      requestID: approval.spec.requestID,
      requestedBy: approval.spec.requestedBy,
      onBehalfOf: approval.spec.onBehalfOf,
      reason: approval.spec.reason,
      ticket: approval.spec.ticket,
      approvedAt: lifecycle.approvedAt === undefined ? undefined : formatTimestamp(lifecycle.approvedAt),
      expiresAt: lifecycle.expiresAt === undefined ? undefined : formatTimestamp(lifecycle.expiresAt),
      approvals: lifecycle.approvals.map(approvalRecord),
    }),
    ownerVersions: [basis.rootOwner, basis.identityOwner, basis.policyOwner, ...basis.approvingOwners].map(version),
  };
}

/** Whether Writ attested who decided or a key of theirs signed it, and which credential or key it was. */
function approvalRecord(decision: CountingDecision): object {
  const { kind, by, ownerName, at } = decision;
  const said = { kind, by, ownerName, at: formatTimestamp(at) };
  switch (decision.kind) {
    case "attested":
      return { ...said, member: decision.member, credentialId: decision.credentialId };
    case "signed":
      return { ...said, notAfter: formatTimestamp(decision.notAfter), keyFingerprint: decision.fingerprint };
  }
}

function definition({ capability }: Basis): object | undefined {
  const { definedBy } = capability.spec;
  if (!definedBy) return undefined;
  const { by, ownerName, at, notAfter, signature } = definedBy;
  return present({ kind: signature === undefined ? "attested" : "signed", by, ownerName, at, notAfter });
}

function version({ metadata }: Basis["approval"] | Basis["capability"] | Basis["rootOwner"]): object {
  const { name, uid, resourceVersion, generation } = metadata;
  return present({ name, uid, resourceVersion, generation });
}

/** Leaves out members that are undefined: canonical JSON refuses them. */
export function present(members: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
