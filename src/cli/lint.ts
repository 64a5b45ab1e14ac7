import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { attestationVerifier } from "../api/attestation.ts";
import { rememberingDigests } from "../api/digest.ts";
import { agentCapabilities, identityOwners } from "../api/kinds.ts";
import { verifySshSignature } from "../api/ssh/verify-signature.ts";
import type { Trust } from "../api/trust.ts";
import type { WritConfiguration } from "../config/config.ts";
import { createKubeClient, KubeError } from "../kube/client.ts";
import type { KubeClient } from "../kube/client.ts";
import { listAll } from "../kube/paged-list.ts";
import { collectionPath, objectPath, resourceName } from "../kube/resource.ts";
import type { KubeObject, ResourceRef } from "../kube/resource.ts";
import type { ClusterFacts, Read, ServiceAccountFact, TokenSecretFact } from "../lint/facts.ts";
import { lint } from "../lint/lint.ts";
import { jsonReport, textReport } from "../lint/report.ts";
import { isAtLeast } from "../lint/severity.ts";
import type { Severity } from "../lint/severity.ts";

export interface LintOptions {
  /** Absent: that of the configuration, else the pod's service account. */
  readonly kubeconfig?: string;
  readonly output: "text" | "json";
  /** The exit code is 3 when a finding is at least as bad; "none": never. */
  readonly failOn: Severity | "none";
  readonly print: (line: string) => unknown;
}

const pageSize = 500;
const timeoutMs = 30_000;

/**
 * `writ lint`: reads, prints, and gives the exit code: 0, or 3 when a finding is at least as bad as `failOn`. Throws
 * when nothing can be said at all: no answer from the API server, or one that does not know the caller.
 */
export async function runLint(configuration: WritConfiguration, options: LintOptions): Promise<number> {
  const kubeconfig = options.kubeconfig ?? configuration.kubeconfig;
  const client = await createKubeClient({
    userAgent: "writ-lint",
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  });
  try {
    const findings = lint(await readFacts(configuration, client));
    if (options.output === "json") options.print(JSON.stringify(jsonReport(findings), undefined, 2));
    else for (const line of textReport(findings)) options.print(line);
    const { failOn } = options;
    return failOn !== "none" && findings.some(({ severity }) => isAtLeast(severity, failOn)) ? 3 : 0;
  } finally {
    await client.close();
  }
}

async function readFacts(configuration: WritConfiguration, client: KubeClient): Promise<ClusterFacts> {
  const { agents, namespaces, rootOwner, shadow } = configuration;
  const list = <T>(resource: ResourceRef): Promise<Read<T>> =>
    attempt(resourceName(resource), async () => {
      const { objects } = await listAll({
        client,
        resource,
        pageSize,
        timeoutMs,
        signal: AbortSignal.timeout(120_000),
      });
      return objects as readonly unknown[] as readonly T[];
    });
  const accounts = await list<ServiceAccountFact>(core("serviceaccounts"));
  return {
    now: Date.now(),
    installation: {
      agents,
      systemNamespace: namespaces.system,
      clusterApprovalNamespace: namespaces.clusterApprovals,
      rootOwnerName: rootOwner,
      ...(shadow === undefined ? {} : { shadowUntil: shadow.until }),
    },
    trust: await readTrust(configuration, client),
    clusterRoles: await list(rbac("clusterroles", false)),
    roles: await list(rbac("roles", true)),
    clusterRoleBindings: await list(rbac("clusterrolebindings", false)),
    roleBindings: await list(rbac("rolebindings", true)),
    serviceAccounts: {
      ...accounts,
      items: accounts.items.filter(({ metadata }) => agents.namespaces.includes(metadata.namespace ?? "")),
    },
    tokenSecrets: await readTokenSecrets(agents.namespaces, client),
    validatingWebhooks: await list(admission("validatingwebhookconfigurations")),
    mutatingWebhooks: await list(admission("mutatingwebhookconfigurations")),
    admissionPolicies: await list(admission("validatingadmissionpolicies")),
    admissionPolicyBindings: await list(admission("validatingadmissionpolicybindings")),
    apiServices: await list({
      group: "apiregistration.k8s.io",
      version: "v1",
      plural: "apiservices",
      namespaced: false,
    }),
    owners: await list(identityOwners),
    capabilities: await list(agentCapabilities),
  };
}

/** A refusal is a finding; no answer, or one that does not know us, ends the run. */
async function attempt<T>(what: string, read: () => Promise<readonly T[]>): Promise<Read<T>> {
  try {
    return { items: await read(), unread: [] };
  } catch (error) {
    if (!(error instanceof KubeError) || error.status === 0 || error.status === 401) throw error;
    return { items: [], unread: [`${what}: ${error.status} ${error.reason}: ${error.message}`] };
  }
}

interface SecretAsListed extends KubeObject {
  readonly metadata: KubeObject["metadata"] & { readonly annotations?: Readonly<Record<string, string>> };
}

/** Only Secrets of the one type are asked for, and nothing but their names is kept. */
async function readTokenSecrets(namespaces: readonly string[], client: KubeClient): Promise<Read<TokenSecretFact>> {
  const items: TokenSecretFact[] = [];
  const unread: string[] = [];
  for (const namespace of namespaces) {
    const read = await attempt(`secrets in ${namespace}`, async () => {
      const fieldSelector = "type=kubernetes.io/service-account-token";
      const path = collectionPath(core("secrets"), namespace);
      const { body } = await client.get(path, { query: { fieldSelector }, timeoutMs });
      return (body as { readonly items: readonly SecretAsListed[] }).items.map(({ metadata }) => ({
        namespace,
        name: metadata.name ?? "",
        account: metadata.annotations?.["kubernetes.io/service-account.name"] ?? "",
      }));
    });
    items.push(...read.items);
    unread.push(...read.unread);
  }
  return { items, unread };
}

/** Attestations are judged by the configuration's keys and the cluster's id, the uid of kube-system. */
async function readTrust(configuration: WritConfiguration, client: KubeClient): Promise<Read<Trust>> {
  const keys: ReturnType<typeof createPublicKey>[] = [];
  for (const file of configuration.attestation.verificationKeyFiles) {
    try {
      keys.push(createPublicKey(readFileSync(file)));
    } catch (error) {
      return { items: [], unread: [`${file}: ${error instanceof Error ? error.message : String(error)}`] };
    }
  }
  return await attempt("namespace kube-system", async () => {
    const { body } = await client.get(
      objectPath({ ...core("namespaces"), namespaced: false }, undefined, "kube-system"),
    );
    const clusterId = (body as KubeObject).metadata.uid ?? "";
    return [
      {
        clusterId,
        verify: attestationVerifier(keys),
        verifySignature: verifySshSignature,
        digests: rememberingDigests(),
        clusterApprovalNamespace: configuration.namespaces.clusterApprovals,
      },
    ];
  });
}

function core(plural: string): ResourceRef {
  return { group: "", version: "v1", plural, namespaced: true };
}

function rbac(plural: string, namespaced: boolean): ResourceRef {
  return { group: "rbac.authorization.k8s.io", version: "v1", plural, namespaced };
}

function admission(plural: string): ResourceRef {
  return { group: "admissionregistration.k8s.io", version: "v1", plural, namespaced: false };
}
