import { formatTimestamp } from "../../api/timestamp.ts";
import { isStampedId } from "../../api/request-ids.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { RequestIdRegistry, ReserveResult } from "../request-ids/request-id-registry.ts";
import type { WritChange } from "./change.ts";
import { refuse } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

export interface ReserveOptions {
  readonly requestIds: Pick<RequestIdRegistry, "reserve">;
  readonly log: Logger;
}

/**
 * Makes a given requestID this approval's before it exists, and that of any approval before a signed approval joins it.
 * A stamped id is random and stands in no file, so nothing signed before creation can name it.
 *
 * It is the last thing before the change is recorded: a reservation is not undone, and each attempt to create has a uid
 * of its own, so one that fails afterwards (a quota, another webhook, a lost answer) leaves the id spent. Giving it back
 * could revive what was created and deleted while nobody looked.
 */
export async function reserveRequestId(
  change: WritChange,
  { requestIds, log }: ReserveOptions,
): Promise<Refusal | undefined> {
  if (change.resource !== "elevationapprovals") return undefined;
  const { metadata, spec } = change.object;
  if (change.old === undefined ? isStampedId(spec.requestID) : !gainsApproval(change)) return undefined;
  const { namespace = "", name, uid = "" } = metadata;
  let result: ReserveResult;
  try {
    result = await requestIds.reserve({ namespace, name, uid, requestID: spec.requestID });
  } catch (error) {
    log.error({ err: error, namespace, name }, "a requestID could not be reserved");
    return refuse("LookupFailed", "spec.requestID could not be reserved, so it could be used twice");
  }
  switch (result.kind) {
    case "reserved":
      return undefined;
    case "taken": {
      const { by } = result;
      const until = by ? `, reserved until ${formatTimestamp(by.until)}` : "";
      const whose = by ? `ElevationApproval ${namespace}/${by.name} with uid ${by.uid}` : "something unreadable";
      return refuse("Replayed", `spec.requestID is that of ${whose}${until}`, undefined, "spec.requestID");
    }
    case "full":
      return refuse(
        "RequestIDsFull",
        `namespace "${namespace}" has as many reserved requestIDs as it may`,
        undefined,
        "spec.requestID",
      );
  }
}

/** A signed rejection needs no reservation, and must not fail for want of one. */
function gainsApproval({ object, old }: Extract<WritChange, { resource: "elevationapprovals" }>): boolean {
  const signed = (spec: typeof object.spec | undefined): number =>
    (spec?.decisions ?? []).filter(({ signature, verdict }) => signature !== undefined && verdict === "Approve").length;
  return signed(object.spec) > signed(old?.spec);
}
