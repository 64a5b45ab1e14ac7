import type { ElevationApprovalDecision } from "../../api/types.gen.ts";
import { decisionKey } from "./approval-change.ts";

export type MergedDecisions =
  /** Nothing to restore and nothing new, or what the schema refuses with better words. */
  | { readonly kind: "as sent" }
  | {
      readonly kind: "merged";
      /** Those that stood there before, all of them and in their order. */
      readonly kept: readonly ElevationApprovalDecision[];
      readonly added: readonly ElevationApprovalDecision[];
      readonly warnings: readonly string[];
    };

/**
 * The decisions that a patch means. A merge patch, which client-side apply sends too, replaces the whole list, and
 * whoever sends it knows some of the decisions only, or some of their fields. Decisions only grow, so what it left out
 * was not meant to go; a list that names no decision at all was, and the schema refuses it. An entry without `by` is
 * `caller`'s.
 */
export function mergeDecisions(
  sent: readonly ElevationApprovalDecision[],
  before: readonly ElevationApprovalDecision[],
  caller: string,
): MergedDecisions {
  const entries = sent.map((entry) => ({ ...entry, by: entry.by ?? caller }));
  const byKey = new Map(entries.map((entry) => [decisionKey(entry), entry]));
  if (entries.length === 0 || byKey.size < entries.length) return { kind: "as sent" };
  const known = new Set(before.map(decisionKey));
  const kept = before.map((entry) => restored(entry, byKey.get(decisionKey(entry))));
  const added = entries.filter((entry) => !known.has(decisionKey(entry)));
  if (added.length > 0) return { kind: "merged", kept, added, warnings: [] };
  const repeats = sent.some((entry) => entry.at === undefined);
  const leftOut = before.length - entries.length;
  return {
    kind: "merged",
    kept,
    added,
    warnings: repeats
      ? ["you had decided so already; nothing changes"]
      : leftOut > 0
        ? [`decisions only grow: ${leftOut} that the change left out stand as they were`]
        : [],
  };
}

/** The entry as it stood with what was sent of it; the schema refuses whatever differs. One without a time repeats it. */
function restored(
  before: ElevationApprovalDecision,
  sent: ElevationApprovalDecision | undefined,
): ElevationApprovalDecision {
  return sent === undefined || sent.at === undefined ? before : { ...before, ...sent };
}
