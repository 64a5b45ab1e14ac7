import { digestOf } from "../../api/digest.ts";
import type { Digest } from "../../api/digest.ts";
import type { JsonValue } from "../admission-request.ts";
import { coveredObject, coveredOptions, hasGeneratedName, isNewObject } from "./covered-change.ts";
import { differences } from "./change-differences.ts";
import type { Difference } from "./change-differences.ts";
import { saltProblem } from "./change-salt.ts";
import type { WriteRequest } from "../write-request.ts";

/** What a change digest is computed over, published in docs/reference/digests.md. Every member is always there. */
interface ChangeStatement {
  readonly salt: string;
  readonly operation: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** Empty: none. */
  readonly subresource: string;
  /** Empty: cluster-scoped. */
  readonly namespace: string;
  /** Empty: the API server chooses it. */
  readonly name: string;
  /** Empty: the API server chooses it, or the request knows none. */
  readonly uid: string;
  readonly options: Readonly<Record<string, JsonValue>>;
  readonly changes: readonly Difference[];
}

/**
 * Digest of exactly what a request writes, for `change` of an ElevationApproval: the same for a dry run and the write
 * that follows it, and for every way of sending one change (apply, the three patches, PUT). The salt keeps it from being
 * guessed: who reads an approval must not learn a Secret's value by trying values.
 *
 * A deletion is told by uid and options alone: what the object holds moves by itself (status, above all). Who means one
 * version of it deletes with `preconditions.resourceVersion`, which is covered.
 *
 * @throws {RangeError} for a salt below 128 bits, and `CanonicalJsonError` for a changed value without canonical form
 *   (numbers beyond ±(2^53 - 1), nesting beyond about 195 levels). Such a request has no digest: it must be denied.
 */
export function changeDigest(request: WriteRequest, salt: string): Digest {
  const problem = saltProblem(salt);
  if (problem !== undefined) throw new RangeError(problem);
  return digestOf("writ.dev/change/v1", changeStatement(request, salt));
}

function changeStatement(request: WriteRequest, salt: string): ChangeStatement {
  const { operation, target } = request;
  const { group, version, resource, subresource } = target;
  return {
    salt,
    operation,
    group,
    version,
    resource,
    subresource,
    namespace: target.namespace ?? "",
    name: hasGeneratedName(request) ? "" : target.name,
    uid: isNewObject(request) ? "" : (target.uid ?? ""),
    options: coveredOptions(request.options),
    changes:
      operation === "DELETE"
        ? []
        : differences(coveredObject(request, request.oldObject), coveredObject(request, request.object)),
  };
}
