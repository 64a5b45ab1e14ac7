import { describe, expect, test } from "vitest";
import { stateCatalogue } from "../../../src/lint/catalogue-state.ts";
import type { ClusterFacts, WebhookFact } from "../../../src/lint/facts.ts";
import { lint } from "../../../src/lint/lint.ts";
import { capability, defined } from "../../builders/capability.ts";
import { bot } from "../../builders/agents.ts";
import { owner, users } from "../../builders/owner.ts";
import { after, hour, timestamp } from "../../builders/time.ts";
import { payments, platform, root, scaler, world } from "../../builders/world.ts";
import { bound, facts, gateRule, guardPolicies, read, rule, webhooks } from "./facts.ts";

type Mods = Partial<ClusterFacts>;
type Row = readonly [string, Mods, readonly string[]];

const condition = (expression: string): Partial<WebhookFact> => ({ matchConditions: [{ name: "c", expression }] });
const gateCondition = (namespaces: string, group = "writ.dev:agents"): WebhookFact["matchConditions"] & object => [
  {
    name: "agents",
    expression: `(request.userInfo.username.startsWith('system:serviceaccount:') && request.userInfo.username.split(':')[2] in [${namespaces}]) || (has(request.userInfo.groups) && '${group}' in request.userInfo.groups)`,
  },
];
const gateFor = (namespaces: string, group?: string): Mods =>
  webhooks({ gate: { matchConditions: gateCondition(namespaces, group) } });
const exclude = (...users: string[]): Partial<WebhookFact> =>
  condition(`!(request.userInfo.username in [${users.map((user) => `'${user}'`).join(", ")}])`);
const narrowed = (part: object): Mods => webhooks({ gate: { rules: [{ ...gateRule, ...part }] } });
const operator = "system:serviceaccount:writ-system:writ-operator";
const apiService = read({
  metadata: { name: "v1.example.com" },
  spec: { group: "example.com", version: "v1", service: { namespace: "x", name: "server" } },
});
const shadow = (shadowUntil: number): Mods => ({ installation: { ...facts().installation, shadowUntil } });

