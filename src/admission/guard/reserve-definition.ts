import { definitionId } from "../../api/definition.ts";
import { definitionsNamespace } from "../../api/request-ids.ts";
import { maxDefinitionLife } from "../../api/signature-window.ts";
import { bringsSignedDefinition } from "./capability-change.ts";
import type { WritChange } from "./change.ts";
import { refuse } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";
import type { ReserveOptions } from "./reserve-request-id.ts";

/** Longer than any signature on a definition holds, one made a minute ahead included. */
const definitionLife = maxDefinitionLife + 24 * 3_600_000;

/**
 * Makes a signed definition this object's. Deleted while it is suspended and applied again from Git, a capability would
 * be another one that nobody has suspended: the definition puts one object in force and no other.
 */
export async function reserveDefinition(
  change: WritChange,
  { requestIds, log }: ReserveOptions,
): Promise<Refusal | undefined> {
  if (change.resource !== "agentcapabilities" || !bringsSignedDefinition(change)) return undefined;
  const { name, uid = "" } = change.object.metadata;
  const requestID = definitionId(change.object);
  const field = "spec.definedBy";
  try {
    const namespace = definitionsNamespace;
    const result = await requestIds.reserve({ namespace, name, uid, requestID, life: definitionLife });
    switch (result.kind) {
      case "reserved":
        return undefined;
      case "taken": {
        const message = `AgentCapability "${name}" was put in force by this signed definition before, and deleted since`;
        return refuse("Replayed", message, "sign the file anew: kubectl writ sign -f FILE --owner NAME", field);
      }
      case "full":
        return refuse("RequestIDsFull", "as many signed definitions are reserved as may be", undefined, field);
    }
  } catch (error) {
    log.error({ err: error, name }, "a signed definition could not be reserved");
    return refuse("LookupFailed", "the signed definition could not be reserved, so it could be used twice");
  }
}
