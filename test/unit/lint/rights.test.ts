import { describe, expect, test } from "vitest";
import { rightsCatalogue } from "../../../src/lint/catalogue-rights.ts";
import type { ClusterFacts } from "../../../src/lint/facts.ts";
import { lint } from "../../../src/lint/lint.ts";
import { owner, users } from "../../builders/owner.ts";
import { world } from "../../builders/world.ts";
import { bound, botSubject, facts, read, rule } from "./facts.ts";

const rbac = "rbac.authorization.k8s.io";
const authentication = "authentication.k8s.io";
const admission = "admissionregistration.k8s.io";
const certificates = "certificates.k8s.io";

type Mods = Partial<ClusterFacts>;
/** [what, facts, findings above info as `ID severity`] */
type Row = readonly [string, Mods, readonly string[]];

const group = (name: string) => ({ subject: { kind: "Group", name } });
const inNamespace = (namespace: string) => ({ namespace });

const rows: readonly Row[] = [
  ["impersonate users", bound([rule("impersonate", "", "users")]), ["L001 critical"]],
  ["impersonate one group by name", bound([rule("impersonate", "", "groups", "x")]), ["L001 critical"]],
  [
    "impersonate accounts of one namespace",
    bound([rule("impersonate", "", "serviceaccounts")], inNamespace("x")),
    ["L001 critical"],
  ],
  ["impersonate uids", bound([rule("impersonate", authentication, "uids")]), ["L001 critical"]],
  ["impersonate one extra", bound([rule("impersonate", authentication, "userextras/scopes")]), ["L001 critical"]],
  [
    "impersonate users by a RoleBinding, which grants nothing",
    bound([rule("impersonate", "", "users")], inNamespace("x")),
    [],
  ],
  ["impersonate on pods, which means nothing", bound([rule("impersonate", "", "pods")]), []],
  ["get users, a resource that does not exist", bound([rule("get", "", "users")]), []],
  ["mask as a user", bound([rule("impersonate:user-info", authentication, "users")]), ["L002 critical"]],
  ["mask of a kind unknown yet", bound([rule("impersonate:something", authentication, "things")]), ["L002 critical"]],
  ["act under a mask", bound([rule("impersonate-on:user-info:create", "", "pods")]), ["L003 high"]],
  ["a verb that only begins like impersonate", bound([rule("impersonated", "", "users")]), []],
  ["escalate roles of a namespace", bound([rule("escalate", rbac, "roles")], inNamespace("x")), ["L004 critical"]],
  ["escalate in another group", bound([rule("escalate", "example.com", "roles")]), []],
  ["bind one role", bound([rule("bind", rbac, "clusterroles", "admin")]), ["L005 critical"]],
  ["bind in another group", bound([rule("bind", "example.com", "clusterroles")]), []],
  ["get nodes/proxy", bound([rule("get", "", "nodes/proxy")]), ["L006 critical"]],
  ["create */proxy", bound([rule("create", "", "*/proxy")]), ["L006 critical"]],
  ["get nodes and their metrics", bound([rule("get list", "", "nodes nodes/metrics")]), []],
  ["watch nodes/proxy, which nothing asks", bound([rule("watch", "", "nodes/proxy")]), []],
  ["exec", bound([rule("create", "", "pods/exec")], inNamespace("x")), []],
  ["delete what cannot be read", bound([rule("unsafe-delete-ignore-read-errors", "", "configmaps")]), ["L008 high"]],
  ["every verb", bound([rule("*", "apps", "deployments")], inNamespace("x")), ["L009 medium"]],
  [
    "every verb by name",
    bound(
      [rule("get list watch create update patch delete deletecollection", "apps", "deployments")],
      inNamespace("x"),
    ),
    [],
  ],
  [
    "patch a webhook configuration by name",
    bound([rule("patch", admission, "validatingwebhookconfigurations", "writ-gate")]),
    ["L010 critical"],
  ],
  ["create policies", bound([rule("create", admission, "mutatingadmissionpolicies")]), ["L010 critical"]],
  [
    "create webhook configurations of one name, which never matches",
    bound([rule("create deletecollection", admission, "validatingwebhookconfigurations", "x")]),
    [],
  ],
  ["read webhook configurations", bound([rule("get list watch", admission, "*")]), []],
  [
    "mint any token of its namespace",
    bound([rule("create", "", "serviceaccounts/token")], inNamespace("agents")),
    ["L011 high"],
  ],
  [
    "mint its own name in another namespace",
    bound([rule("create", "", "serviceaccounts/token", "payments-bot")], inNamespace("x")),
    ["L011 high"],
  ],
  [
    "mint its own token and another's",
    bound([rule("create", "", "serviceaccounts/token", "payments-bot", "other")], inNamespace("agents")),
    ["L011 high"],
  ],
  [
    "mint its own token",
    bound([rule("create", "", "serviceaccounts/token", "payments-bot")], inNamespace("agents")),
    [],
  ],
  ["read Secrets of a namespace", bound([rule("list", "", "secrets")], inNamespace("x")), ["L012 high"]],
  ["read all Secrets", bound([rule("watch", "", "secrets")]), ["L012 critical"]],
  [
    "read one Secret of Writ's",
    bound([rule("get", "", "secrets", "key")], inNamespace("writ-system")),
    ["L012 critical"],
  ],
  ["read a Secret by name", bound([rule("get", "", "secrets", "own")], inNamespace("x")), ["L012 medium"]],
  ["write Secrets without reading them", bound([rule("create update", "", "secrets")], inNamespace("x")), []],
  [
    "approve certificates of one signer",
    bound([rule("approve", certificates, "signers", "kubernetes.io/kube-apiserver-client")]),
    ["L013 high"],
  ],
  [
    "update the approval of requests",
    bound([rule("update", certificates, "certificatesigningrequests/approval")]),
    ["L013 high"],
  ],
  ["ask for certificates", bound([rule("create", certificates, "certificatesigningrequests")]), ["L014 medium"]],
  ["read requests for certificates", bound([rule("get list", certificates, "certificatesigningrequests signers")]), []],
  ["write status", bound([rule("patch", "writ.dev", "elevationapprovals/status")], inNamespace("x")), ["L015 medium"]],
  ["read status", bound([rule("get", "writ.dev", "elevationapprovals/status")]), []],
  ["claim owners", bound([rule("claim", "writ.dev", "identityowners")]), ["L016 high"]],
  ["claim approvals, which means nothing", bound([rule("claim", "writ.dev", "elevationapprovals")]), []],
  ["patch approvals", bound([rule("patch", "writ.dev", "elevationapprovals")], inNamespace("x")), ["L017 medium"]],
  ["define capabilities", bound([rule("create", "writ.dev", "agentcapabilities")]), ["L017 medium"]],
  ["file requests", bound([rule("create", "writ.dev", "elevationapprovals")]), []],
  [
    "write Services in Writ's namespace",
    bound([rule("update", "", "services")], inNamespace("writ-system")),
    ["L018 high"],
  ],
  [
    "file requests among those for the cluster",
    bound([rule("create", "writ.dev", "elevationapprovals")], inNamespace("writ-approvals")),
    [],
  ],
  [
    "change requests among those for the cluster",
    bound([rule("create update", "writ.dev", "elevationapprovals")], inNamespace("writ-approvals")),
    ["L018 high", "L017 medium"],
  ],
  ["read in Writ's namespace", bound([rule("get list", "", "pods")], inNamespace("writ-system")), []],
  ["writes by anybody", bound([rule("create", "", "configmaps")], group("system:unauthenticated")), ["L019 critical"]],
  ["reads by anybody", bound([rule("get", "", "configmaps")], group("system:unauthenticated")), []],
  [
    "reviews by anybody",
    bound([rule("create", "authorization.k8s.io", "selfsubjectaccessreviews")], group("system:unauthenticated")),
    [],
  ],
  [
    "agents in the break-glass group",
    {
      installation: { ...facts().installation, agents: { namespaces: ["agents"], group: "writ.dev:break-glass" } },
      validatingWebhooks: { items: [], unread: ["x"] },
      admissionPolicies: read(),
    },
    ["L020 critical", "L901 high"],
  ],
  [
    "agents that are an owner's members",
    { owners: read(...world.owners, owner("robots", { members: [{ group: "writ.dev:agents" }] })) },
    ["L021 high"],
  ],
  [
    "people that are an owner's members",
    { owners: read(...world.owners, owner("more", { members: users("erin@example.com") })) },
    [],
  ],
];

