import type { ObjectMeta } from "../object-meta.ts";
import { isResolved } from "./intent.ts";
import type { Intent } from "./intent.ts";

/** Objects of the three kinds by name; approvals by `namespace/name`. */
export interface ObjectNames {
  readonly owners: readonly string[];
  readonly capabilities: readonly string[];
  readonly approvals: readonly string[];
}

/** One verdict, and what is known of how current the view is that it was reached on. */
export interface Question {
  /** The objects that the verdict rests on, or that it awaits a change of. */
  readonly restsOn: ObjectNames;
  /** What the register said when it was read after the request had arrived. */
  readonly intents: readonly Intent[];
  /** What the view holds under the name that an intent names. */
  readonly seen: (intent: Intent) => ObjectMeta | undefined;
  /** Whether the register may lack an intent, or the view may be older than any intent that is left. */
  readonly plainly: boolean;
}

/**
 * The objects to read from the API server before a verdict stands. Every owner and capability with an intent that the
 * view does not show yet is read, since one that the verdict does not rest on may claim against it; an approval only
 * where the verdict rests on it. What is read plainly is everything that the verdict rests on.
 */
export function namesToRead({ restsOn, intents, seen, plainly }: Question): ObjectNames {
  const open = intents.filter((intent) => !isResolved(intent, seen(intent)));
  const names = (plural: Intent["plural"]): readonly string[] =>
    open.filter((intent) => intent.plural === plural).map(nameOf);
  const approvals = new Set(names("elevationapprovals"));
  return {
    owners: unique([...(plainly ? restsOn.owners : []), ...names("identityowners")]),
    capabilities: unique([...(plainly ? restsOn.capabilities : []), ...names("agentcapabilities")]),
    approvals: unique(restsOn.approvals.filter((name) => plainly || approvals.has(name))),
  };
}

/** The name of the object as `ObjectNames` has it. */
export function nameOf({ namespace, name }: Intent): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
