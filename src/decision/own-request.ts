import { agentUserName } from "../api/agents.ts";
import type { AgentSubject } from "../api/agents.ts";
import type { JsonObject } from "./admission-request.ts";
import { asObject, isList, own } from "./json.ts";
import type { WriteRequest } from "./write-request.ts";

/**
 * Whether an agent files an ElevationApproval for itself: a CREATE of the main resource that names the agent, by name
 * and uid, and carries no decision. It is all that an agent may do to Writ's kinds; the guard judges the rest.
 */
export function isOwnRequest({ operation, target, object, requester }: WriteRequest): boolean {
  if (operation !== "CREATE" || target.group !== "writ.dev") return false;
  if (target.resource !== "elevationapprovals" || target.subresource !== "") return false;
  const spec = asObject(own(object, "spec"));
  const agent = asObject(own(spec, "agent"));
  if (!spec || !agent) return false;
  const decisions = own(spec, "decisions");
  if (decisions !== undefined && !(isList(decisions) && decisions.length === 0)) return false;
  if (agentUserName(subjectOf(agent)) !== requester.userName) return false;
  const uid = own(agent, "uid");
  return uid === undefined || uid === requester.uid;
}

function subjectOf(agent: JsonObject): AgentSubject {
  const serviceAccount = asObject(own(agent, "serviceAccount"));
  const namespace = own(serviceAccount, "namespace");
  const name = own(serviceAccount, "name");
  const user = own(agent, "user");
  if (typeof namespace === "string" && typeof name === "string") return { serviceAccount: { namespace, name } };
  return typeof user === "string" ? { user } : {};
}
