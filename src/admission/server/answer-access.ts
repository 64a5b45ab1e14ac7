import { encodeAccess } from "../authorize/access-codec.ts";
import type { AccessCall, Authorizer } from "../authorize/access-review.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Budget, HandlerRunner } from "./run-handler.ts";

/**
 * The answer to a SubjectAccessReview, as JSON. A review that is not about an agent has no opinion for its answer
 * whatever the load; for an agent the limits hold, and what could not be decided in time is denied.
 */
export const answerAccess = async (
  call: AccessCall,
  budget: Budget,
  site: { readonly authorizer: Authorizer; readonly runHandler: HandlerRunner; readonly metrics: Metrics },
): Promise<string> => {
  const { authorizer, runHandler, metrics } = site;
  const endpoint = "authorize";
  if (!authorizer.governs(call.spec)) {
    metrics.admissionReviews.inc({ endpoint, verdict: "no-opinion", code: "NoOpinion" });
    return encodeAccess(undefined);
  }
  const outcome = await runHandler(
    {
      endpoint,
      id: call.spec.user ?? "",
      start: () => authorizer.judge(call),
      record: (denial) => authorizer.recordServerDenial(call, denial),
    },
    budget,
  );
  if (outcome.by === "server") {
    metrics.admissionReviews.inc({ endpoint, verdict: "denied", code: outcome.answer.code });
    return encodeAccess(outcome.answer, "server");
  }
  const denial = outcome.answer;
  const verdict = denial === undefined ? "no-opinion" : "denied";
  metrics.admissionReviews.inc({ endpoint, verdict, code: denial?.code ?? "NoOpinion" });
  return encodeAccess(denial);
};
