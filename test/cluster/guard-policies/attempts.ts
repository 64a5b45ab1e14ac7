import { admission, clusterRoleBinding, deployment, podSpec, rbac, system, webhookConfiguration } from "./stage.ts";

/** Name, method, path and body. Everything is a dry run: policies are asked all the same, and nothing changes. */
export type Attempt = readonly [name: string, method: string, path: string, body?: object];

const webhooks = `${admission}/validatingwebhookconfigurations`;
const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const label = { metadata: { labels: { touched: "yes" } } };
const dry = (attempts: readonly Attempt[]): readonly Attempt[] =>
  attempts.map(([name, method, path, ...body]) => [
    name,
    method,
    `${path}${path.includes("?") ? "&" : "?"}dryRun=All`,
    ...body,
  ]);

export const onConfiguration = dry([
  ["change a webhook configuration", "PATCH", `${webhooks}/writ-gate`, label],
  ["delete a webhook configuration", "DELETE", `${webhooks}/writ-gate`],
  ["delete webhook configurations by the collection", "DELETE", `${webhooks}?labelSelector=test=writ-gate`],
  ["add a webhook configuration in Writ's name", "POST", webhooks, webhookConfiguration("writ-new")],
  ["change a kind", "PATCH", `${crds}/elevationapprovals.writ.dev`, label],
  ["delete a kind", "DELETE", `${crds}/elevationapprovals.writ.dev`],
  [
    "say that a kind is not served",
    "PATCH",
    `${crds}/identityowners.writ.dev/status`,
    { status: { storedVersions: ["v1alpha1", "v9"] } },
  ],
  [
    "serve the kinds from another server",
    "PATCH",
    "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.writ.dev",
    { spec: { service: { namespace: "default", name: "fake" } } },
  ],
  ["change the namespace", "PATCH", "/api/v1/namespaces/writ-system", label],
  ["delete the namespace", "DELETE", "/api/v1/namespaces/writ-system"],
  ["delete the namespace of approvals", "DELETE", "/api/v1/namespaces/writ-approvals"],
]);

const endpointSlice = { metadata: { name: "x", labels: { "kubernetes.io/service-name": "writ-webhook" } } };

export const onSystem = dry([
  ["move the Service", "PATCH", `${system}/services/writ-webhook`, { spec: { selector: { app: "fake" } } }],
  [
    "add an EndpointSlice",
    "POST",
    "/apis/discovery.k8s.io/v1/namespaces/writ-system/endpointslices",
    { ...endpointSlice, addressType: "IPv4", endpoints: [{ addresses: ["10.1.2.3"] }] },
  ],
  ["add Endpoints", "POST", `${system}/endpoints`, { metadata: { name: "x" } }],
  ["write a Secret", "PATCH", `${system}/secrets/key`, { stringData: { key: "mine" } }],
  [
    "add a Secret under a name that the server gives",
    "POST",
    `${system}/secrets`,
    { metadata: { generateName: "x-" } },
  ],
  ["delete a Secret", "DELETE", `${system}/secrets/key`],
  ["delete all Secrets", "DELETE", `${system}/secrets`],
  ["write the configuration", "POST", `${system}/configmaps`, { metadata: { name: "x" } }],
  ["run a pod with the key", "POST", `${system}/pods`, { metadata: { name: "x" }, spec: podSpec }],
  ["replace the image", "PATCH", "/apis/apps/v1/namespaces/writ-system/deployments/writ", label],
  ["add a Deployment", "POST", "/apis/apps/v1/namespaces/writ-system/deployments", deployment("x")],
  [
    "scale Writ away",
    "PATCH",
    "/apis/apps/v1/namespaces/writ-system/deployments/writ/scale",
    { spec: { replicas: 0 } },
  ],
  [
    "mint a token of Writ's",
    "POST",
    `${system}/serviceaccounts/writ-webhook/token`,
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 600 } },
  ],
]);

const binding = (subject: object): object => clusterRoleBinding("x", "view", subject);
const group = (name: string): object => ({ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name });
const bindings = `${rbac}/clusterrolebindings`;
const csrs = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/** Refused to agents alone. */
export const byAgents = dry([
  ["add a webhook configuration", "POST", webhooks, webhookConfiguration("x")],
  ["delete somebody else's webhook configuration", "DELETE", `${webhooks}/somebody-elses`],
  ["change a role of the control plane", "PATCH", `${rbac}/clusterroles/system:node`, label],
  ["delete a binding of the control plane", "DELETE", `${bindings}/system:node`],
  ["grant rights to everybody", "POST", bindings, binding(group("system:authenticated"))],
  ["grant rights to nodes", "POST", bindings, binding(group("system:nodes"))],
  ["grant rights to the break-glass group", "POST", bindings, binding(group("writ.dev:break-glass"))],
  ["approve a certificate", "PATCH", `${csrs}/waiting/approval`, label],
  ["take a request for a client certificate", "PATCH", `${csrs}/waiting`, label],
]);

/** Passed to everybody, agents too. */
export const ordinary = dry([
  ["write a ConfigMap", "POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "x" } }],
  ["label another namespace", "PATCH", "/api/v1/namespaces/default", label],
  ["add a Deployment elsewhere", "POST", "/apis/apps/v1/namespaces/default/deployments", deployment("x")],
  [
    "bind a role to a service account",
    "POST",
    bindings,
    binding({ kind: "ServiceAccount", namespace: "default", name: "default" }),
  ],
  ["bind a role to a person", "POST", bindings, binding({ ...group("alice@example.com"), kind: "User" })],
]);

/** Passed to people, so that operating the cluster never waits for break-glass. */
export const byPeople = dry([
  ["add a webhook configuration", "POST", webhooks, webhookConfiguration("x")],
  ["change a webhook configuration", "PATCH", `${webhooks}/somebody-elses`, label],
  ["delete all pods of Writ", "DELETE", `${system}/pods`],
  [
    "write an event about Writ",
    "POST",
    `${system}/events`,
    { metadata: { name: "x" }, involvedObject: { namespace: "writ-system" } },
  ],
  ["grant rights to everybody", "POST", bindings, binding(group("system:authenticated"))],
]);
