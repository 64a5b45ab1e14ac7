import type { rightsCatalogue } from "./catalogue-rights.ts";
import { has, resourceMatches } from "./rbac.ts";
import type { Grant, PolicyRule } from "./rbac.ts";

/** A right that RBAC can grant on one resource. */
export interface Right {
  readonly verbs: readonly string[];
  readonly group: string;
  readonly resource: string;
  /** "" is the object itself, "*" any subresource. */
  readonly subresource?: string;
  /** A cluster-scoped right is not granted by a RoleBinding. */
  readonly namespaced?: true;
  /** The verb is asked with an object's name also where the API server's `create` knows none. */
  readonly named?: true;
}

export type PowerId = keyof typeof rightsCatalogue;

/** A way round Writ by rights alone. */
export interface Power {
  readonly id: PowerId;
  readonly rights: readonly Right[];
}

export const writeVerbs = ["create", "update", "patch", "delete", "deletecollection"] as const;
const changeVerbs = ["update", "patch"] as const;
const rbacGroup = "rbac.authorization.k8s.io";
const authentication = "authentication.k8s.io";
const certificates = "certificates.k8s.io";
const proxyVerbs = ["get", "create", "update", "patch", "delete"] as const;

/** Verbs of constrained impersonation (KEP-5284) and the resources that they are asked on. */
const masks: readonly Right[] = [
  ...["users", "groups", "uids"].map((resource) => mask("impersonate:user-info", resource)),
  { ...mask("impersonate:user-info", "userextras"), subresource: "*" },
  { ...mask("impersonate:serviceaccount", "serviceaccounts"), namespaced: true },
  mask("impersonate:arbitrary-node", "nodes"),
  mask("impersonate:associated-node", "nodes"),
];

/** In the order of their ids. L003, L008 and L009 are about verbs on any resource: check-grants.ts. */
export const powers: readonly Power[] = [
  {
    id: "L001",
    rights: [
      { verbs: ["impersonate"], group: "", resource: "users", named: true },
      { verbs: ["impersonate"], group: "", resource: "groups", named: true },
      { verbs: ["impersonate"], group: "", resource: "serviceaccounts", named: true, namespaced: true },
      { verbs: ["impersonate"], group: authentication, resource: "uids", named: true },
      { verbs: ["impersonate"], group: authentication, resource: "userextras", subresource: "*", named: true },
    ],
  },
  { id: "L002", rights: masks },
  { id: "L004", rights: roleRights("escalate") },
  { id: "L005", rights: roleRights("bind") },
  { id: "L006", rights: [{ verbs: proxyVerbs, group: "", resource: "nodes", subresource: "proxy", named: true }] },
  {
    id: "L007",
    rights: [
      ...["exec", "attach", "portforward"].map((name): Right => connect("pods", name, ["get", "create"])),
      connect("pods", "proxy", proxyVerbs),
      connect("services", "proxy", proxyVerbs),
    ],
  },
  {
    id: "L010",
    rights: [
      "validatingwebhookconfigurations",
      "mutatingwebhookconfigurations",
      "validatingadmissionpolicies",
      "validatingadmissionpolicybindings",
      "mutatingadmissionpolicies",
      "mutatingadmissionpolicybindings",
    ].map((resource) => ({ verbs: writeVerbs, group: "admissionregistration.k8s.io", resource })),
  },
  { id: "L011", rights: [connect("serviceaccounts", "token", ["create"])] },
  {
    id: "L012",
    rights: [{ verbs: ["get", "list", "watch"], group: "", resource: "secrets", namespaced: true }],
  },
  {
    id: "L013",
    rights: [
      { verbs: ["approve", "sign"], group: certificates, resource: "signers", named: true },
      ...["approval", "status"].map((subresource) => ({
        verbs: changeVerbs,
        group: certificates,
        resource: "certificatesigningrequests",
        subresource,
      })),
    ],
  },
  { id: "L014", rights: [{ verbs: ["create"], group: certificates, resource: "certificatesigningrequests" }] },
  {
    id: "L015",
    rights: ["identityowners", "agentcapabilities", "elevationapprovals"].map((resource) => ({
      ...writ(resource, changeVerbs),
      subresource: "status",
    })),
  },
  { id: "L016", rights: [{ ...writ("identityowners", ["claim"]), named: true }] },
  {
    id: "L017",
    rights: [
      writ("identityowners", writeVerbs),
      writ("agentcapabilities", writeVerbs),
      writ("elevationapprovals", ["update", "patch", "delete", "deletecollection"]),
    ],
  },
];

/** Verbs of the right that the grant gives, on some object at least. */
export function granted({ rule, namespace }: Grant, right: Right): readonly string[] {
  if (right.namespaced !== true && namespace !== undefined) return [];
  if (!has(rule.apiGroups, right.group) || !coversResource(rule, right)) return [];
  return right.verbs.filter((verb) => has(rule.verbs, verb) && !isVoid(rule, verb, right));
}

export function rightText({ group, resource, subresource }: Right): string {
  const path = subresource === undefined ? resource : `${resource}/${subresource}`;
  return group === "" ? path : `${path}.${group}`;
}

/** A request to create or to delete a collection has no name, so that a rule with `resourceNames` never covers it. */
function isVoid(rule: PolicyRule, verb: string, right: Right): boolean {
  const isNameless = verb === "create" || verb === "deletecollection";
  return isNameless && right.named !== true && (rule.resourceNames?.length ?? 0) > 0;
}

function coversResource(rule: PolicyRule, { resource, subresource = "" }: Right): boolean {
  if (subresource !== "*") return resourceMatches(rule, resource, subresource);
  return (rule.resources ?? []).some(
    (entry) => entry === "*" || entry.startsWith(`${resource}/`) || entry.startsWith("*/"),
  );
}

function mask(verb: string, resource: string): Right {
  return { verbs: [verb], group: authentication, resource, named: true };
}

function roleRights(verb: string): readonly Right[] {
  return [
    { verbs: [verb], group: rbacGroup, resource: "clusterroles", named: true },
    { verbs: [verb], group: rbacGroup, resource: "roles", named: true, namespaced: true },
  ];
}

function connect(resource: string, subresource: string, verbs: readonly string[]): Right {
  return { verbs, group: "", resource, subresource, named: true, namespaced: true };
}

function writ(resource: string, verbs: readonly string[]): Right {
  const right = { verbs, group: "writ.dev", resource };
  return resource === "elevationapprovals" ? { ...right, namespaced: true } : right;
}
