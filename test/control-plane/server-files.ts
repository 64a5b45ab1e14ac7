import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { type Authority, type KeyPairPem, createAuthority, signingKeyPair } from "./pki.ts";

/** Common name of the client certificate that the API server shows to webhooks. */
export const webhookClientCommonName = "kube-apiserver-webhook-client";

/** Paths of what kube-apiserver and kube-controller-manager read. */
export interface ServerFiles {
  readonly clusterCa: string;
  readonly clusterCaKey: string;
  readonly serverCert: string;
  readonly serverKey: string;
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  readonly webhookClientCa: string;
  readonly webhookClientCert: string;
  readonly webhookClientKey: string;
  readonly auditPolicy: string;
  readonly admissionControl: string;
  /** The content of webhookClientCert and webhookClientKey. */
  readonly webhookClient: KeyPairPem;
}

/** Directories from which the API server reads admission objects (names end in `.static.k8s.io`) and follows changes. */
export interface StaticAdmission {
  /** ValidatingAdmissionPolicies and their bindings. */
  readonly policiesDir?: string;
  /** ValidatingWebhookConfigurations. */
  readonly webhooksDir?: string;
}

/** Writes keys, certificates and configuration of a new cluster into `DIR/pki`, readable by the owner alone. */
export async function writeServerFiles(
  dir: string,
  cluster: Authority,
  staticAdmission: StaticAdmission = {},
): Promise<ServerFiles> {
  const pki = join(dir, "pki");
  mkdirSync(pki, { mode: 0o700 });
  const write = (name: string, content: string): string => {
    const path = join(pki, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const server = await cluster.server("kube-apiserver", ["kubernetes.default.svc"]);
  const serviceAccount = signingKeyPair("ec");
  const webhookAuthority = await createAuthority("writ-test-webhook-clients");
  const webhookClient = await webhookAuthority.client({ user: webhookClientCommonName });
  const webhookClientCert = write("webhook-client.crt", webhookClient.certificate);
  const webhookClientKey = write("webhook-client.key", webhookClient.key);
  const webhookKubeconfig = write("webhooks.kubeconfig", webhookKubeconfigFor(webhookClientCert, webhookClientKey));
  return {
    clusterCa: write("ca.crt", cluster.certificate),
    clusterCaKey: write("ca.key", cluster.key),
    serverCert: write("server.crt", server.certificate),
    serverKey: write("server.key", server.key),
    serviceAccountKey: write("service-accounts.key", serviceAccount.privateKey),
    serviceAccountPublicKey: write("service-accounts.pub", serviceAccount.publicKey),
    webhookClientCa: write("webhook-client-ca.crt", webhookAuthority.certificate),
    webhookClientCert,
    webhookClientKey,
    webhookClient,
    auditPolicy: write("audit-policy.yaml", auditPolicy()),
    admissionControl: write("admission-control.yaml", admissionControl(webhookKubeconfig, staticAdmission)),
  };
}

function auditPolicy(): string {
  return stringify({
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [{ level: "Metadata" }],
  });
}

/** AdmissionConfiguration, apiserver.config.k8s.io/v1: with which certificate the API server calls webhooks. */
function admissionControl(kubeConfigFile: string, { policiesDir, webhooksDir }: StaticAdmission): string {
  const apiVersion = "apiserver.config.k8s.io/v1";
  const webhooks = { apiVersion, kind: "WebhookAdmissionConfiguration", kubeConfigFile };
  const policies = { apiVersion, kind: "ValidatingAdmissionPolicyConfiguration", staticManifestsDir: policiesDir };
  return stringify(
    {
      apiVersion,
      kind: "AdmissionConfiguration",
      plugins: [
        {
          name: "ValidatingAdmissionWebhook",
          configuration: webhooksDir === undefined ? webhooks : { ...webhooks, staticManifestsDir: webhooksDir },
        },
        { name: "MutatingAdmissionWebhook", configuration: webhooks },
        ...(policiesDir === undefined ? [] : [{ name: "ValidatingAdmissionPolicy", configuration: policies }]),
      ],
    },
    { aliasDuplicateObjects: false },
  );
}

/** The user's name is matched with the host and port of the webhook's URL; "*" is any. */
function webhookKubeconfigFor(certificate: string, key: string): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    users: [{ name: "*", user: { "client-certificate": certificate, "client-key": key } }],
  });
}
