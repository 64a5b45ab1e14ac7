import type { AccessSpec, ResourceAttributes } from "../../../../src/admission/authorize/access-review.ts";

/** `verb` on `resource` or `resource/subresource`. */
export const resource = (
  verb: string,
  kind: string,
  mods: ResourceAttributes = {},
): Pick<AccessSpec, "resourceAttributes"> => {
  const [name = "", subresource = ""] = kind.split("/");
  return { resourceAttributes: { verb, resource: name, subresource, ...mods } };
};
const rbac = { group: "rbac.authorization.k8s.io" };
const admission = { group: "admissionregistration.k8s.io" };

/** What is wanted, and what the second gate says to an agent. */
export const accessTable: readonly (readonly [string, Omit<AccessSpec, "user">, string])[] = [
  ["impersonate a user", resource("impersonate", "users"), "ImpersonationDenied"],
  ["impersonate a group", resource("impersonate", "groups", { name: "system:masters" }), "ImpersonationDenied"],
  ["impersonate an extra", resource("impersonate", "userextras/scopes"), "ImpersonationDenied"],
  ["impersonate:user-info", resource("impersonate:user-info", "users"), "ImpersonationDenied"],
  ["impersonate-on", resource("impersonate-on:user-info:create", "pods"), "ImpersonationDenied"],
  ["escalate", resource("escalate", "clusterroles", rbac), "EscalationDenied"],
  ["bind", resource("bind", "clusterroles", { ...rbac, name: "cluster-admin" }), "EscalationDenied"],
  ["get nodes/proxy", resource("get", "nodes/proxy"), "ProxyDenied"],
  ["create nodes/proxy", resource("create", "nodes/proxy"), "ProxyDenied"],
  ["get pods/proxy", resource("get", "pods/proxy"), "ProxyDenied"],
  ["update services/proxy", resource("update", "services/proxy"), "ProxyDenied"],
  ["a proxy of a group that nobody knows", resource("get", "things/proxy", { group: "x.example" }), "ProxyDenied"],
  ["the old verb proxy", resource("proxy", "nodes"), "ProxyDenied"],
  ["delete a corrupt object", resource("unsafe-delete-ignore-read-errors", "secrets"), "UnsafeDeleteDenied"],
  ...["create", "update", "patch", "delete", "deletecollection", "a-verb-to-come"].flatMap((verb) =>
    ["validatingwebhookconfigurations", "validatingadmissionpolicybindings", "kinds-to-come"].map(
      (kind) => [`${verb} ${kind}`, resource(verb, kind, admission), "AdmissionConfigurationDenied"] as const,
    ),
  ),
  ...["post", "put", "patch", "delete", "connect"].map(
    (verb) => [`${verb} a path`, { nonResourceAttributes: { path: "/x", verb } }, "NonResourceWriteDenied"] as const,
  ),
  ["nothing at all", {}, "NonResourceWriteDenied"],
  ...["get", "head", "options"].map(
    (verb) => [`${verb} a path`, { nonResourceAttributes: { path: "/healthz", verb } }, "no opinion"] as const,
  ),
  ...["get", "list", "watch"].map(
    (verb) => [`${verb} webhook configurations`, resource(verb, "webhooks", admission), "no opinion"] as const,
  ),
  // What admission sees is admission's to judge.
  ["delete a pod", resource("delete", "pods"), "no opinion"],
  ["create a binding", resource("create", "clusterrolebindings", rbac), "no opinion"],
  ["mint a token", resource("create", "serviceaccounts/token"), "no opinion"],
  ["exec", resource("create", "pods/exec"), "no opinion"],
  ["a resource named proxy", resource("create", "proxy", { group: "x.example" }), "no opinion"],
];
