import { identityOwner } from "../../api/approvers.ts";
import { describeOwnerProblem, ownerProblem } from "../../api/owners.ts";
import { deny } from "../deny.ts";
import { describeOwner } from "../describe.ts";
import type { Facts } from "../facts.ts";
import type { Denial } from "../verdict.ts";

/** Exactly one live owner answers for the agent. */
export function checkIdentityOwner({ agent, snapshot, now }: Facts): Denial | undefined {
  const result = identityOwner(agent, snapshot.owners);
  if (result.kind === "problem") {
    const { code, message } = result.problem;
    const next =
      code === "NoIdentityOwner"
        ? "add it to spec.identities of the owner that answers for it"
        : "remove it from spec.identities of all owners but one";
    return deny(code === "NoIdentityOwner" ? code : "ConflictingIdentityOwners", message, next);
  }
  const name = result.owner.metadata.name;
  const problem = ownerProblem(result.owner, now);
  if (!problem) return undefined;
  return deny(
    "IdentityOwnerNotLive",
    `the owner of agent ${agent} is not live: ${describeOwnerProblem(name, problem)}`,
    `ask ${describeOwner(result.owner, name)}`,
  );
}
