import { setTimeout as sleep } from "node:timers/promises";
import { isAgent } from "../../api/agents.ts";
import { capabilityProblem } from "../../api/capability-state.ts";
import type { WritObject } from "../../api/kinds.ts";
import { formatTimestamp } from "../../api/timestamp.ts";
import type {
  AgentCapability,
  ElevationApproval,
  ElevationApprovalDecision,
  IdentityOwner,
} from "../../api/types.gen.ts";
import type { WritCache } from "../../cache/writ-cache.ts";
import type { DecisionSettings } from "../../decision/facts.ts";
import { EntryTooLargeError } from "../../ledger/ledger-errors.ts";
import type { Receipt } from "../../ledger/ledger-writer.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { AdmissionHandler, Answer, Call } from "../handler.ts";
import type { LiveReader } from "../live-reader.ts";
import type { RequestIdRegistry } from "../request-ids/request-id-registry.ts";
import { auditAnnotations } from "../record.ts";
import type { Recorder } from "../record.ts";
import { checkNewApproval, checkNewDecision, newDecisions } from "./approval-change.ts";
import {
  bringsSignedDefinition,
  changesPolicyOwner,
  changesSuspension,
  checkCapabilityContent,
  checkDefinition,
  definesCapability,
  sameJson,
} from "./capability-change.ts";
import { changesNothing, gainsOwnerReferences, readChange } from "./change.ts";
import type { Change, WritChange } from "./change.ts";
import { changeRecord, deletionRecord } from "./change-record.ts";
import type { ChangeEntry } from "./change-record.ts";
import type { ClaimReview } from "./claim-review.ts";
import { liveSnapshot } from "./lookup.ts";
import type { LiveSnapshot } from "./lookup.ts";
import { announcementOf } from "./announcement.ts";
import { checkOwner, isMemberOf, ownerWarnings, requiredRight } from "./owner-change.ts";
import type { RegisterWriter } from "./register-writer.ts";
import { refuse } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";
import { reserveDefinition } from "./reserve-definition.ts";
import { reserveRequestId } from "./reserve-request-id.ts";
import { checkSignedDecision } from "./signed-decision-change.ts";

export interface GuardOptions {
  readonly settings: DecisionSettings;
  readonly cache: Pick<WritCache, "snapshot" | "problems">;
  readonly reader: LiveReader;
  readonly mayClaim: ClaimReview;
  readonly requestIds: Pick<RequestIdRegistry, "reserve">;
  /** Announces changes to the gates of all replicas. */
  readonly announce: RegisterWriter;
  readonly record: Recorder;
  readonly clock: () => number;
  readonly log: Logger;
}

type Admitted = { readonly kind: "admitted"; readonly warnings: readonly string[] };

/** For so long a deletion waits for the register, milliseconds: it goes on in any case, and the API server waits 5 s. */
const deletionPatience = 2000;

/**
 * Judges changes of Writ's own kinds, whoever makes them. What is admitted is announced in the revocation register and
 * recorded with its author before the answer. A deletion revokes and is never refused; it is only announced and noted.
 */
