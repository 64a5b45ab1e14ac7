import type { AgentCapability, ElevationApproval, IdentityOwner } from "../api/types.gen.ts";
import { decideOn } from "../decision/decide.ts";
import { deny } from "../decision/deny.ts";
import { gather, readWrite } from "../decision/facts.ts";
import type { DecisionSettings, Facts } from "../decision/facts.ts";
import { approvalKey, isSameVersion, withFresh } from "../decision/snapshot.ts";
import type { Snapshot } from "../decision/snapshot.ts";
import type { Verdict } from "../decision/verdict.ts";
import type { WriteRequest } from "../decision/write-request.ts";
import type { LiveObjects, LiveReader, ObjectNames } from "./live-reader.ts";

export interface ProveInput {
  readonly request: WriteRequest;
  /** The present view of the cache; asked anew for each round. */
  readonly snapshot: () => Snapshot;
  readonly settings: DecisionSettings;
  readonly reader: LiveReader;
  readonly clock: () => number;
  /** Called when reads fail; the verdict says only that they did. */
  readonly onReadError: (error: unknown) => void;
}

export interface ProvenVerdict {
  readonly verdict: Verdict;
  /** What the verdict was reached on. */
  readonly facts: Facts;
  /** How many objects were read from the API server. */
  readonly liveReads: number;
}

/** Reads of one verdict that move at each of so many rounds are no basis for an allow. */
const maxRounds = 4;
const maxClockSkew = 5000;

/**
 * Decides until the verdict rests on nothing but objects that were read after the request had arrived. A denial that
 * needs no approval stands at once: a stale cache can only deny what is allowed, for as long as a watch lags.
 */
export async function prove(input: ProveInput): Promise<ProvenVerdict> {
  const { request, settings, clock } = input;
  const proven = { owners: new Set<string>(), capabilities: new Set<string>(), approvals: new Set<string>() };
  const changed: MutableFresh = { owners: new Map(), capabilities: new Map(), approvals: new Map() };
  const write = readWrite(request, settings);
  let liveReads = 0;
  for (let round = 0; round < maxRounds; round++) {
    const cached = input.snapshot();
    const now = clock();
    const snapshot = round === 0 ? cached : withFresh(cached, changed);
    const facts = gather({ request, settings, now, snapshot }, write);
    const verdict = decideOn(facts);
    const wanted = unproven(restsOn(verdict), proven);
    const count = wanted.owners.length + wanted.capabilities.length + wanted.approvals.length;
    if (count === 0) return { verdict, facts, liveReads };
    liveReads += count;
    let fresh: LiveObjects;
    try {
      fresh = await input.reader.read(wanted);
    } catch (error) {
      input.onReadError(error);
      const message = "the objects that the verdict rests on could not be read from the API server";
      return { verdict: deny("LiveReadFailed", message, "try again"), facts, liveReads };
    }
    if (fresh.clockSkew > maxClockSkew) {
      const message = "the clocks of the API server and of the webhook are more than 5 s apart";
      return { verdict: deny("ClockSkew", message, "set the clocks right"), facts, liveReads };
    }
    for (const name of wanted.owners) proven.owners.add(name);
    for (const name of wanted.capabilities) proven.capabilities.add(name);
    for (const name of wanted.approvals) proven.approvals.add(name);
    noteChanges(fresh, input.snapshot(), verdict, changed);
  }
  const message = "what the verdict rests on changed at each read";
  const facts = gather({ request, settings, now: clock(), snapshot: input.snapshot() }, write);
  return { verdict: deny("Unsettled", message, "try again"), facts, liveReads };
}

interface MutableFresh {
  readonly owners: Map<string, IdentityOwner | undefined>;
  readonly capabilities: Map<string, AgentCapability | undefined>;
  readonly approvals: Map<string, ElevationApproval | undefined>;
}

/**
 * Keeps only the objects that differ from the cache: an overlay costs time, and usually none is needed. An object that
 * the cache holds in the version just read may move on there, which is at least as current as the read.
 */
function noteChanges(fresh: LiveObjects, cached: Snapshot, verdict: Verdict, changed: MutableFresh): void {
  for (const [name, owner] of fresh.owners) {
    const known = cached.owners.get(name);
    if (!owner || !known || !isSameVersion(owner, known)) changed.owners.set(name, owner);
  }
  for (const [name, capability] of fresh.capabilities) {
    const known = cached.capability(name);
    if (!capability || !known || !isSameVersion(capability, known)) changed.capabilities.set(name, capability);
  }
  const judged =
    verdict.kind === "deny" ? verdict.awaiting : verdict.code === "Approved" ? [verdict.basis.approval] : [];
  for (const [name, approval] of fresh.approvals) {
    const known = judged.find((candidate) => approvalKey(candidate) === name);
    if (!approval || !known || !isSameVersion(approval, known)) changed.approvals.set(name, approval);
  }
}

/** The objects that must be current for the verdict to stand. */
function restsOn(verdict: Verdict): ObjectNames {
  if (verdict.kind === "deny") return { owners: [], capabilities: [], approvals: verdict.awaiting.map(approvalKey) };
  if (verdict.code === "OwnRequest") {
    const { rootOwner, identityOwner } = verdict.basis;
    return { owners: [rootOwner.metadata.name, identityOwner.metadata.name], capabilities: [], approvals: [] };
  }
  const { approval, capability, rootOwner, identityOwner, policyOwner, approvingOwners } = verdict.basis;
  const owners = [rootOwner, identityOwner, policyOwner, ...approvingOwners].map((owner) => owner.metadata.name);
  return {
    owners: [...new Set(owners)],
    capabilities: [capability.metadata.name],
    approvals: [approvalKey(approval)],
  };
}

function unproven(names: ObjectNames, proven: { readonly [K in keyof ObjectNames]: ReadonlySet<string> }): ObjectNames {
  return {
    owners: names.owners.filter((name) => !proven.owners.has(name)),
    capabilities: names.capabilities.filter((name) => !proven.capabilities.has(name)),
    approvals: names.approvals.filter((name) => !proven.approvals.has(name)),
  };
}
