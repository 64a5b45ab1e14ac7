import { isAgent } from "../../api/agents.ts";
import { deny } from "../deny.ts";
import type { Facts } from "../facts.ts";
import type { Denial } from "../verdict.ts";

/**
 * The gate judges agents only, and its matchConditions send it nobody else. Whoever arrives all the same is denied: an
 * agent that the configuration forgot must not pass as a person.
 */
export function checkAgent({ request, settings, agent }: Facts): Denial | undefined {
  const { userName, groups } = request.requester;
  if (isAgent({ username: userName, groups }, settings.agents)) return undefined;
  return deny(
    "NotAnAgent",
    `${agent} is no agent of this installation, yet the webhook configuration sent its request to the gate`,
    "make `agents` of Writ's configuration and the matchConditions of the gate name the same set",
    { absolute: true },
  );
}
