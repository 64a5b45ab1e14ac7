import type { AdmissionRequest, JsonObject } from "../../decision/admission-request.ts";
import { asList, asObject, own } from "../../decision/json.ts";
import { normalise } from "../../decision/write-request.ts";
import type { AdmissionHandler } from "../handler.ts";

/** Approvals on which the guard of this replica has just admitted a decision or a deletion that is not stored yet. */
export interface DecisionsUnderWay {
  readonly has: (approval: { readonly metadata: { readonly namespace?: string; readonly name: string } }) => boolean;
  /** The guard, noting what it admits. */
  readonly noted: (guard: AdmissionHandler) => AdmissionHandler;
}

/** The API server stores what its webhooks admitted within milliseconds, or asks again. */
const storedWithin = 300;
const limit = 1000;

/** `now`: monotonic milliseconds. */
export function decisionsUnderWay(now: () => number): DecisionsUnderWay {
  const since = new Map<string, number>();
  return {
    has: ({ metadata }) => now() - (since.get(keyOf(metadata)) ?? Number.NEGATIVE_INFINITY) < storedWithin,
    noted: (guard) => async (call) => {
      const answer = await guard(call);
      const { request } = call;
      if (!answer.allowed || request.dryRun === true || !decides(request)) return answer;
      const { namespace, name } = normalise(request).target;
      const key = keyOf({ name, ...(namespace === undefined ? {} : { namespace }) });
      since.delete(key);
      since.set(key, now());
      for (const oldest of since.keys()) {
        if (since.size <= limit) break;
        since.delete(oldest);
      }
      return answer;
    },
  };
}

function decides({ operation, resource, subResource, object, oldObject }: AdmissionRequest): boolean {
  if (resource.group !== "writ.dev" || resource.resource !== "elevationapprovals" || subResource) return false;
  return operation === "DELETE" || (operation === "UPDATE" && decisions(object) > decisions(oldObject));
}

function decisions(approval: JsonObject | null | undefined): number {
  return asList(own(asObject(own(approval ?? undefined, "spec")), "decisions"))?.length ?? 0;
}

function keyOf({ namespace = "", name }: { readonly namespace?: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}
