import { isWithin } from "../../api/field-path.ts";
import type { FieldPath } from "../../api/field-path.ts";

const member = (...names: readonly string[]): FieldPath => names.map((name) => ({ kind: "member", name }));

/**
 * What the API server writes by itself in every update. Published in docs/reference/digests.md: neither `fields` nor the
 * change digest sees these. The API server overwrites or refuses what a client sends in them, `managedFields` alone
 * excepted, by which a client can move the ownership of fields: `ownershipProblem` judges these.
 */
export const serverManagedPaths: readonly FieldPath[] = [
  member("metadata", "managedFields"),
  member("metadata", "resourceVersion"),
  member("metadata", "generation"),
  member("metadata", "uid"),
  member("metadata", "creationTimestamp"),
  member("metadata", "selfLink"),
];

export function isServerManaged(path: FieldPath): boolean {
  return serverManagedPaths.some((managed) => isWithin(path, managed));
}