const rows: readonly Row[] = [
  ["a sound installation", {}, []],
  ["no gate", { validatingWebhooks: read(...facts().validatingWebhooks.items.slice(1)) }, ["L101 critical"]],
  [
    "no guard",
    { validatingWebhooks: read(...facts().validatingWebhooks.items.slice(0, 1)) },
    ["L101 critical", "L101 low"],
  ],
  ["no stamps", { mutatingWebhooks: read() }, ["L101 critical"]],
  ["a gate that fails open", webhooks({ gate: { failurePolicy: "Ignore" } }), ["L102 critical"]],
  ["a note of deletions that refuses them", webhooks({ note: { failurePolicy: "Fail" } }), ["L102 low"]],
  ["all operations by name", narrowed({ operations: ["CONNECT", "CREATE", "DELETE", "UPDATE"] }), []],
  ["no CONNECT", narrowed({ operations: ["CREATE", "DELETE", "UPDATE"] }), ["L103 critical"]],
  ["one version", narrowed({ apiVersions: ["v1"] }), ["L103 critical"]],
  ["one group", narrowed({ apiGroups: ["apps"] }), ["L103 critical"]],
  ["no subresources", narrowed({ resources: ["*"] }), ["L103 critical"]],
  ["namespaced objects alone", narrowed({ scope: "Namespaced" }), ["L103 critical"]],
  ["a guard of more than Writ's kinds", webhooks({ guard: { rules: [gateRule] } }), []],
  [
    "a guard of two kinds",
    webhooks({ guard: { rules: [{ ...gateRule, resources: ["identityowners", "agentcapabilities"] }] } }),
    ["L103 critical"],
  ],
  ["a namespace selector", webhooks({ gate: { namespaceSelector: { matchLabels: { a: "b" } } } }), ["L104 critical"]],
  ["an object selector", webhooks({ stamps: { objectSelector: { matchExpressions: [] } } }), ["L104 critical"]],
  ["a gate for some objects alone", webhooks({ gate: condition("object.metadata.name != 'x'") }), ["L105 critical"]],
  [
    "the gate's condition and one more part",
    webhooks({
      gate: condition(
        "(request.userInfo.username.startsWith('system:serviceaccount:') && request.userInfo.username.split(':')[2] in ['agents']) || (has(request.userInfo.groups) && 'writ.dev:agents' in request.userInfo.groups) && false",
      ),
    }),
    ["L105 critical"],
  ],
  [
    "a guard for some users alone",
    webhooks({ guard: condition("request.userInfo.username != 'x'") }),
    ["L105 critical"],
  ],
  ["a gate for other namespaces", gateFor("'robots'"), ["L106 critical", "L107 medium"]],
  ["a gate for another group", gateFor("'agents'", "robots"), ["L106 critical"]],
  ["a gate in other spacing and quotes", gateFor(' "agents" '), []],
  ["a gate for a further namespace", gateFor("'agents', 'more'"), ["L107 medium"]],
  ["a gate for everybody", webhooks({ gate: { matchConditions: [] } }), ["L107 medium"]],
  ["a guard that leaves somebody out", webhooks({ guard: exclude(operator, "alice@example.com") }), ["L108 critical"]],
  ["a guard that leaves out one of Writ's accounts", webhooks({ guard: exclude(operator) }), []],
  ["a guard that leaves out nobody", webhooks({ guard: { matchConditions: [] } }), []],
  [
    "stamps that leave out a namesake",
    webhooks({ stamps: exclude(operator.replace("writ-system", "x")) }),
    ["L108 critical"],
  ],
  ["exact versions", webhooks({ gate: { matchPolicy: "Exact" } }), ["L109 medium"]],
  ["a long timeout", webhooks({ gate: { timeoutSeconds: 11 } }), ["L110 low"]],
  ["the longest good timeout", webhooks({ gate: { timeoutSeconds: 10 } }), []],
  ["stamps made again", webhooks({ stamps: { reinvocationPolicy: "IfNeeded" } }), ["L111 medium"]],
  [
    "a gate that answers elsewhere",
    webhooks({ gate: { clientConfig: { service: { namespace: "agents", name: "writ" } } } }),
    ["L112 critical"],
  ],
  ["a gate outside the cluster", webhooks({ gate: { clientConfig: {} } }), []],
  [
    "two owners of one agent",
    { owners: read(...world.owners, owner("second", { identities: [bot] })) },
    ["L201 medium"],
  ],
  [
    "a capable agent without an owner",
    { owners: read(root, platform, { ...payments, spec: { ...payments.spec, identities: [] } }) },
    ["L202 medium"],
  ],
  [
    "an agent without owner and capability",
    { serviceAccounts: read({ metadata: { namespace: "agents", name: "default" } }) },
    [],
  ],
  ["a capability that nobody defined", { capabilities: read(capability("payments-scaler")) }, ["L204 low"]],
  ["a suspended capability", { capabilities: read({ ...scaler, spec: { ...scaler.spec, suspended: true } }) }, []],
  [
    "an overdue owner",
    { owners: read(root, platform, { ...payments, spec: { ...payments.spec, reviewBy: timestamp(after(hour)) } }) },
    ["L205 medium"],
  ],
  [
    "an owner to be reviewed later",
    { owners: read(root, platform, { ...payments, spec: { ...payments.spec, reviewBy: timestamp(after(hour + 1)) } }) },
    [],
  ],
  [
    "a suspended owner",
    { owners: read(root, platform, { ...payments, spec: { ...payments.spec, suspended: true } }) },
    [],
  ],
  ["no root owner", { owners: read(platform, payments) }, ["L206 medium"]],
  [
    "a capability for an account elsewhere",
    {
      capabilities: read(
        scaler,
        defined(capability("x", { agents: [{ serviceAccount: { namespace: "x", name: "y" } }] })),
      ),
    },
    ["L207 medium"],
  ],
  [
    "an owner of an account elsewhere",
    { owners: read(...world.owners, owner("o", { identities: [{ serviceAccount: { namespace: "x", name: "y" } }] })) },
    ["L207 medium"],
  ],
  [
    "a token that never expires",
    { tokenSecrets: read({ namespace: "agents", name: "token", account: "payments-bot" }) },
    ["L208 high"],
  ],
  ["an aggregated API server", { apiServices: apiService }, []],
  [
    "an aggregated API server that agents may write to",
    { apiServices: apiService, ...bound([rule("create", "example.com", "things")], { namespace: "x" }) },
    ["L301 high"],
  ],
  [
    "an aggregated API server that agents may read",
    { apiServices: apiService, ...bound([rule("get", "example.com", "things")]) },
    [],
  ],
  ["a policy bound to warn", guardPolicies({}, { validationActions: ["Warn", "Audit"] }), ["L303 high"]],
  ["a policy that fails open", guardPolicies({ failurePolicy: "Ignore" }), ["L303 high"]],
  [
    "a policy bound for some",
    guardPolicies({}, { matchResources: { namespaceSelector: { matchLabels: { a: "b" } } } }),
    ["L303 high"],
  ],
  [
    "a policy bound for all, as the API server fills it in",
    guardPolicies({}, { matchResources: { matchPolicy: "Equivalent", objectSelector: {} } }),
    [],
  ],
  [
    "a policy with a selector",
    guardPolicies({ matchConstraints: { resourceRules: [gateRule], objectSelector: { matchLabels: { a: "b" } } } }),
    ["L303 high"],
  ],
  [
    "a policy that excludes resources",
    guardPolicies({ matchConstraints: { resourceRules: [gateRule], excludeResourceRules: [gateRule] } }),
    ["L303 high"],
  ],
  ["a policy for other agents", guardPolicies({ matchConditions: gateCondition("'robots'") }), ["L308 high"]],
  [
    "a policy for another group",
    guardPolicies({ matchConditions: gateCondition("'agents'", "robots") }),
    ["L308 high"],
  ],
  ["a policy for nobody", guardPolicies({ matchConditions: [{ name: "agents", expression: "false" }] }), ["L308 high"]],
  ["a policy for more agents", guardPolicies({ matchConditions: gateCondition("'agents', 'robots'") }), []],
  [
    "somebody else's policy without a binding",
    { admissionPolicies: read(...facts().admissionPolicies.items, { metadata: { name: "other" }, spec: {} }) },
    [],
  ],
  [
    "Writ's kinds on another server",
    {
      apiServices: read({
        metadata: { name: "v1alpha1.writ.dev" },
        spec: { group: "writ.dev", service: { namespace: "x", name: "y" } },
      }),
    },
    ["L307 critical"],
  ],
  [
    "Writ's kinds where they belong",
    { apiServices: read({ metadata: { name: "v1alpha1.writ.dev" }, spec: { group: "writ.dev", service: null } }) },
    [],
  ],
  ["shadow mode", shadow(after(hour) + 1), ["L306 high"]],
  ["shadow mode that is over", shadow(after(hour)), []],
];