export function createGuard(options: GuardOptions): AdmissionHandler {
  const { settings, cache, record, clock, log } = options;
  const live = liveSnapshot(cache.snapshot, options.reader);

  return async (call) => {
    const { request } = call;
    if (request.operation === "DELETE") return noteDeletion(call);
    const change = readChange(call);
    if (change.kind === "refusal") return refusalAnswer(change);
    const outcome = await judge(change);
    if (outcome.kind === "refusal") return refusalAnswer(outcome);
    const answer: Answer = { allowed: true, code: "Admitted", message: "", warnings: outcome.warnings };
    if (request.dryRun === true || changesNothing(change)) return answer;
    const taken = (await reserveRequestId(change, options)) ?? (await reserveDefinition(change, options));
    if (taken) return refusalAnswer(taken);
    // First announced: an announcement without a change costs a read, a record without a change would be untrue.
    try {
      await announce(call, change.old, change.object);
    } catch (error) {
      log.error({ requestUid: request.uid, err: error }, "a change of a Writ object could not be announced");
      return refusalAnswer(
        refuse(
          "RegisterFailed",
          "the change could not be announced in the revocation register, ConfigMap writ-register",
        ),
      );
    }
    try {
      const receipt = await recordChange(changeRecord(call, change, formatTimestamp(clock())), change);
      return { ...answer, auditAnnotations: auditAnnotations(request.uid, receipt) };
    } catch (error) {
      log.error({ requestUid: request.uid, err: error }, "a change of a Writ object could not be recorded");
      return refusalAnswer(refuse("RecordFailed", "the change could not be recorded"));
    }
  };

  async function announce(call: Call, old: WritObject | undefined, object: WritObject | undefined): Promise<void> {
    const intent = announcementOf(call, old, object, clock());
    if (intent) await options.announce(intent);
  }

  /** What is too large to be created is refused; what exists can always be recorded in brief, so that it can be stopped. */
  async function recordChange({ kind, spec, brief }: ChangeEntry, { old }: WritChange): Promise<Receipt> {
    try {
      return await record(kind, spec);
    } catch (error) {
      if (!(error instanceof EntryTooLargeError) || old === undefined) throw error;
      return await record(kind, brief);
    }
  }

  async function judge(change: WritChange): Promise<Admitted | Refusal> {
    // Finalizers, labels and the like carry no power, and taking a finalizer away must always be possible.
    const touchesSpec = change.old === undefined || !sameJson(change.object.spec, change.old.spec);
    const byAgent = isAgent(change.user, settings.agents);
    if (byAgent && !(change.resource === "elevationapprovals" && change.operation === "CREATE")) {
      return refuse("AgentsMayOnlyRequest", `agent ${change.user.username} may not touch Writ's objects`);
    }
    if (gainsOwnerReferences(change)) {
      return refuse(
        "OwnerReferencesRefused",
        `${change.object.kind} "${change.object.metadata.name}" would get an owner`,
      );
    }
    if (!touchesSpec) return admitted();
    try {
      switch (change.resource) {
        case "identityowners":
          return await judgeOwner(change, options);
        case "agentcapabilities":
          return await judgeCapability(change, options, live);
        case "elevationapprovals":
          return await judgeApproval(change, options, live);
      }
    } catch (error) {
      log.error({ err: error, resource: change.resource }, "the guard could not look up what it has to know");
      return refuse("LookupFailed", "what the guard has to know could not be read from the API server");
    }
  }

  async function announceDeletion(call: Call): Promise<void> {
    const old = (call.request.oldObject as WritObject | null | undefined) ?? undefined;
    const failed = (error: unknown): void => {
      log.error({ requestUid: call.request.uid, err: error }, "a deletion could not be announced and goes on");
    };
    const patience = new AbortController();
    const announced = announce(call, old, undefined).catch(failed);
    const impatient = sleep(deletionPatience, undefined, { signal: patience.signal, ref: false }).then(
      () => failed(new Error("the register did not answer in time")),
      () => undefined,
    );
    await Promise.race([announced, impatient]);
    patience.abort();
  }

  async function noteDeletion(call: Call): Promise<Answer> {
    const answer: Answer = { allowed: true, code: "Admitted", message: "" };
    const entry = deletionRecord(call, formatTimestamp(clock()));
    if (call.request.dryRun === true || !entry) return answer;
    await announceDeletion(call);
    try {
      return {
        ...answer,
        auditAnnotations: auditAnnotations(call.request.uid, await record(entry.kind, entry.spec)),
      };
    } catch (error) {
      log.error({ requestUid: call.request.uid, err: error }, "a deletion could not be recorded and goes on");
      return answer;
    }
  }
}

