import type { ObjectMeta } from "../api/object-meta.ts";
import { isResolved } from "../api/register/intent.ts";
import type { Intent } from "../api/register/intent.ts";
import { nameOf, namesToRead } from "../api/register/names-to-read.ts";
import type { ObjectNames } from "../api/register/names-to-read.ts";
import type { AgentCapability, ElevationApproval, IdentityOwner } from "../api/types.gen.ts";
import { decideOn } from "../decision/decide.ts";
import { deny } from "../decision/deny.ts";
import { gather, readWrite } from "../decision/facts.ts";
import type { DecisionSettings, Facts } from "../decision/facts.ts";
import { approvalKey, isSameVersion, withFresh } from "../decision/snapshot.ts";
import type { Snapshot } from "../decision/snapshot.ts";
import type { Denial, Verdict } from "../decision/verdict.ts";
import type { WriteRequest } from "../decision/write-request.ts";
import type { LiveObjects, LiveReader } from "./live-reader.ts";
import type { RegisterGap, RegisterReader } from "./register-reader.ts";

/*
 * Why an allow rests on nothing that a revocation had overtaken before the request arrived.
 *
 * Let R be a change of object o at generation g, acknowledged before request G arrived. The guard made the intent `o.g`
 * durable before it admitted R, R was stored after that and acknowledged after that, and the register is read after G
 * arrived: so the register that is read holds the intent, or held it and somebody took it out. The operator takes out
 * what has stood there for ten minutes; whoever makes the register anew, or empties it, leaves the key `incomplete`
 * behind for as long; and a reader that finds another register than before trusts it only after as long.
 *
 * - The intent is there. The view is looked at after the register was read. Either it shows a generation of o greater
 *   than g, and so R or what came after R; or o is read by name, which is a quorum read after R. The same holds for a
 *   deletion (the view no longer has o, or has it as being deleted) and for a creation (the view has it).
 * - The intent was taken out ten minutes after it was written or later. R followed its intent within a minute, the
 *   API server's limit for a request, and no watch that counts as current is more than three minutes old plus the time
 *   for which a line was under way: the view, looked at after the register, shows R.
 * - The register is silent about more than that (missing, replaced, incomplete, unreadable), or the watch is: then all
 *   that the verdict rests on is read by name after G arrived.
 *
 * An API server that tries an update again, since another one came between, asks the guard again with the new
 * generation. An intent whose change never happened costs reads until it is taken out.
 *
 * Not covered: changes that pass no guard (it is not installed, a CRD is deleted, etcd is written to), deletions whose
 * intent could not be written, and, while reads take the register's place, new claims of objects that the verdict does
 * not rest on. They are seen when the watch shows them.
 */

export interface ProveInput {
  readonly request: WriteRequest;
  /** The present view of the cache; asked anew for each round. */
  readonly snapshot: () => Snapshot;
  readonly settings: DecisionSettings;
  readonly reader: LiveReader;
  readonly register: RegisterReader;
  /** Whether the watches behind the view have been silent for so long that it proves nothing. */
  readonly silent: () => boolean;
  readonly clock: () => number;
  /** Called when reads fail; the verdict says only that they did. */
  readonly onReadError: (error: unknown) => void;
}

export interface ProvenVerdict {
  readonly verdict: Verdict;
  /** What the verdict was reached on. */
  readonly facts: Facts;
  readonly proof: Proof;
  /** How many objects were read from the API server by name. */
  readonly liveReads: number;
  /**
   * When the latest change of the approval was announced that has not happened to it as it was judged: somebody decides
   * on it right now. Milliseconds since the epoch, by the clock of whoever announced it.
   */
  readonly changeAnnouncedAt?: number;
}

/** What shows that the verdict is current; `none` where nothing was asked, since the cache alone can deny. */
export type Proof = "none" | "register" | RegisterGap | "silent";

/** Reads of one verdict that move at each of so many rounds are no basis for an allow. */
const maxRounds = 4;
const maxClockSkew = 5000;

/**
 * Decides until the verdict rests on nothing but what is known to be current since the request arrived. A denial that
 * needs no approval stands at once: a stale cache can only deny what is allowed, for as long as a watch lags.
 */
