import { type AgentSet, isAgent } from "../../api/agents.ts";
import { cutCodePoints } from "../server/one-line.ts";
import type { AccessDenial, AccessSpec, ResourceAttributes } from "./access-review.ts";

/** Reason codes of the second gate; `docs/reference/errors.md` is generated from this table. */
export const accessReasons = {
  NoOpinion: {
    when: "The second gate does not deny the access: RBAC and the other authorizers decide.",
    next: "Nothing.",
  },
  ImpersonationDenied: {
    when: "An agent wants to impersonate: admission would see the mask alone.",
    next: "Act as yourself, under an approval; or let a person do it.",
  },
  EscalationDenied: {
    when: "An agent wants to grant rights beyond its own (`escalate`, `bind`).",
    next: "Let a person change roles and bindings.",
  },
  ProxyDenied: {
    when: "An agent wants to reach a node, pod or service through the API server; of a kubelet even `get` runs commands.",
    next: "Let a person do it.",
  },
  UnsafeDeleteDenied: {
    when: "An agent wants to delete a corrupt object, which skips admission by design.",
    next: "Let a person do it.",
  },
  AdmissionConfigurationDenied: {
    when: "An agent wants to change webhook configurations or admission policies, which no webhook is asked about.",
    next: "Let a person do it.",
  },
  NonResourceWriteDenied: {
    when: "An agent wants to write to a path that is no resource; admission is never asked about those.",
    next: "Let a person do it.",
  },
} as const satisfies Readonly<Record<string, { readonly when: string; readonly next: string }>>;

type AccessCode = keyof typeof accessReasons;

const readVerbs: ReadonlySet<string> = new Set(["get", "list", "watch"]);
/** Verbs of paths that are no resources are lower-case HTTP methods. */
const readMethods: ReadonlySet<string> = new Set(["get", "head", "options"]);

/** Longest description of what was attempted; names in it may be as long as a request's headers. */
const maximumLength = 512;

/** Whether the access is one of an agent's. */
export function governsAccess(spec: AccessSpec, agents: AgentSet): boolean {
  return isAgent({ username: spec.user ?? "", groups: spec.groups ?? [] }, agents);
}

/**
 * What no agent may do because admission webhooks cannot see it or see it under another name. Undefined means no
 * opinion, always for people and for the cluster's own accounts. Verbs and resources as in k8s.io/apiserver
 * `authorizer.Attributes`; `impersonate:*` and `impersonate-on:*` are those of constrained impersonation (KEP-5284).
 */
export function judgeAccess(spec: AccessSpec, agents: AgentSet): AccessDenial | undefined {
  if (!governsAccess(spec, agents)) return undefined;
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  const code = resource === undefined ? pathDenial(path?.verb ?? "") : resourceDenial(resource);
  if (code === undefined) return undefined;
  const what =
    resource === undefined
      ? `${path?.verb ?? ""} ${path?.path ?? ""}`
      : `${resource.verb ?? ""} ${described(resource)}`;
  const message = `the agent ${spec.user ?? ""} may not ${cutCodePoints(what, maximumLength)}`;
  return { code, message, next: accessReasons[code].next };
}

function resourceDenial({ verb = "", group = "", subresource = "" }: ResourceAttributes): AccessCode | undefined {
  if (verb.startsWith("impersonate")) return "ImpersonationDenied";
  if (verb === "escalate" || verb === "bind") return "EscalationDenied";
  // `/api/v1/proxy/...` has "proxy" for its verb. It is no longer served, and costs nothing to deny.
  if (subresource === "proxy" || subresource.startsWith("proxy/") || verb === "proxy") return "ProxyDenied";
  if (verb === "unsafe-delete-ignore-read-errors") return "UnsafeDeleteDenied";
  if (group === "admissionregistration.k8s.io" && !readVerbs.has(verb)) return "AdmissionConfigurationDenied";
  return undefined;
}

function pathDenial(verb: string): AccessCode | undefined {
  return readMethods.has(verb) ? undefined : "NonResourceWriteDenied";
}

/** `pods/proxy.v1 shop/web`, with what is empty left out. */
function described({
  group = "",
  resource = "",
  subresource = "",
  namespace = "",
  name = "",
}: ResourceAttributes): string {
  const kind = [resource, subresource].filter((part) => part !== "").join("/");
  const object = [namespace, name].filter((part) => part !== "").join("/");
  return [group === "" ? kind : `${kind}.${group}`, object].filter((part) => part !== "").join(" ");
}
