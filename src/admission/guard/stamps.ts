import { randomBytes } from "node:crypto";
import { agentUserName, isAgent } from "../../api/agents.ts";
import { userInfoDigest } from "../../api/attestation.ts";
import type { AttestationSigner } from "../../api/attestation.ts";
import { decisionStatement } from "../../api/decisions.ts";
import { policyDigest } from "../../api/digest.ts";
import { membershipText } from "../../api/people.ts";
import { isStampedId, stampedPrefix } from "../../api/request-ids.ts";
import { formatTimestamp } from "../../api/timestamp.ts";
import type { AgentCapability, ElevationApproval, ElevationApprovalDecision } from "../../api/types.gen.ts";
import type { WritCache } from "../../cache/writ-cache.ts";
import type { DecisionSettings } from "../../decision/facts.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { AdmissionHandler, Answer, JsonPatchOperation } from "../handler.ts";
import type { LiveReader } from "../live-reader.ts";
import { areSigned, decisionsAtCreation } from "./approval-change.ts";
import { bringsSignedDefinition, definesCapability, isDefined, sameJson } from "./capability-change.ts";
import { readChange } from "./change.ts";
import type { Change, WritChange } from "./change.ts";
import { refusalAnswer } from "./guard.ts";
import { judgeDecision } from "./judge-decision.ts";
import { liveSnapshot } from "./lookup.ts";
import { mergeDecisions } from "./merge-decisions.ts";
import { actingMember } from "./person.ts";
import { refuse } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";
import type { AgentUidLookup } from "./agent-uid.ts";

export interface StampsOptions {
  readonly settings: DecisionSettings;
  readonly cache: Pick<WritCache, "snapshot" | "problems">;
  readonly reader: LiveReader;
  readonly signer: AttestationSigner;
  readonly agentUid: AgentUidLookup;
  readonly clock: () => number;
  readonly log: Logger;
}

interface Stamped {
  readonly kind: "stamped";
  readonly patch: readonly JsonPatchOperation[];
  readonly warnings: readonly string[];
}

/**
 * Fills in what nobody may claim for themselves: who asks, who decides, when, on which policy, with an attestation of
 * it. Refuses right here what cannot be attested, since the schema's complaint about missing fields would hide the
 * reason.
 */
