import type { ElevationApproval } from "../../api/types.gen.ts";
import { formatFieldPath } from "../../api/field-path.ts";
import { changeDigest } from "./change-digest.ts";
import { changedPaths } from "./changed-paths.ts";
import { describeChange } from "./describe-change.ts";
import { ownershipProblem } from "./field-ownership.ts";
import type { WriteRequest } from "../write-request.ts";

/** Why a request is not the exact change that an approval names; undefined when it is, or when any will do. */
export function changeProblem(approval: ElevationApproval, request: WriteRequest): string | undefined {
  const { change } = approval.spec;
  if (!change) return undefined;
  let digest: string;
  try {
    digest = changeDigest(request, change.salt);
  } catch (error) {
    return `it is bound to one exact change, and this one has no digest: ${error instanceof Error ? error.message : ""}`;
  }
  if (digest === change.digest) return ownershipMoved(request);
  return `it is bound to the exact change ${change.digest}, and this one has the digest ${digest}: ${inWords(request)}`;
}

/** The digest leaves `metadata.managedFields` out, so that it holds for every way of sending: it is judged apart. */
function ownershipMoved({ operation, oldObject, object }: WriteRequest): string | undefined {
  if (operation !== "UPDATE") return undefined;
  const changed = changedPaths(oldObject, object).map(({ path }) => path);
  const moved = ownershipProblem(oldObject, object, changed);
  if (moved === undefined) return undefined;
  const text = formatFieldPath(moved) || "the object";
  const place = text.length > maxPlace ? `${text.slice(0, maxPlace)}...` : text;
  return (
    `it is bound to one exact change, and this one also moves the ownership of ${place} in metadata.managedFields, ` +
    "which the change does not touch; leave managedFields out, and apply only what you change"
  );
}

const maxTold = 3;
const maxPlace = 200;

/** The first changes in words; of a Secret its keys alone. */
function inWords(request: WriteRequest): string {
  const { changes, omitted } = describeChange(request);
  const told = changes.slice(0, maxTold).map(({ path, kind, before, after }) => {
    const values =
      kind === "changed" && before !== undefined && after !== undefined ? ` from ${before} to ${after}` : "";
    return `${path} ${kind}${values}`;
  });
  const more = changes.length - told.length + omitted;
  return [...told, ...(more > 0 ? [`${more} more`] : []), ...(told.length === 0 ? [request.operation] : [])].join(", ");
}