export async function prove(input: ProveInput): Promise<ProvenVerdict> {
  const { request, settings, clock } = input;
  const write = readWrite(request, settings);
  const judge = (snapshot: Snapshot): { readonly facts: Facts; readonly verdict: Verdict } => {
    const facts = gather({ request, settings, now: clock(), snapshot }, write);
    return { facts, verdict: decideOn(facts) };
  };
  const view = input.snapshot();
  const first = judge(view);
  if (isEmpty(restsOn(first.verdict))) return { ...first, proof: "none", liveReads: 0 };
  const { intents, gap, clockSkew } = await input.register();
  if (clockSkew > maxClockSkew) {
    return { facts: first.facts, verdict: clocksApart(), proof: gap ?? "register", liveReads: 0 };
  }
  const proven = { owners: new Set<string>(), capabilities: new Set<string>(), approvals: new Set<string>() };
  const changed: MutableFresh = { owners: new Map(), capabilities: new Map(), approvals: new Map() };
  let proof: Proof = gap ?? "register";
  let liveReads = 0;
  for (let round = 0; round < maxRounds; round++) {
    // Judged and looked at without a pause between: one view for both.
    const cached = input.snapshot();
    // What was judged on the same view stands: nothing has changed, and it was judged after the request had arrived.
    const { facts, verdict } = cached === view && round === 0 ? first : judge(withFresh(cached, changed));
    if (proof === "register" && input.silent()) proof = "silent";
    const plainly = proof !== "register";
    const judged = approvalsOf(verdict);
    const seen = (intent: Intent): ObjectMeta | undefined => seenIn(cached, judged, intent);
    const rests = restsOn(verdict);
    const wanted = unproven(namesToRead({ restsOn: rests, intents, seen, plainly }), proven);
    if (isEmpty(rests) || isEmpty(wanted)) return { verdict, facts, proof, liveReads, ...announced(verdict, intents) };
    liveReads += wanted.owners.length + wanted.capabilities.length + wanted.approvals.length;
    let fresh: LiveObjects;
    try {
      fresh = await input.reader.read(wanted);
    } catch (error) {
      input.onReadError(error);
      const message = "the objects that the verdict rests on could not be read from the API server";
      return { verdict: deny("LiveReadFailed", message, "try again"), facts, proof, liveReads };
    }
    if (fresh.clockSkew > maxClockSkew) return { verdict: clocksApart(), facts, proof, liveReads };
    for (const name of wanted.owners) proven.owners.add(name);
    for (const name of wanted.capabilities) proven.capabilities.add(name);
    for (const name of wanted.approvals) proven.approvals.add(name);
    noteChanges(fresh, input.snapshot(), judged, changed);
  }
  const message = "what the verdict rests on changed at each read";
  const { facts } = judge(input.snapshot());
  return { verdict: deny("Unsettled", message, "try again"), facts, proof, liveReads };
}

function clocksApart(): Denial {
  const message = "the clocks of the API server and of the webhook are more than 5 s apart";
  return deny("ClockSkew", message, "set the clocks right");
}

/** The approvals that the verdict was reached on, as they were judged. */
function approvalsOf(verdict: Verdict): readonly ElevationApproval[] {
  if (verdict.kind === "deny") return verdict.awaiting;
  return verdict.code === "Approved" ? [verdict.basis.approval] : [];
}

/** What the view holds under the name of an intent. Of approvals those that were judged are enough: no other is read. */
function seenIn(cached: Snapshot, judged: readonly ElevationApproval[], intent: Intent): ObjectMeta | undefined {
  switch (intent.plural) {
    case "identityowners":
      return cached.owners.get(intent.name)?.metadata;
    case "agentcapabilities":
      return cached.capability(intent.name)?.metadata;
    case "elevationapprovals":
      return judged.find((approval) => approvalKey(approval) === nameOf(intent))?.metadata;
  }
}

function announced(verdict: Verdict, intents: readonly Intent[]): Pick<ProvenVerdict, "changeAnnouncedAt"> {
  const [approval] = verdict.kind === "allow" ? approvalsOf(verdict) : [];
  const open = intents.filter(
    (intent) =>
      approval !== undefined &&
      intent.plural === "elevationapprovals" &&
      nameOf(intent) === approvalKey(approval) &&
      !isResolved(intent, approval.metadata),
  );
  return open.length === 0 ? {} : { changeAnnouncedAt: Math.max(...open.map(({ at }) => at)) };
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
function noteChanges(
  fresh: LiveObjects,
  cached: Snapshot,
  judged: readonly ElevationApproval[],
  changed: MutableFresh,
): void {
  for (const [name, owner] of fresh.owners) {
    const known = cached.owners.get(name);
    if (!owner || !known || !isSameVersion(owner, known)) changed.owners.set(name, owner);
  }
  for (const [name, capability] of fresh.capabilities) {
    const known = cached.capability(name);
    if (!capability || !known || !isSameVersion(capability, known)) changed.capabilities.set(name, capability);
  }
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

function isEmpty({ owners, capabilities, approvals }: ObjectNames): boolean {
  return owners.length + capabilities.length + approvals.length === 0;
}

function unproven(names: ObjectNames, proven: { readonly [K in keyof ObjectNames]: ReadonlySet<string> }): ObjectNames {
  return {
    owners: names.owners.filter((name) => !proven.owners.has(name)),
    capabilities: names.capabilities.filter((name) => !proven.capabilities.has(name)),
    approvals: names.approvals.filter((name) => !proven.approvals.has(name)),
  };
}
