import { elevationApprovals } from "../../api/kinds.ts";
import { asObject, own, ownText } from "../../decision/json.ts";
import type { JsonObject } from "../../decision/admission-request.ts";
import { KubeError } from "../../kube/kube-error.ts";
import type { KubeClient } from "../../kube/client.ts";
import { objectPath } from "../../kube/resource.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Swap, SwapOutcome } from "./use-counter.ts";

/** Which approval's counter. */
export interface CounterPlace {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Carries out a swap. Never rejects. `timeoutMs`: how long the answer is waited for. */
export type SwapUses = (place: CounterPlace, swap: Swap, timeoutMs: number) => Promise<SwapOutcome>;

/**
 * Swaps by a merge patch of the status that names uid and resourceVersion: the API server answers 409 when either is not
 * the present one (RFC 7396; Kubernetes API conventions, "Concurrency Control"). The client repeats no patch by itself.
 */
export function createSwapUses(client: Pick<KubeClient, "request">, metrics: Metrics, log: Logger): SwapUses {
  return async ({ namespace, name, uid }, { from, base, takers }, timeoutMs) => {
    const uses = base + takers.length;
    try {
      const { body } = await client.request({
        method: "PATCH",
        path: `${objectPath(elevationApprovals, namespace, name)}/status`,
        contentType: "application/merge-patch+json",
        body: { metadata: { uid, resourceVersion: from }, status: { uses } },
        timeoutMs,
      });
      const stored = asObject(body as JsonObject);
      const metadata = asObject(own(stored, "metadata"));
      const version = ownText(metadata, "resourceVersion");
      if (ownText(metadata, "uid") !== uid || own(asObject(own(stored, "status")), "uses") !== uses || !version) {
        throw new Error("the API server stored another counter than it was sent");
      }
      metrics.useSwaps.inc({ result: "counted" });
      return { kind: "counted", version };
    } catch (error) {
      const status = error instanceof KubeError ? error.status : 0;
      if (status === 409 || status === 404) {
        metrics.useSwaps.inc({ result: status === 409 ? "conflict" : "gone" });
        return { kind: "conflict" };
      }
      const isRefused = status >= 400 && status < 500;
      metrics.useSwaps.inc({ result: isRefused ? "refused" : "unknown" });
      log.error({ namespace, name, uses, err: error }, "uses of an approval could not be counted");
      const why = isRefused ? `the API server refused to count it (${status})` : "the API server did not confirm it";
      return { kind: "failed", why };
    }
  };
}
