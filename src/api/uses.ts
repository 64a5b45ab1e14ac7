import type { ElevationApproval } from "./types.gen.ts";

/**
 * Uses that an approval's counter shows; none where it has no status yet. The schema keeps the counter a whole number:
 * what is none was not written through it, and counts as more than any limit.
 */
export function usesOf({ status }: Pick<ElevationApproval, "status">): number {
  const uses: unknown = status?.uses;
  if (uses === undefined || uses === null) return 0;
  return typeof uses === "number" && Number.isSafeInteger(uses) && uses >= 0 ? uses : Number.POSITIVE_INFINITY;
}
