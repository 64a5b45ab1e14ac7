import type { ElevationApproval } from "../api/types.gen.ts";
import { changeDigest } from "./change-digest.ts";
import type { WriteRequest } from "./write-request.ts";

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
  if (digest === change.digest) return undefined;
  return `it is bound to the exact change ${change.digest}, and this one has the digest ${digest}`;
}
