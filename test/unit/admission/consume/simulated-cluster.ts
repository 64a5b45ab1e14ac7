import { createConsumeUse } from "../../../../src/admission/consume/consume-use.ts";
import type { RecordedUse } from "../../../../src/admission/consume/count-verdict.ts";
import { rememberUses } from "../../../../src/admission/consume/remembered-uses.ts";
import { createSwapUses } from "../../../../src/admission/consume/swap-uses.ts";
import { createGate } from "../../../../src/admission/gate.ts";
import type { AdmissionHandler, Answer } from "../../../../src/admission/handler.ts";
import type { RegisterReader } from "../../../../src/admission/register-reader.ts";
import type { LiveReader } from "../../../../src/admission/live-reader.ts";
import type { Intent } from "../../../../src/api/register/intent.ts";
import { rememberingVerifier } from "../../../../src/api/attestation.ts";
import type { ElevationApproval, ElevationApprovalDecision } from "../../../../src/api/types.gen.ts";
import { snapshotOf } from "../../../../src/decision/snapshot.ts";
import type { KubeRequest, KubeResponse } from "../../../../src/kube/client.ts";
import type { KubeClock } from "../../../../src/kube/clock.ts";
import { KubeError } from "../../../../src/kube/kube-error.ts";
import { createLogger } from "../../../../src/telemetry/logger.ts";
import { createMetrics } from "../../../../src/telemetry/metrics.ts";
import { approval, approvedBy, withDecisions } from "../../../builders/approval.ts";
import { ours } from "../../../builders/installation.ts";
import { review } from "../../../builders/review.ts";
import { after, minute } from "../../../builders/time.ts";
import { payments, platform, root, scaler } from "../../../builders/world.ts";
import type { Random } from "../../decision/oracle/random.ts";
import type { ManualClock } from "../../kube/manual-clock.ts";

/** What goes wrong, each in percent of its occasions. */
export interface Faults {
  /** A swap gets no answer: done or not. */
  readonly swapLost: number;
  readonly recordFails: number;
}

export interface SimulatedOptions {
  readonly clock: ManualClock;
  readonly random: Random;
  readonly maxUses: number;
  readonly faults?: Faults;
  readonly hasIntent?: (approval: ElevationApproval) => boolean;
  /** Absent: the register says nothing, so that everything is read by name. Else replicas trust views that lag. */
  readonly announced?: () => readonly Intent[];
}

export interface SimulatedReplica {
  readonly ask: (write: SimulatedWrite) => Promise<Answer | "died">;
  /** Ends it as `kill -9` does: nothing that it had begun goes on, but for what is on its way to the API server. */
  readonly kill: () => void;
  readonly inFlight: () => number;
}

export interface SimulatedWrite {
  readonly objectUid: string;
  readonly oldResourceVersion: string;
  readonly replicas: number;
  readonly credentialId?: string;
}

export interface SimulatedCluster {
  readonly stored: () => ElevationApproval;
  readonly counter: () => number;
  /** Stores a change of the approval onto the version that was read; false when that is not the present one. */
  readonly compareAndSwap: (version: string, change: (stored: ElevationApproval) => ElevationApproval) => boolean;
  readonly reject: (version: string, decision: ElevationApprovalDecision) => boolean;
  readonly startReplica: () => SimulatedReplica;
  /** Uses in the ledgers of all replicas, in the order in which they were recorded. */
  readonly recorded: readonly RecordedUse[];
  readonly delay: (from: number, to: number) => Promise<void>;
}