/** A suspension, the freeze included, asks for nothing but membership: no lookup that could fail, no other check. */
async function judgeOwner(
  change: Change<IdentityOwner>,
  { settings, mayClaim, cache }: GuardOptions,
): Promise<Admitted | Refusal> {
  const { object, old, user } = change;
  const { name } = object.metadata;
  const right = requiredRight(change);
  if (right === "nothing" || (right === "claim or membership" && isMemberOf(old, user))) return admitted();
  if (!(await mayClaim(user, name))) {
    const who = right === "claim" ? "who holds the verb claim on it" : "its members and who holds the verb claim on it";
    return refuse(
      "ClaimRequired",
      `only ${who} may change IdentityOwner "${name}" so, and ${user.username} may not`,
      "ask somebody with the ClusterRole writ-policy-admin, or with the verb claim on it by another role",
    );
  }
  if (right === "claim or membership") return admitted();
  return checkOwner(change, settings) ?? admitted(ownerWarnings(change, cache.snapshot()));
}

async function judgeCapability(
  change: Change<AgentCapability>,
  { settings, clock, mayClaim }: GuardOptions,
  live: LiveSnapshot,
): Promise<Admitted | Refusal> {
  const { object, old, user } = change;
  const { name } = object.metadata;
  const newOwner = object.spec.policyOwnerName;
  const policyOwner = old?.spec.policyOwnerName ?? newOwner;
  const needsClock = bringsSignedDefinition(change);
  const snapshot = await live({ owners: [policyOwner, newOwner], capabilities: [], needsClock });
  const isMember = isMemberOf(snapshot.owners.get(policyOwner), user);
  if (changesPolicyOwner(change) && !isMember && !(await mayClaim(user, newOwner))) {
    return refuse(
      "MembershipRequired",
      `AgentCapability "${name}" is handed from "${policyOwner}" to "${newOwner}" by a member of "${policyOwner}" or who may claim "${newOwner}", and ${user.username} is neither`,
      undefined,
      "spec.policyOwnerName",
    );
  }
  if (changesSuspension(change) && !isMember) {
    return refuse(
      "MembershipRequired",
      `AgentCapability "${name}" is suspended and released by members of "${policyOwner}", and ${user.username} is none`,
      undefined,
      "spec.suspended",
    );
  }
  // Whoever only suspends must not be held up by what is wrong with the rest.
  if (!definesCapability(change)) return admitted();
  const refusal = checkCapabilityContent(object, settings) ?? checkDefinition(change, snapshot, settings, clock());
  if (refusal) return refusal;
  const problem = capabilityProblem(object, snapshot.owners, clock(), settings.trust);
  return admitted(problem ? [`not in force (${problem.code}); what to do: kubectl get cap ${name} -o wide`] : []);
}

async function judgeApproval(
  change: Change<ElevationApproval>,
  { settings, cache, clock }: GuardOptions,
  live: LiveSnapshot,
): Promise<Admitted | Refusal> {
  const { object, old } = change;
  const decisions = newDecisions(change);
  const isSigned = (decision: ElevationApprovalDecision): boolean => decision.signature !== undefined;
  // Rival claims and other names of a person are known from the cache alone. A rejection waits for none.
  const [problem] = decisions.every(({ verdict }) => verdict === "Reject") && old ? [] : cache.problems();
  if (problem !== undefined) return refuse("LookupFailed", `Writ does not know the present objects: ${problem}`);
  const snapshot = await live({
    owners: decisions.map((decision) => decision.ownerName),
    capabilities: [object.spec.capabilityName],
    needsClock: decisions.some((decision) => isSigned(decision) && decision.verdict === "Approve"),
  });
  const refusal = old ? undefined : checkNewApproval(change, snapshot, settings);
  if (refusal) return refusal;
  const before = old ?? { ...object, spec: { ...object.spec, decisions: [] } };
  for (const decision of decisions) {
    const now = clock();
    const refusal = isSigned(decision)
      ? checkSignedDecision({ object, before, decision, snapshot, settings, now })
      : checkNewDecision(change, decision, snapshot, settings, now);
    if (refusal) return refusal;
  }
  return admitted();
}

function admitted(warnings: readonly string[] = []): Admitted {
  return { kind: "admitted", warnings };
}

export function refusalAnswer({ code, message, next, field }: Refusal): Answer {
  const causes = field === undefined ? [] : [{ reason: code, message, field }];
  return { allowed: false, code, message, next, causes };
}
