import { formatFieldPath } from "../../api/field-path.ts";
import type { JsonValue } from "../admission-request.ts";
import { changedPaths } from "./changed-paths.ts";
import type { Change } from "./changed-paths.ts";
import type { WriteRequest } from "../write-request.ts";
import { coveredObject } from "./covered-change.ts";

/** One changed place for people and the record, in one line of bounded length each. */
export interface DescribedChange {
  /** As rules write it; longer ones end in `…`. */
  readonly path: string;
  readonly kind: "added" | "removed" | "changed";
  /** The value as JSON text; longer ones end in `…`. Never there for Secrets. */
  readonly before?: string;
  readonly after?: string;
}

export interface DescribedChanges {
  readonly changes: readonly DescribedChange[];
  /** How many more there are: what is not shown must not look like nothing. */
  readonly omitted: number;
}

/** Together with the lengths this keeps a description below 48 KiB of JSON, within one ledger entry. */
const maxChanges = 32;
const maxPathLength = 200;
const maxValueLength = 120;

/**
 * What a request changes, less what the API server writes by itself. A Secret's values are left out at every path, since
 * annotations may repeat them (kubectl's last-applied-configuration does): keys only. A deletion has no changed places.
 */
export function describeChange(request: WriteRequest): DescribedChanges {
  if (request.operation === "DELETE") return { changes: [], omitted: 0 };
  const changes = changedPaths(coveredObject(request, request.oldObject), coveredObject(request, request.object));
  // Whatever its group: what calls itself a Secret is treated as one.
  const isSecret = request.target.resource === "secrets";
  return {
    changes: changes.slice(0, maxChanges).map((change) => describe(change, isSecret)),
    omitted: Math.max(0, changes.length - maxChanges),
  };
}

function describe({ path, before, after }: Change, isSecret: boolean): DescribedChange {
  const kind = before === undefined ? "added" : after === undefined ? "removed" : "changed";
  const place = { path: oneLine(formatFieldPath(path), maxPathLength), kind } as const;
  if (isSecret) return place;
  return {
    ...place,
    ...(before === undefined ? {} : { before: valueText(before) }),
    ...(after === undefined ? {} : { after: valueText(after) }),
  };
}

function valueText(value: JsonValue): string {
  return oneLine(JSON.stringify(value), maxValueLength);
}

/**
 * Cut between code points: half a surrogate pair has no canonical JSON and could not be recorded. Control and format
 * characters (line breaks, reversed writing) would let a name fake the text around it.
 */
function oneLine(text: string, maxLength: number): string {
  const isLong = text.length > maxLength;
  const cut = isLong ? `${text.slice(0, maxLength - 1)}…` : text;
  return cut.replace(/\p{C}/gu, "\u{FFFD}");
}
