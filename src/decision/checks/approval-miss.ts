import type { Lifecycle } from "../../api/lifecycle.ts";
import type { ElevationApproval } from "../../api/types.gen.ts";
import type { ReasonCode } from "../reason.ts";

/** An approval that asks for the write, and why it does not cover it. */
export interface ApprovalMiss {
  readonly approval: ElevationApproval;
  readonly lifecycle: Lifecycle;
  readonly code: ReasonCode;
  readonly message: string;
}