export function createStamps(options: StampsOptions): AdmissionHandler {
  const live = liveSnapshot(options.cache.snapshot, options.reader);

  return async (call) => {
    const change = readChange(call);
    if (change.kind === "refusal") return refusalAnswer(change);
    try {
      const result = await stamp(change);
      if (result.kind === "refusal") return refusalAnswer(result);
      const answer: Answer = { allowed: true, code: "Admitted", message: "", warnings: result.warnings };
      return result.patch.length === 0 ? answer : { ...answer, patch: result.patch };
    } catch (error) {
      options.log.error(
        { requestUid: call.request.uid, err: error },
        "the stamps could not look up what they have to know",
      );
      return refusalAnswer(
        refuse("LookupFailed", "what the stamps have to know could not be read from the API server"),
      );
    }
  };

  async function stamp(change: WritChange): Promise<Stamped | Refusal> {
    switch (change.resource) {
      case "identityowners":
        return stamped([]);
      case "agentcapabilities":
        return await stampCapability(change);
      case "elevationapprovals":
        return change.old ? await stampDecisions(change, change.old) : await stampRequest(change);
    }
  }

  async function stampRequest({ object, user }: Change<ElevationApproval>): Promise<Stamped | Refusal> {
    const { agent, requestID, decisions } = object.spec;
    const { serviceAccount } = agent;
    if (decisions !== undefined && decisions.length > 0) {
      const refusal = checkSignedRequest(object);
      if (refusal) return refusal;
    }
    const patch: JsonPatchOperation[] = [{ op: "add", path: "/spec/requestedBy", value: user.username }];
    const behalf = delegators(user).filter((entry) => !object.spec.onBehalfOf?.includes(entry));
    if (behalf.length > 0) {
      patch.push({ op: "add", path: "/spec/onBehalfOf", value: [...(object.spec.onBehalfOf ?? []), ...behalf] });
    }
    if (requestID === undefined || requestID === "") {
      const random = randomBytes(16).toString("hex");
      patch.push({ op: "add", path: "/spec/requestID", value: `${stampedPrefix}${random}` });
    } else if (isStampedId(requestID)) {
      const message = `spec.requestID "${requestID}" was stamped on another ElevationApproval, and a copy of one revives nothing`;
      return refuse("Replayed", message, "leave spec.requestID out and let people decide anew", "spec.requestID");
    }
    if (decisions === undefined) patch.push({ op: "add", path: "/spec/decisions", value: [] });
    if (serviceAccount && isName(serviceAccount.namespace) && isName(serviceAccount.name) && agent.uid === undefined) {
      const isOwn = agentUserName(agent) === user.username;
      const uid = isOwn ? user.uid : await options.agentUid(serviceAccount);
      if (uid === undefined) {
        const { namespace, name } = serviceAccount;
        return refuse("AgentNotFound", `service account ${namespace}/${name} does not exist`, undefined, "spec.agent");
      }
      patch.push({ op: "add", path: "/spec/agent/uid", value: uid });
    }
    return stamped(patch);
  }

  async function stampDecisions(
    { object, user }: Change<ElevationApproval>,
    old: ElevationApproval,
  ): Promise<Stamped | Refusal> {
    const merged = mergeDecisions(object.spec.decisions ?? [], old.spec.decisions ?? [], user.username);
    if (merged.kind === "as sent") return stamped([]);
    const unsigned = merged.added.filter((entry) => entry.signature === undefined);
    // The schema, which runs after the stamps, says best what is wrong with an entry that cannot be read.
    if (!unsigned.every((entry) => isName(entry.ownerName) && ["Approve", "Reject"].includes(entry.verdict)))
      return stamped([]);
    const fresh = await attestAll(unsigned, object, old, user);
    if ("kind" in fresh) return fresh;
    const added = merged.added.map((entry) => fresh.get(entry) ?? entry);
    const list = [...merged.kept, ...added];
    const patch: JsonPatchOperation = { op: "add", path: "/spec/decisions", value: list };
    return stamped(sameJson(list, object.spec.decisions) ? [] : [patch], merged.warnings);
  }

  /** What Writ says of each entry that is the caller's own; one that carries a signature needs no attestation. */
  async function attestAll(
    entries: readonly ElevationApprovalDecision[],
    object: ElevationApproval,
    old: ElevationApproval,
    user: Change["user"],
  ): Promise<ReadonlyMap<ElevationApprovalDecision, ElevationApprovalDecision> | Refusal> {
    const fresh = new Map<ElevationApprovalDecision, ElevationApprovalDecision>();
    if (entries.length === 0) return fresh;
    const [problem] = entries.every(({ verdict }) => verdict === "Reject") ? [] : options.cache.problems();
    if (problem !== undefined) return refuse("LookupFailed", `Writ does not know the present objects: ${problem}`);
    const snapshot = await live({
      owners: entries.map((entry) => entry.ownerName),
      capabilities: [old.spec.capabilityName],
      needsClock: entries.some(({ verdict }) => verdict === "Approve"),
    });
    const now = options.clock();
    for (const entry of entries) {
      const decision = attest(object, entry, { snapshot, now, user, old });
      if ("kind" in decision) return decision;
      fresh.set(entry, decision);
    }
    return fresh;
  }

  function attest(
    object: ElevationApproval,
    entry: ElevationApprovalDecision,
    at: {
      readonly snapshot: Parameters<typeof judgeDecision>[0]["snapshot"];
      readonly now: number;
      readonly user: Change["user"];
      readonly old: ElevationApproval;
    },
  ): ElevationApprovalDecision | Refusal {
    const { settings, signer } = options;
    const { user, snapshot, now, old } = at;
    if (entry.by !== user.username) {
      return refuse("ForgedDecision", `a decision names "${entry.by}", but it is ${user.username} who asks`);
    }
    const judged = judgeDecision({ approval: old, decision: entry, user, snapshot, settings, now });
    if (judged.kind === "refusal") return judged;
    const { policyDigest: _claimed, attestation: _forged, ...rest } = entry;
    const decision: ElevationApprovalDecision = {
      ...rest,
      at: formatTimestamp(now),
      ...(judged.policyDigest === "" ? {} : { policyDigest: judged.policyDigest }),
    };
    const attestation = signer.attest(decisionStatement(object, decision, settings.trust.clusterId), {
      credentialId: judged.credentialId,
      member: membershipText(judged.membership),
      userInfoDigest: userInfoDigest(user),
    });
    return { ...decision, attestation };
  }

  async function stampCapability(change: Change<AgentCapability>): Promise<Stamped | Refusal> {
    const { object, old, user } = change;
    const { settings, signer } = options;
    const owner = object.spec.policyOwnerName;
    if (!isName(owner) || isAgent(user, settings.agents) || !definesCapability(change)) return stamped([]);
    const { definedBy } = object.spec;
    if (bringsSignedDefinition(change)) {
      // An applier's patch leaves the attestation where it was: it is of the definition that this one replaces.
      const isLeft = definedBy?.attestation !== undefined && definedBy.attestation === old?.spec.definedBy?.attestation;
      return stamped(isLeft ? [{ op: "remove", path: "/spec/definedBy/attestation" }] : []);
    }
    const snapshot = await live({ owners: [owner], capabilities: [] });
    const member = actingMember(user, owner, snapshot.owners.get(owner), settings.agents);
    if (member.kind === "refusal") {
      if (member.code === "CredentialRequired") return member;
      // Whoever is no member has not taken it away, but left it out.
      const left = definedBy === undefined ? old?.spec.definedBy : undefined;
      return stamped(left ? [{ op: "add", path: "/spec/definedBy", value: left }] : []);
    }
    if (snapshot.owners.get(owner)?.spec.decisions === "Signed") {
      if (definedBy === undefined || sameJson(definedBy, old?.spec.definedBy)) return stamped([]);
      const command = `kubectl writ sign -f FILE --owner ${owner} --key KEY; kubectl apply -f FILE`;
      return refuse("SignatureRequired", `owner "${owner}" counts signed definitions alone`, command, "spec.definedBy");
    }
    const digest = policyDigest(object);
    if (
      old &&
      !isDefined(old, snapshot.owners, settings.trust) &&
      sameJson(object.spec.definedBy, old.spec.definedBy)
    ) {
      // Somebody else's edit must not come into force by a member's next one.
      return stamped([], [`it was not in force before and you did not say what you define: patch definedBy too`]);
    }
    const confirmed = object.spec.definedBy?.policyDigest;
    if (confirmed !== undefined && confirmed !== digest && confirmed !== old?.spec.definedBy?.policyDigest) {
      return refuse("DigestMismatch", `AgentCapability "${object.metadata.name}" has the digest ${digest} now`);
    }
    const definition = {
      by: user.username,
      ownerName: owner,
      at: formatTimestamp(options.clock()),
      policyDigest: digest,
    };
    const attestation = signer.attest(
      { type: "writ.dev/definition/v1", clusterId: settings.trust.clusterId, ...definition },
      {
        credentialId: member.credentialId,
        member: membershipText(member.membership),
        userInfoDigest: userInfoDigest(user),
      },
    );
    return stamped([{ op: "add", path: "/spec/definedBy", value: { ...definition, attestation } }]);
  }
}

