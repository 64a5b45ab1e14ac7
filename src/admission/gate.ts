import { accountableFor } from "../decision/accountable.ts";
import { sealProtected } from "../decision/decide.ts";
import { deny } from "../decision/deny.ts";
import { gather } from "../decision/facts.ts";
import type { DecisionSettings } from "../decision/facts.ts";
import type { Denial, Verdict } from "../decision/verdict.ts";
import { withFresh } from "../decision/snapshot.ts";
import type { FreshObjects } from "../decision/snapshot.ts";
import { normalise } from "../decision/write-request.ts";
import type { WriteRequest } from "../decision/write-request.ts";
import type { WritCache } from "../cache/writ-cache.ts";
import type { Logger } from "../telemetry/logger.ts";
import { countVerdict } from "./consume/count-verdict.ts";
import type { CountedVerdict, CountingOptions } from "./consume/count-verdict.ts";
import { decisionRecord } from "./decision-record.ts";
import type { AdmissionHandler, Answer } from "./handler.ts";
import type { LiveReader } from "./live-reader.ts";
import { prove } from "./prove.ts";
import { proveReservations } from "./request-ids/prove-reservations.ts";
import type { RequestIdRegistry } from "./request-ids/request-id-registry.ts";
import type { Proof, ProvenVerdict } from "./prove.ts";
import { auditAnnotations } from "./record.ts";
import type { Recorder } from "./record.ts";
import type { RegisterReader } from "./register-reader.ts";

export interface GateOptions {
  readonly settings: DecisionSettings;
  readonly cache: Pick<WritCache, "snapshot" | "problems" | "silent">;
  readonly reader: LiveReader;
  readonly register: RegisterReader;
  /** Told how each verdict was proven. */
  readonly onProof: (proof: Proof) => void;
  readonly requestIds: Pick<RequestIdRegistry, "holds">;
  readonly counting: CountingOptions;
  readonly record: Recorder;
  readonly clock: () => number;
  readonly log: Logger;
  /** Until this instant denials outside the protected set are recorded and not enforced. */
  readonly shadowUntil: number | undefined;
}

/** Judges agents' writes: decide, prove current, count the use, record, answer. */
export function createGate(options: GateOptions): AdmissionHandler {
  const { cache, reader, register, counting, record, clock, log, shadowUntil } = options;
  const settings: DecisionSettings = {
    ...options.settings,
    isCountedUse: (request, approval) => counting.remembered.find(request, approval) !== undefined,
  };
  return async (call) => {
    const request = normalise(call.request);
    const { verdict, facts, proof, liveReads, use } = await judge(request, call.deadline);
    options.onProof(proof);
    const { now } = facts;
    const shadowed = verdict.kind === "deny" && !verdict.absolute && shadowUntil !== undefined && now < shadowUntil;
    const answer = answerOf(verdict, shadowed);
    if (request.dryRun) return answer;
    const recorded = decisionRecord({
      time: now,
      request,
      userInfo: call.request.userInfo,
      caller: call.caller,
      verdict: shadowed ? "would-deny" : verdict.kind,
      code: verdict.code,
      message: verdict.kind === "deny" ? verdict.message : "",
      decided: { verdict, digests: settings.trust.digests },
      accountable: accountableFor(verdict, facts),
      effects: facts.effects,
      proof,
      liveReads,
      use,
    });
    try {
      return { ...answer, auditAnnotations: auditAnnotations(request.uid, await record("decision", recorded)) };
    } catch (error) {
      log.error({ requestUid: request.uid, err: error }, "a decision could not be recorded");
      const next = "try again; if it lasts, look at the webhook's log: its disk may be full or broken";
      return denialAnswer(
        deny("RecordFailed", "the decision could not be recorded, and nothing unrecorded is admitted", next),
      );
    }
  };

  async function judge(request: WriteRequest, deadline: number): Promise<CountedVerdict> {
    const decideNow = async (fresh: FreshObjects | undefined): Promise<ProvenVerdict> => {
      const [problem] = cache.problems();
      return problem === undefined ? await decideLive(request, fresh) : unsynced(request, problem);
    };
    const result = await countVerdict(request, deadline, decideNow, counting);
    const { verdict, facts } = result;
    return verdict.kind === "deny" ? { ...result, verdict: sealProtected(verdict, facts) } : result;
  }

  async function decideLive(request: WriteRequest, fresh: FreshObjects | undefined): Promise<ProvenVerdict> {
    const snapshot = fresh === undefined ? cache.snapshot : () => withFresh(cache.snapshot(), fresh);
    const onReadError = (error: unknown): void => {
      log.error({ requestUid: request.uid, err: error }, "live read failed");
    };
    const silent = (): boolean => cache.silent().length > 0;
    const proven = await prove({ request, snapshot, silent, settings, reader, register, clock, onReadError });
    return { ...proven, verdict: await proveReservations(proven.verdict, options.requestIds, onReadError) };
  }

  function unsynced(request: WriteRequest, problem: string): ProvenVerdict {
    const next = "try again in a few seconds; if it lasts, look at /readyz of the webhook";
    return {
      verdict: deny("CacheNotSynced", `Writ does not know the present objects: ${problem}`, next),
      facts: gather({ request, settings, now: clock(), snapshot: cache.snapshot() }),
      proof: "none",
      liveReads: 0,
    };
  }
}

function answerOf(verdict: Verdict, shadowed: boolean): Answer {
  if (verdict.kind === "allow") return { allowed: true, code: verdict.code, message: "" };
  if (shadowed) {
    const warnings = [`Writ shadow mode: this write would be denied. ${verdict.code}: ${verdict.message}`];
    return { allowed: true, code: verdict.code, message: "", warnings };
  }
  return denialAnswer(verdict);
}

function denialAnswer({ code, message, next, nearest }: Denial): Answer {
  const causes = nearest ? [{ reason: "NearestMiss", message: JSON.stringify(nearest), field: nearest.missed }] : [];
  return { allowed: false, code, message, next, causes };
}