function above(mods: Mods): readonly string[] {
  return lint(facts(mods))
    .filter(({ severity }) => severity !== "info")
    .map(({ id, severity }) => `${id} ${severity}`);
}

describe("configuration and objects", () => {
  test.each(rows)("%s", (_what, mods, expected) => {
    expect(above(mods)).toEqual(expected);
  });

  test("each finding has a row that shows it", () => {
    const shown = new Set(rows.flatMap(([, , expected]) => expected.map((text) => text.slice(0, 4))));
    const others = Object.keys(stateCatalogue).filter((id) => !shown.has(id));
    expect(others).toEqual(["L203", "L302", "L304", "L305", "L901"]);
  });

  test("a person as alias of an agent makes the agent a member", () => {
    const agent = "spiffe://example.org/agents/bot";
    const owners = read(
      ...world.owners,
      owner("spiffe", { identities: [{ user: agent }] }),
      owner("mixed", { members: [{ user: "alice@example.com", aliases: [agent] }, ...users("erin@example.com")] }),
    );
    expect(above({ owners })).toEqual(["L021 high"]);
  });

  test("a sound installation says what cannot be known, and a poorer one what is missing", () => {
    const ids = (mods: Mods): readonly string[] => lint(facts(mods)).map(({ id }) => id);
    expect(ids({})).toEqual(["L304", "L305"]);
    expect(ids({ admissionPolicies: read(), admissionPolicyBindings: read() })).toEqual(["L302", "L304", "L305"]);
    const serviceAccounts = read({ metadata: { namespace: "agents", name: "default" } });
    expect(ids({ serviceAccounts })).toEqual(["L202", "L203", "L304", "L305"]);
    const capabilities = read({ ...scaler, spec: { ...scaler.spec, suspended: true } });
    expect(ids({ capabilities })).toEqual(["L204", "L304", "L305"]);
    expect(ids({ apiServices: apiService })).toEqual(["L301", "L304", "L305"]);
  });
});

describe("what could not be read", () => {
  const sources = [
    ["clusterRoles", "high"],
    ["roles", "high"],
    ["clusterRoleBindings", "high"],
    ["roleBindings", "high"],
    ["validatingWebhooks", "high"],
    ["mutatingWebhooks", "high"],
    ["apiServices", "high"],
    ["admissionPolicies", "medium"],
    ["admissionPolicyBindings", "medium"],
    ["serviceAccounts", "medium"],
    ["owners", "medium"],
    ["capabilities", "medium"],
    ["tokenSecrets", "low"],
    ["trust", "low"],
  ] as const;

  test.each(sources)("%s is one finding, and nothing is taken for absent", (source, severity) => {
    const unread = { items: [], unread: [`${source}: 403 Forbidden`] };
    const findings = lint(facts({ [source]: unread })).filter((finding) => finding.severity !== "info");
    expect(findings.map(({ id, severity, message }) => ({ id, severity, message }))).toEqual([
      { id: "L901", severity, message: `could not read ${source}: 403 Forbidden` },
    ]);
  });

  test("every source of facts has its row", () => {
    const known = new Set<string>([...sources.map(([name]) => name), "now", "installation"]);
    expect(Object.keys(facts()).filter((name) => !known.has(name))).toEqual([]);
  });
});
