import { lifecycle } from "../../src/api/lifecycle.ts";
import type { Lifecycle } from "../../src/api/lifecycle.ts";
import { ownerDirectory } from "../../src/api/owners.ts";
import type { AgentCapability, ElevationApproval, IdentityOwner } from "../../src/api/types.gen.ts";
import { ours } from "./installation.ts";
import { after, minute } from "./time.ts";
import { approved, scaler, world } from "./world.ts";

/** What a lifecycle is asked about; whatever is absent is as in `world`, two minutes after creation. */
export interface Moment {
  readonly approval?: ElevationApproval;
  /** "none": the capability does not exist. */
  readonly capability?: AgentCapability | "none";
  readonly owners?: readonly IdentityOwner[];
  readonly now?: number;
  readonly uses?: number;
}

export function life(moment: Moment = {}): Lifecycle {
  const { approval = approved, capability = scaler, owners = world.owners, now = after(2 * minute), uses = 0 } = moment;
  return lifecycle({
    approval,
    capability: capability === "none" ? undefined : capability,
    owners: ownerDirectory(owners),
    now,
    uses,
    trust: ours.trust,
  });
}

/** Phase and reason in one word each, as tables compare them. */
export function phase(moment: Moment = {}): string {
  const { phase, reason } = life(moment);
  return `${phase} ${reason}`;
}
