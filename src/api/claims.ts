import type { OwnerDirectory } from "./owners.ts";
import type { IdentityOwner, IdentityOwnerResource } from "./types.gen.ts";

/**
 * An object that somebody may own, or a subresource of one. `*` as group or resource and an absent name mean "any": an
 * owner claims such a range only with an entry that covers all of it.
 */
export interface ClaimedObject {
  readonly scope: "Namespaced" | "Cluster";
  readonly namespace?: string;
  readonly group: string;
  /** Without the subresource. */
  readonly resource: string;
  /** Absent for the object itself. */
  readonly subresource?: string;
  readonly name?: string;
}

export type ResourceClaim =
  | { readonly kind: "owned"; readonly owner: IdentityOwner }
  | { readonly kind: "unowned" }
  | { readonly kind: "conflict"; readonly owners: readonly IdentityOwner[] };

/**
 * Who owns an object. The more precise claim wins, a named namespace being more precise than "*"; two owners that claim
 * it equally precisely conflict, and nobody's approval counts for the object.
 */
export function resourceClaim(object: ClaimedObject, owners: OwnerDirectory): ResourceClaim {
  let best = 0;
  let claimants: IdentityOwner[] = [];
  for (const owner of owners.all) {
    const precision = claimPrecision(owner, object);
    if (precision === 0 || precision < best) continue;
    if (precision > best) claimants = [];
    best = precision;
    claimants.push(owner);
  }
  const [first, second] = claimants;
  if (!first) return { kind: "unowned" };
  return second ? { kind: "conflict", owners: claimants } : { kind: "owned", owner: first };
}

/** 0: no claim; 1: by "*" or cluster-wide; 2: by the namespace's name. */
function claimPrecision(owner: IdentityOwner, object: ClaimedObject): number {
  let best = 0;
  for (const entry of owner.spec.resources ?? []) {
    if (covers(entry, object)) best = Math.max(best, namesNamespace(entry, object) ? 2 : 1);
  }
  return best;
}

function covers(entry: IdentityOwnerResource, object: ClaimedObject): boolean {
  if (entry.scope !== undefined && entry.scope !== object.scope) return false;
  if (object.scope === "Namespaced" && !anyOr(entry.namespaces, object.namespace)) return false;
  if (object.scope === "Cluster" && entry.scope === undefined && (entry.namespaces?.length ?? 0) > 0) return false;
  return (
    anyOr(entry.apiGroups, object.group) &&
    coversResource(entry, object) &&
    (!entry.resourceNames?.length || (object.name !== undefined && entry.resourceNames.includes(object.name)))
  );
}

function namesNamespace(entry: IdentityOwnerResource, object: ClaimedObject): boolean {
  return object.namespace !== undefined && (entry.namespaces?.includes(object.namespace) ?? false);
}

/** Who claims an object claims its subresources; a subresource can be claimed alone. */
function coversResource(entry: IdentityOwnerResource, { resource, subresource }: ClaimedObject): boolean {
  if (anyOr(entry.resources, resource)) return true;
  return subresource !== undefined && anyOr(entry.resources, `${resource}/${subresource}`);
}

/** As in RBAC: absent, empty and "*" mean all. */
function anyOr(values: readonly string[] | undefined, wanted: string | undefined): boolean {
  if (!values?.length || values.includes("*")) return true;
  return wanted !== undefined && values.includes(wanted);
}

/** Whether two owners claim some object equally precisely. */
export function claimsOverlap(a: IdentityOwner, b: IdentityOwner): boolean {
  return (a.spec.resources ?? []).some((left) =>
    (b.spec.resources ?? []).some((right) => {
      if (left.scope && right.scope && left.scope !== right.scope) return false;
      const leftAll = !left.namespaces?.length || left.namespaces.includes("*");
      const rightAll = !right.namespaces?.length || right.namespaces.includes("*");
      if (leftAll !== rightAll) return false;
      return (
        (leftAll || overlap(left.namespaces, right.namespaces)) &&
        overlap(left.apiGroups, right.apiGroups) &&
        overlap(left.resources, right.resources) &&
        overlap(left.resourceNames, right.resourceNames)
      );
    }),
  );
}

function overlap(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (!a?.length || !b?.length || a.includes("*") || b.includes("*")) return true;
  return a.some((value) => b.includes(value));
}
