import { describe, expect, test } from "vitest";
import type { AccessSpec, ResourceAttributes } from "../../../../src/admission/authorize/access-review.ts";
import { judgeAccess } from "../../../../src/admission/authorize/judge-access.ts";

const agents = { namespaces: ["agents"], group: "writ.dev:agents" };
const bot = "system:serviceaccount:agents:bot";

const code = (spec: AccessSpec): string => judgeAccess(spec, agents)?.code ?? "no opinion";
const resource = (
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
const table: readonly (readonly [string, Omit<AccessSpec, "user">, string])[] = [
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

describe("what the second gate says to an agent", () => {
  test.each(table)("%s", (_, spec, expected) => {
    expect(code({ ...spec, user: bot })).toBe(expected);
    expect(code({ ...spec, user: "spiffe://example.org/planner", groups: ["writ.dev:agents"] })).toBe(expected);
    expect(code({ ...spec, user: bot, groups: ["system:masters", "writ.dev:break-glass"] })).toBe(expected);
  });
});

describe("whoever is no agent", () => {
  test.each([
    ["a person", { user: "alice@example.com", groups: ["system:authenticated"] }],
    ["an administrator", { user: "admin", groups: ["system:masters"] }],
    ["a controller", { user: "system:serviceaccount:kube-system:namespace-controller" }],
    ["a service account of a namespace with a longer name", { user: "system:serviceaccount:agents-b:bot" }],
    ["a node", { user: "system:node:n1", groups: ["system:nodes"] }],
    ["anonymous", { user: "system:anonymous", groups: ["system:unauthenticated"] }],
    ["a user whose name only looks like an agent's", { user: "agents:bot" }],
    ["nobody", {}],
  ])("%s is never denied", (_, who) => {
    expect(table.map(([, spec]) => code({ ...spec, ...who }))).toEqual(table.map(() => "no opinion"));
  });
});

test("the message says who may not do what, and cuts an endless name", () => {
  const spec = { user: bot, ...resource("get", "pods/proxy", { namespace: "shop", name: "web" }) };
  expect(judgeAccess(spec, agents)?.message).toBe(`the agent ${bot} may not get pods/proxy shop/web`);
  const long = { user: bot, ...resource("impersonate", "users", { name: "x".repeat(60_000) }) };
  expect(judgeAccess(long, agents)?.message.length).toBeLessThan(600);
});
