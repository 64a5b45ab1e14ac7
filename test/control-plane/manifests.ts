import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments, stringify } from "yaml";

export interface InstallValues {
  readonly agentNamespaces: readonly string[];
  /** `https://HOST:PORT` and, where callers are known by an unguessable path, that path; no slash at the end. */
  readonly webhookBaseUrl: string;
  /** PEM of the authority that signed the webhook's serving certificate. */
  readonly webhookCa: string;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
export const crdsDirectory = join(root, "crds");
export const samplesDirectory = join(root, "manifests", "samples");

const agentNamespacesInTemplate = "in ['agents']";

interface Webhook {
  readonly clientConfig: { readonly service?: { readonly path?: string } };
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
}

interface Subject {
  readonly kind: string;
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
}

type Manifest = Readonly<Record<string, unknown>> & { readonly kind: string };

/** Namespaces, accounts, roles and flow control: everything that needs neither the CRDs nor a running webhook. */
export function renderBase(agentNamespaces: readonly string[]): string {
  return toYaml(
    ["namespaces", "webhook-rbac", "operator-rbac", "people-roles", "flow-control"]
      .flatMap(readManifests)
      .map((manifest) => withAgentSubjects(manifest, agentNamespaces)),
  );
}

export function renderRootOwner(): string {
  return toYaml(readManifests("root-owner"));
}

/** Stamps, guard and gate, in the order in which they must be made, for a webhook outside the cluster. */
export function renderWebhooks(values: InstallValues): string {
  return toYaml(["stamps", "guard", "gate"].flatMap(readManifests).map((manifest) => withWebhookAt(manifest, values)));
}

function readManifests(name: string): readonly Manifest[] {
  const file = join(root, "manifests", "install", `${name}.yaml`);
  return parseAllDocuments(readFileSync(file, "utf8")).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors.map(String).join("; ")}`);
    return document.toJS() as Manifest;
  });
}

function toYaml(manifests: readonly Manifest[]): string {
  return manifests.map((manifest) => stringify(manifest, { aliasDuplicateObjects: false })).join("---\n");
}

function withWebhookAt(manifest: Manifest, values: InstallValues): Manifest {
  const caBundle = Buffer.from(values.webhookCa, "utf8").toString("base64");
  const webhooks = (manifest["webhooks"] as readonly Webhook[]).map((webhook) => ({
    ...webhook,
    clientConfig: { url: `${values.webhookBaseUrl}${webhook.clientConfig.service?.path ?? ""}`, caBundle },
    matchConditions: (webhook.matchConditions ?? []).map((condition) =>
      condition.name === "agents"
        ? { ...condition, expression: withNamespaces(condition.expression, values.agentNamespaces) }
        : condition,
    ),
  }));
  return { ...manifest, webhooks };
}

function withNamespaces(expression: string, namespaces: readonly string[]): string {
  if (!expression.includes(agentNamespacesInTemplate)) {
    throw new Error(`manifests/install/gate.yaml: the condition "agents" no longer has ${agentNamespacesInTemplate}`);
  }
  for (const namespace of namespaces) assertAgentNamespace(namespace);
  return expression.replace(agentNamespacesInTemplate, `in [${namespaces.map((name) => `'${name}'`).join(",")}]`);
}

/** @throws when the name is no namespace's, or one whose accounts must never be governed. */
export function assertAgentNamespace(name: string): void {
  if (name.length > 63 || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) {
    throw new Error(`"${name}" is no namespace name: give lower-case letters, digits and "-", at most 63`);
  }
  if (name.startsWith("kube-") || name === "writ-system" || name === "writ-approvals") {
    throw new Error(`the namespace ${name} cannot hold agents: its service accounts run the cluster or Writ itself`);
  }
}

function withAgentSubjects(manifest: Manifest, namespaces: readonly string[]): Manifest {
  if (manifest.kind !== "FlowSchema") return manifest;
  const spec = manifest["spec"] as { readonly rules: readonly { readonly subjects: readonly Subject[] }[] };
  const rules = spec.rules.map((rule) => ({
    ...rule,
    subjects: rule.subjects.flatMap((subject) =>
      subject.serviceAccount?.namespace === "agents"
        ? namespaces.map((namespace) => ({ ...subject, serviceAccount: { namespace, name: "*" } }))
        : [subject],
    ),
  }));
  return { ...manifest, spec: { ...spec, rules } };
}