/** What people signed before the approval exists covers what the stamps would fill in otherwise. */
function checkSignedRequest({ spec }: ElevationApproval): Refusal | undefined {
  const { agent, requestID, decisions = [] } = spec;
  if (!areSigned(decisions)) return decisionsAtCreation();
  if (requestID === undefined || requestID === "") {
    return refuse("RequestIDMissing", "its decisions are signed for a requestID", undefined, "spec.requestID");
  }
  if (agent.serviceAccount === undefined || agent.uid !== undefined) return undefined;
  const { namespace, name } = agent.serviceAccount;
  return refuse(
    "AgentUidMissing",
    "its decisions are signed for a uid of the agent",
    `put it into spec.agent.uid of the file that people sign: kubectl get sa ${name} -n ${namespace} -o jsonpath={.metadata.uid}`,
    "spec.agent.uid",
  );
}

/** Who stands behind an OIDC agent by its token (RFC 8693 act claim): those people do not approve what it asks for. */
function delegators({ extra }: Change["user"]): readonly string[] {
  const chain = extra && Object.hasOwn(extra, "writ.dev/act-chain") ? extra["writ.dev/act-chain"] : undefined;
  return (chain ?? []).map((actor) => `user:${actor}`);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value !== "." && value !== "..";
}

function stamped(patch: readonly JsonPatchOperation[], warnings: readonly string[] = []): Stamped {
  return { kind: "stamped", patch, warnings };
}
