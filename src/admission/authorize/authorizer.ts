import type { AgentSet } from "../../api/agents.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Recorder } from "../record.ts";
import { accessRecord } from "./access-record.ts";
import type { Authorizer } from "./access-review.ts";
import { governsAccess, judgeAccess } from "./judge-access.ts";

export interface AuthorizerOptions {
  readonly agents: AgentSet;
  readonly record: Recorder;
  /** Wall clock, milliseconds since the epoch. */
  readonly clock: () => number;
  readonly log: Logger;
}

/**
 * The second gate of this installation. A denial names its place in the record, so that the API server's audit log,
 * which holds the reason, is a second witness of it. A denial that cannot be recorded stands.
 */
export function createAuthorizer({ agents, record, clock, log }: AuthorizerOptions): Authorizer {
  return {
    governs: (spec) => governsAccess(spec, agents),
    judge: async (call) => {
      const denial = judgeAccess(call.spec, agents);
      if (denial === undefined) return undefined;
      try {
        const { writer, index, leafHash } = await record("decision", accessRecord(call, denial, "deny", clock()));
        return { ...denial, message: `${denial.message} [record ${writer};${index};${leafHash.toString("hex")}]` };
      } catch (error) {
        log.error({ err: error, code: denial.code }, "a denied access could not be recorded and stays denied");
        return denial;
      }
    },
    recordServerDenial: async (call, denial) => {
      await record("decision", accessRecord(call, denial, "error", clock()));
    },
  };
}