function above(mods: Mods): readonly string[] {
  return lint(facts(mods))
    .filter(({ severity }) => severity !== "info")
    .map(({ id, severity }) => `${id} ${severity}`);
}

describe("what RBAC lets an agent do", () => {
  test.each(rows)("%s", (_what, mods, expected) => {
    expect(above(mods)).toEqual(expected);
  });

  test("each finding has a row that shows it", () => {
    const shown = new Set(rows.flatMap(([, , expected]) => expected.map((text) => text.slice(0, 4))));
    const informational = Object.keys(rightsCatalogue).filter((id) => !shown.has(id));
    expect(informational).toEqual(["L007"]);
  });

  test("connecting is told at info, a right in every namespace too", () => {
    const findings = lint(facts(bound([rule("create", "", "pods/exec"), rule("update", "apps", "deployments")])));
    expect(findings.filter(({ grant }) => grant !== undefined).map(({ id, severity }) => `${id} ${severity}`)).toEqual([
      "L007 info",
      "L018 info",
      "L018 info",
    ]);
  });
});

describe("who holds it", () => {
  const power = [rule("impersonate", "", "users")];
  const holders = (subject: { kind: string; name: string; namespace?: string }): readonly (readonly string[])[] =>
    lint(facts(bound(power, { subject })))
      .filter(({ id }) => id === "L001")
      .map(({ agents = [] }) => agents);

  test.each([
    [{ kind: "User", name: "system:serviceaccount:agents:payments-bot" }, ["agents/payments-bot"]],
    [{ kind: "ServiceAccount", namespace: "agents", name: "yet-to-come" }, ["agents/yet-to-come"]],
    [{ kind: "Group", name: "system:serviceaccounts" }, ["every service account of agents"]],
    [{ kind: "Group", name: "system:serviceaccounts:agents" }, ["every service account of agents"]],
    [{ kind: "Group", name: "writ.dev:agents" }, ["every member of writ.dev:agents"]],
    [
      { kind: "Group", name: "system:authenticated" },
      ["every service account of agents", "every member of writ.dev:agents"],
    ],
    [{ kind: "User", name: "system:anonymous" }, ["anyone without credentials"]],
  ])("%j", (subject, agents) => {
    expect(holders(subject)).toEqual([agents]);
  });

  test.each([
    { kind: "User", name: "alice@example.com" },
    { kind: "User", name: "system:serviceaccounts" },
    { kind: "Group", name: "system:serviceaccounts:agents2" },
    { kind: "Group", name: "system:serviceaccount:agents:payments-bot" },
    { kind: "ServiceAccount", namespace: "kube-system", name: "payments-bot" },
    { kind: "ServiceAccount", name: "payments-bot" },
    { kind: "Robot", namespace: "agents", name: "payments-bot" },
  ])("no agent: %j", (subject) => {
    expect(holders(subject)).toEqual([]);
  });

  test("an agent that is no service account is known when an owner claims it", () => {
    const user = "spiffe://example.org/agents/bot";
    const owners = read(...world.owners, owner("spiffe", { identities: [{ user }] }));
    const findings = lint(facts({ ...bound(power, { subject: { kind: "User", name: user } }), owners }));
    expect(findings.find(({ id }) => id === "L001")?.agents).toEqual([user]);
  });

  test("the finding names binding, role, rule and the role that it was aggregated from", () => {
    const dangerous = rule("impersonate", "", "serviceaccounts");
    const findings = lint(
      facts({
        clusterRoles: read(
          {
            metadata: { name: "edit" },
            aggregationRule: { clusterRoleSelectors: [{ matchLabels: { "to-edit": "true" } }] },
            rules: [rule("get", "", "pods"), dangerous],
          },
          { metadata: { name: "innocent", labels: { "to-edit": "true" } }, rules: [rule("get", "", "pods")] },
          { metadata: { name: "culprit", labels: { "to-edit": "true" } }, rules: [dangerous] },
          { metadata: { name: "unlabelled" }, rules: [dangerous] },
        ),
        roleBindings: read({
          metadata: { namespace: "agents", name: "editors" },
          roleRef: { kind: "ClusterRole", name: "edit" },
          subjects: [{ kind: "ServiceAccount", name: "payments-bot" }],
        }),
      }),
    );
    const finding = findings.find(({ id }) => id === "L001");
    expect(finding).toMatchObject({
      severity: "critical",
      object: "RoleBinding/agents/editors",
      agents: ["agents/payments-bot"],
      message: "agents/payments-bot may impersonate serviceaccounts in agents",
      grant: {
        binding: { kind: "RoleBinding", namespace: "agents", name: "editors" },
        subject: { kind: "ServiceAccount", name: "payments-bot" },
        role: { kind: "ClusterRole", name: "edit" },
        ruleIndex: 1,
        rule: dangerous,
        aggregatedFrom: ["culprit"],
      },
    });
    expect(finding?.cure).toContain("rules[1] of ClusterRole/edit, aggregated from ClusterRole/culprit");
  });

  test("two agents in one binding are one finding", () => {
    const subjects = [botSubject, { ...botSubject, name: "other" }];
    const base = bound(power);
    const clusterRoleBindings = read(...(base.clusterRoleBindings?.items ?? []).map((item) => ({ ...item, subjects })));
    const findings = lint(facts({ ...base, clusterRoleBindings })).filter(({ id }) => id === "L001");
    expect(findings.map(({ agents }) => agents)).toEqual([["agents/other", "agents/payments-bot"]]);
  });
});
