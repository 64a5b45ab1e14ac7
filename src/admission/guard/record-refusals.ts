import type { Logger } from "../../telemetry/logger.ts";
import { denialRecord } from "../decision-record.ts";
import type { AdmissionHandler } from "../handler.ts";
import { auditAnnotations } from "../record.ts";
import type { Recorder } from "../record.ts";

export interface RecordRefusalsOptions {
  readonly record: Recorder;
  readonly clock: () => number;
  readonly log: Logger;
}

/**
 * Records what guard and stamps refuse: the attempt of somebody who may not decide is evidence, and a write that the
 * stamps refuse never reaches the gate. A refusal stands whether or not it can be recorded.
 */
export function recordRefusals(handler: AdmissionHandler, options: RecordRefusalsOptions): AdmissionHandler {
  const { record, clock, log } = options;
  return async (call) => {
    const answer = await handler(call);
    if (answer.allowed || call.request.dryRun === true) return answer;
    try {
      const receipt = await record("decision", denialRecord(call, answer, "deny", clock()));
      return { ...answer, auditAnnotations: auditAnnotations(call.request.uid, receipt) };
    } catch (error) {
      log.error({ requestUid: call.request.uid, err: error }, "a refusal could not be recorded and stands");
      return answer;
    }
  };
}
