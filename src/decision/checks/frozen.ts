import { describeOwnerProblem, ownerProblem } from "../../api/owners.ts";
import { deny } from "../deny.ts";
import { shellWord } from "../describe.ts";
import type { Facts } from "../facts.ts";
import type { Denial } from "../verdict.ts";

/** The freeze: while the root owner is suspended, overdue or absent, every agent is denied. */
export function checkFrozen({ snapshot, settings, now }: Facts): Denial | undefined {
  const name = settings.rootOwnerName;
  const problem = ownerProblem(snapshot.owners.get(name), now);
  if (!problem) return undefined;
  return deny(
    "Frozen",
    `every agent is frozen: root ${describeOwnerProblem(name, problem)}`,
    problem === "OwnerSuspended"
      ? `when the reason is gone: kubectl patch owner ${shellWord(name)} --type merge -p '{"spec":{"suspended":false}}'`
      : "a cluster administrator restores the root owner",
    // The freeze stops agents in shadow mode too.
    { absolute: true },
  );
}
