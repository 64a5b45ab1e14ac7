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
import { decisionKey, decisionsAtCreation } from "./approval-change.ts";
import { definesCapability, isDefined, sameJson } from "./capability-change.ts";
import { readChange } from "./change.ts";
import type { Change, WritChange } from "./change.ts";
import { refusalAnswer } from "./guard.ts";
import { judgeDecision } from "./judge-decision.ts";
import { liveSnapshot } from "./lookup.ts";
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
    if (decisions !== undefined && decisions.length > 0) return decisionsAtCreation();
    const { serviceAccount } = agent;
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
    const before = old.spec.decisions ?? [];
    const known = new Set(before.map(decisionKey));
    const entries = (object.spec.decisions ?? []).map((entry) => ({ ...entry, by: entry.by ?? user.username }));
    const added = entries.filter((entry) => !known.has(decisionKey(entry)));
    const isRepetition = added.length === 0 && (object.spec.decisions ?? []).some((entry) => entry.at === undefined);
    if (added.length === 0 && !isRepetition) return stamped([]);
    // The schema, which runs after the stamps, says best what is wrong with an entry that cannot be read.
    if (!added.every((entry) => isName(entry.ownerName) && ["Approve", "Reject"].includes(entry.verdict)))
      return stamped([]);

    const [problem] = added.every(({ verdict }) => verdict === "Reject") ? [] : options.cache.problems();
    if (problem !== undefined) return refuse("LookupFailed", `Writ does not know the present objects: ${problem}`);
    const snapshot = await live({
      owners: added.map((entry) => entry.ownerName),
      capabilities: [old.spec.capabilityName],
      needsClock: added.some(({ verdict }) => verdict === "Approve"),
    });
    const now = options.clock();
    const fresh: ElevationApprovalDecision[] = [];
    for (const entry of added) {
      const decision = attest(object, entry, { snapshot, now, user, old });
      if ("kind" in decision) return decision;
      fresh.push(decision);
    }
    // A merge patch replaces the whole list. Decisions only grow, so what it left out was not meant to go.
    const patch: JsonPatchOperation = { op: "add", path: "/spec/decisions", value: [...before, ...fresh] };
    return stamped([patch], isRepetition ? ["you had decided so already; nothing changes"] : []);
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
    const snapshot = await live({ owners: [owner], capabilities: [] });
    const member = actingMember(user, owner, snapshot.owners.get(owner), settings.agents);
    if (member.kind === "refusal") {
      return member.code === "CredentialRequired" ? member : stamped([]);
    }
    const digest = policyDigest(object);
    if (old && !isDefined(old, settings.trust) && sameJson(object.spec.definedBy, old.spec.definedBy)) {
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