/** One approval with a limit at a simulated API server, and replicas of the real gate before it. */
export function simulatedCluster(options: SimulatedOptions): SimulatedCluster {
  const { clock, random, maxUses, faults = { swapLost: 0, recordFails: 0 } } = options;
  const limited = approval("inc-1234", { maxUses });
  let stored: ElevationApproval = approvedBy(
    limited,
    scaler,
    { by: "alice@example.com", ownerName: "payments" },
    { by: "bob@example.com", ownerName: "platform" },
  );
  const recorded: RecordedUse[] = [];
  const trust = { ...ours.trust, verify: rememberingVerifier(ours.trust.verify, 1000) };
  const wall = (): number => after(2 * minute) + clock.now();
  /** Every version, with the instant since which it is stored. */
  const history: { readonly at: number; readonly version: ElevationApproval }[] = [{ at: 0, version: stored }];
  const counter = (): number => stored.status?.uses ?? 0;

  function delay(from: number, to: number): Promise<void> {
    return new Promise((resolve) => {
      clock.schedule(from + random.below(to - from + 1), resolve);
    });
  }

  const compareAndSwap: SimulatedCluster["compareAndSwap"] = (version, change) => {
    const { metadata } = stored;
    if (metadata.resourceVersion !== version) return false;
    const changed = change(stored);
    const isNewSpec = changed.spec !== stored.spec;
    const generation = (metadata.generation ?? 1) + (isNewSpec ? 1 : 0);
    stored = { ...changed, metadata: { ...metadata, generation, resourceVersion: String(Number(version) + 1) } };
    history.push({ at: clock.now(), version: stored });
    return true;
  };

  async function patchStatus({ body }: KubeRequest): Promise<KubeResponse> {
    const { metadata, status } = body as {
      readonly metadata: { readonly uid: string; readonly resourceVersion: string };
      readonly status: { readonly uses: number };
    };
    const lost = random.chance(faults.swapLost) ? random.pick(["on its way", "on the way back"] as const) : "never";
    const unreachable = (): KubeError => new KubeError({ status: 0, reason: "Timeout", message: "no answer" });
    await delay(1, 6);
    if (lost === "on its way") throw unreachable();
    if (metadata.uid !== stored.metadata.uid) throw new KubeError({ status: 409, reason: "Conflict", message: "uid" });
    if (
      !compareAndSwap(metadata.resourceVersion, (before) => ({ ...before, status: { ...before.status, ...status } }))
    ) {
      throw new KubeError({ status: 409, reason: "Conflict", message: "resourceVersion" });
    }
    const answer = stored;
    await delay(1, 4);
    if (lost === "on the way back") throw unreachable();
    return { status: 200, body: answer, serverDate: undefined };
  }

  function startReplica(): SimulatedReplica {
    let alive = true;
    let inFlight = 0;
    const died = Promise.withResolvers<"died">();
    const never = new Promise<never>(() => undefined);
    /** A dead process takes no further step. */
    const step = async <T>(value: Promise<T>): Promise<T> => {
      try {
        const settled = await value;
        return alive ? settled : await never;
      } catch (error) {
        if (alive) throw error;
        return await never;
      }
    };
    const timers: KubeClock = {
      now: () => clock.now(),
      wall,
      schedule: (ms, run) =>
        clock.schedule(ms, () => {
          if (alive) run();
        }),
    };
    const log = createLogger({ level: "silent", name: "test" });
    const read: LiveReader["read"] = async ({ owners, capabilities, approvals }) => {
      await delay(1, 3);
      const found = stored;
      await delay(0, 2);
      return {
        owners: new Map(owners.map((name) => [name, [root, platform, payments].find((o) => o.metadata.name === name)])),
        capabilities: new Map(capabilities.map((name) => [name, scaler])),
        approvals: new Map(approvals.map((name) => [name, found])),
        clockSkew: 0,
      };
    };
    const reader: LiveReader = { read: (names) => step(read(names)) };
    const swap = createSwapUses({ request: (request) => step(patchStatus(request)) }, createMetrics(), log);
    const lag = random.below(6);
    const view = (): ElevationApproval =>
      history.findLast(({ at }) => at === 0 || at + lag <= clock.now())?.version ?? stored;
    const register: RegisterReader = async () => {
      await step(delay(1, 3));
      const intents = options.announced?.() ?? [];
      return { intents, gap: options.announced === undefined ? "incomplete" : undefined, clockSkew: 0 };
    };
    const gate: AdmissionHandler = createGate({
      settings: { ...ours.settings, trust },
      cache: {
        snapshot: () => snapshotOf([root, platform, payments], [scaler], [view()]),
        problems: () => [],
        silent: () => [],
      },
      reader,
      register,
      onProof: () => undefined,
      requestIds: { holds: () => Promise.resolve(true) },
      counting: {
        consume: createConsumeUse({
          swap,
          clock: wall,
          timers,
          random: () => random.below(1000) / 1000,
          hasIntent: options.hasIntent ?? (() => false),
        }),
        remembered: rememberUses(100),
        reader,
        timers,
      },
      record: async (_, spec) => {
        await step(delay(1, 3));
        if (random.chance(faults.recordFails)) throw new Error("disk full");
        const { use, verdict } = spec as { readonly use?: RecordedUse; readonly verdict: string };
        if (use !== undefined && verdict === "allow") recorded.push(use);
        await step(delay(0, 1));
        return { writer: "w0", index: 0n, leafHash: Buffer.alloc(32) };
      },
      clock: wall,
      log,
      shadowUntil: undefined,
    });
    return {
      ask: async ({ objectUid, oldResourceVersion, replicas, credentialId = "JTI=bot" }) => {
        const { object, oldObject, userInfo } = review();
        const metadata = { ...(object?.["metadata"] as object), uid: objectUid, resourceVersion: oldResourceVersion };
        const request = review({
          object: { ...object, metadata, spec: { replicas } },
          oldObject: { ...oldObject, metadata, spec: { replicas: 0 } },
          userInfo: { ...userInfo, extra: { "authentication.kubernetes.io/credential-id": [credentialId] } },
        });
        inFlight += 1;
        const call = { request, caller: { kind: "path" }, arrivedAt: wall(), deadline: wall() + 4000 } as const;
        try {
          return await Promise.race([gate(call), died.promise]);
        } finally {
          inFlight -= 1;
        }
      },
      kill: () => {
        alive = false;
        died.resolve("died");
      },
      inFlight: () => inFlight,
    };
  }

  return {
    stored: () => stored,
    counter,
    compareAndSwap,
    reject: (version, decision) => compareAndSwap(version, (before) => withDecisions(before, decision)),
    startReplica,
    recorded,
    delay,
  };
}
