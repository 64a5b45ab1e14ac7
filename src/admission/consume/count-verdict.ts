import type { ElevationApproval } from "../../api/types.gen.ts";
import { deny } from "../../decision/deny.ts";
import { approvalKey } from "../../decision/snapshot.ts";
import type { FreshObjects } from "../../decision/snapshot.ts";
import type { Basis, Denial } from "../../decision/verdict.ts";
import type { WriteRequest } from "../../decision/write-request.ts";
import type { KubeClock } from "../../kube/clock.ts";
import { sleep } from "../../kube/clock.ts";
import type { LiveReader } from "../live-reader.ts";
import type { ProvenVerdict } from "../prove.ts";
import type { ConsumeOutcome, ConsumeUse, UseRequest } from "./consume-use.ts";
import type { RememberedUses } from "./remembered-uses.ts";

/** What the record says of the use of an allow. */
export type RecordedUse =
  /** Its own use. `resourceVersion` is the version that the swap made; the uses of one swap share it. */
  | { readonly ordinal: number; readonly of: number; readonly resourceVersion: string }
  /** The same use as one that was counted before. */
  | { readonly repeats: number; readonly of: number };

export interface CountedVerdict extends ProvenVerdict {
  /** There where an allow rests on an approval with a limit. */
  readonly use: RecordedUse | undefined;
}

export interface CountingOptions {
  readonly consume: ConsumeUse;
  readonly remembered: RememberedUses;
  readonly reader: LiveReader;
  readonly timers: KubeClock;
}

/** Reaches a proven verdict, with these objects in place of the cached ones. */
export type Judge = (fresh: FreshObjects | undefined) => Promise<JudgedVerdict>;

type JudgedVerdict = ProvenVerdict & Pick<UseRequest, "changeAnnouncedAt">;

/**
 * A verdict whose use is counted, where its approval limits uses. While others move the approval the verdict is reached
 * anew on what they left; an allow without a limit, a denial and a rehearsal count nothing.
 */
export async function countVerdict(
  request: WriteRequest,
  deadline: number,
  judge: Judge,
  { consume, remembered, reader, timers }: CountingOptions,
): Promise<CountedVerdict> {
  let read: FreshApproval | undefined;
  /** A version that is not the present one. */
  let past: string | undefined;
  let liveReads = 0;
  for (;;) {
    const proven = await judge(read?.objects);
    liveReads += proven.liveReads;
    const counted = (use: RecordedUse | undefined): CountedVerdict => ({ ...proven, liveReads, use });
    const { verdict } = proven;
    if (verdict.kind === "deny" || verdict.code !== "Approved" || request.dryRun) return counted(undefined);
    const { approval, lifecycle } = verdict.basis;
    const maxUses = lifecycle.terms?.maxUses;
    if (maxUses === undefined) return counted(undefined);
    const known = remembered.find(request, approval);
    if (known) return counted({ repeats: known.ordinal, of: known.of });
    const version = approval.metadata.resourceVersion;
    if (past !== undefined && version === past) {
      // The cache lags behind what the swap ran into.
      const since = timers.now();
      const objects = await readFresh(approval, reader);
      read = objects && { objects, since };
      past = undefined;
      liveReads += 1;
      continue;
    }
    const validUntil = lifecycle.nextChangeAt ?? Number.POSITIVE_INFINITY;
    const isRead = read?.objects.approvals.get(approvalKey(approval))?.metadata.resourceVersion === version;
    const outcome = await consume({
      approval,
      maxUses,
      validUntil,
      deadline,
      readSince: isRead ? read?.since : undefined,
      changeAnnouncedAt: proven.changeAnnouncedAt,
    });
    if (outcome.kind === "counted") {
      const { ordinal, of, resourceVersion } = outcome;
      remembered.add(request, approval, { ordinal, of });
      return counted({ ordinal, of, resourceVersion });
    }
    if (outcome.kind !== "again" && outcome.kind !== "held") {
      const denial = { ...denialFor(outcome, verdict.basis), evaluated: verdict.basis.evaluated };
      return { ...proven, verdict: denial, liveReads, use: undefined };
    }
    await sleep(timers, outcome.afterMs, never);
    if (outcome.kind === "again") past = version;
  }
}

/** The approval as it was read by name, begun after `since`; monotonic milliseconds. */
interface FreshApproval {
  readonly objects: FreshObjects;
  readonly since: number;
}

const never = new AbortController().signal;

/** Undefined where it cannot be read: the judge's own reads tell the caller so. */
async function readFresh(approval: ElevationApproval, reader: LiveReader): Promise<FreshObjects | undefined> {
  try {
    const { approvals } = await reader.read({ owners: [], capabilities: [], approvals: [approvalKey(approval)] });
    return { owners: new Map(), capabilities: new Map(), approvals };
  } catch {
    return undefined;
  }
}

function denialFor(
  outcome: Exclude<ConsumeOutcome, { readonly kind: "counted" | "again" | "held" }>,
  { approval }: Basis,
): Denial {
  const { namespace = "", name } = approval.metadata;
  const what = `ElevationApproval ${namespace}/${name}`;
  const nearest = { kind: "ElevationApproval", namespace, name, missed: "uses" } as const;
  switch (outcome.kind) {
    case "failed":
      return deny(
        "UseNotCounted",
        `${what} covers the write, but its use could not be counted: ${outcome.why}`,
        "try again; if it lasts, look at the webhook's log and at its right to patch elevationapprovals/status",
        { nearest },
      );
    case "late":
      return deny(
        "UseContended",
        `${what} covers the write, but others counted uses of it or decided on it until the time for an answer was over`,
        "try again",
        { nearest },
      );
    case "tampered":
      return deny(
        "UseCounterTampered",
        `the counter of ${what} shows ${outcome.uses} uses and has shown ${outcome.seen}: it was written back`,
        "reject the approval, find out who may write etcd or the CRDs, compare with writ ledger uses, and request a new one",
        { nearest },
      );
  }
}
