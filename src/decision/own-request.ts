import { agentUserName } from "../api/agents.ts";
import type { AgentSubject } from "../api/agents.ts";
import type { JsonObject, JsonValue } from "./admission-request.ts";
import type { WriteRequest } from "./write-request.ts";

/**
 * Whether an agent files an ElevationApproval for itself: a CREATE of the main resource that names the agent, by name
 * and uid, and carries no decision. It is all that an agent may do to Writ's kinds; the guard judges the rest.
 */
export function isOwnRequest({ operation, target, object, requester }: WriteRequest): boolean {
  if (operation !== "CREATE" || target.group !== "writ.dev") return false;
  if (target.resource !== "elevationapprovals" || target.subresource !== "") return false;
  const spec = member(object, "spec");
  const agent = member(spec, "agent");
  if (!spec || !agent) return false;
  const decisions = value(spec, "decisions");
  if (decisions !== undefined && !(Array.isArray(decisions) && decisions.length === 0)) return false;
  if (agentUserName(subjectOf(agent)) !== requester.userName) return false;
  const uid = value(agent, "uid");
  return uid === undefined || uid === requester.uid;
}

function subjectOf(agent: JsonObject): AgentSubject {
  const serviceAccount = member(agent, "serviceAccount");
  const namespace = value(serviceAccount, "namespace");
  const name = value(serviceAccount, "name");
  const user = value(agent, "user");
  if (typeof namespace === "string" && typeof name === "string") return { serviceAccount: { namespace, name } };
  return typeof user === "string" ? { user } : {};
}

function member(object: JsonObject | undefined, key: string): JsonObject | undefined {
  const found = value(object, key);
  return found !== null && typeof found === "object" && !Array.isArray(found) ? (found as JsonObject) : undefined;
}

function value(object: JsonObject | undefined, key: string): JsonValue | undefined {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}
