/** Keys, certificates and configuration of Writ's processes in tests. */
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { ControlPlane } from "./control-plane.ts";
import { createAuthority, signingKeyPair } from "./pki.ts";
import { freePort } from "./ports.ts";
import { webhookClientCommonName } from "./server-files.ts";

export interface WritOptions {
  /** Default `["agents"]`. They are created. */
  readonly agentNamespaces?: readonly string[];
  /** How the API server proves itself to the webhook. Default "client-certificate". */
  readonly callers?: "client-certificate" | "path";
  /** Keys, certificates and configuration; `DIR/writ` of the control plane when absent. */
  readonly stateDir?: string;
  /** Default `ledger` in the state directory. Further replicas have this name with `-1`, `-2` and so on. */
  readonly ledgerDir?: string;
  /** Webhook processes, each with a port and a ledger of its own. Default 1, which needs no balancer. */
  readonly replicas?: number;
  /** Default `logs` in the state directory. */
  readonly logsDir?: string;
  /** RFC 3339: the end of shadow mode. */
  readonly shadowUntil?: string;
  /** Default true. */
  readonly operator?: boolean;
  /** Command that takes `webhook --config FILE` and `operator --config FILE`; default: this repository's src/main.ts. */
  readonly command?: readonly string[];
}

export const systemNamespace = "writ-system";
export const clusterApprovalNamespace = "writ-approvals";

const tokenSeconds = 30 * 24 * 3_600;

export interface ProcessSetup {
  readonly name: string;
  readonly configFile: string;
  readonly telemetryUrl: string;
}

/** What `configureWrit` has written, and where the processes will be. */
export interface Setup {
  /** Where the API server calls: of the one replica, or of the balancer. */
  readonly port: number;
  readonly webhooks: readonly (ProcessSetup & { readonly port: number; readonly ledgerDir: string })[];
  readonly operator: ProcessSetup;
  readonly webhookBaseUrl: string;
  readonly webhookCa: string;
  readonly webhookCaFile: string;
  readonly logsDir: string;
  readonly attestation: { readonly signingKeyFile: string; readonly verificationKeyFile: string };
}

/** Writes keys, certificates, kubeconfigs and the configuration files, one a process. */
export async function configureWrit(
  cluster: ControlPlane,
  agentNamespaces: readonly string[],
  options: WritOptions,
): Promise<Setup> {
  const stateDir = options.stateDir ?? join(cluster.dir, "writ");
  const firstLedger = options.ledgerDir ?? join(stateDir, "ledger");
  const logsDir = options.logsDir ?? join(stateDir, "logs");
  for (const directory of [stateDir, logsDir]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  const write = (name: string, content: string): string => {
    const path = join(stateDir, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const authority = await createAuthority("writ-webhook-ca");
  const serving = await authority.server("writ-webhook", [`writ-webhook.${systemNamespace}.svc`]);
  const attestationKeys = signingKeyPair("ed25519");
  const attestation = {
    signingKeyFile: write("attestation.key", attestationKeys.privateKey),
    verificationKeyFile: write("attestation.pub", attestationKeys.publicKey),
  };
  const segment = options.callers === "path" ? randomBytes(32).toString("hex") : undefined;
  const pathFile = segment === undefined ? undefined : write("webhook-path", `${segment}\n`);
  const tls = { certFile: write("webhook.crt", serving.certificate), keyFile: write("webhook.key", serving.key) };
  const tokens = async (name: "webhook" | "operator"): Promise<string> => {
    const token = await cluster.token({
      namespace: systemNamespace,
      serviceAccount: `writ-${name}`,
      expirationSeconds: tokenSeconds,
    });
    return cluster.writeKubeconfig(join(stateDir, `${name}.kubeconfig`), [
      { name: `writ-${name}`, credentials: { token }, namespace: systemNamespace },
    ]);
  };
  const kubeconfigs = { webhook: await tokens("webhook"), operator: await tokens("operator") };
  const operatorTelemetry = { host: "127.0.0.1", port: await freePort() };
  const configure = async (index: number): Promise<readonly [object, Setup["webhooks"][number]]> => {
    const port = await freePort();
    const telemetry = { webhook: { host: "127.0.0.1", port: await freePort() }, operator: operatorTelemetry };
    const name = index === 0 ? "webhook" : `webhook-${index}`;
    const ledgerDir = index === 0 ? firstLedger : `${firstLedger}-${index}`;
    mkdirSync(ledgerDir, { recursive: true, mode: 0o700 });
    const configuration = {
      apiVersion: "config.writ.dev/v1alpha1",
      kind: "WritConfiguration",
      agents: { namespaces: agentNamespaces, group: "writ.dev:agents" },
      namespaces: { system: systemNamespace, clusterApprovals: clusterApprovalNamespace },
      rootOwner: "cluster",
      webhook: {
        listen: { host: "127.0.0.1", port },
        tls,
        callers:
          pathFile === undefined
            ? { clientCAFile: cluster.webhookClient.caFile, commonNames: [webhookClientCommonName] }
            : { pathFile },
        // One API server on the same machine: it learns at once that a port is closed.
        lameDuckSeconds: 0,
      },
      attestation: {
        signingKeyFile: attestation.signingKeyFile,
        verificationKeyFiles: [attestation.verificationKeyFile],
      },
      ledger: { directory: ledgerDir, writer: `w${index}` },
      telemetry,
      ...(options.shadowUntil === undefined ? {} : { shadow: { until: options.shadowUntil } }),
    };
    const configFile = write(`${name}.yaml`, stringify({ ...configuration, kubeconfig: kubeconfigs.webhook }));
    const telemetryUrl = `http://127.0.0.1:${telemetry.webhook.port}`;
    return [configuration, { name, configFile, telemetryUrl, port, ledgerDir }];
  };
  const [configuration, webhook] = await configure(0);
  const others: Setup["webhooks"][number][] = [];
  for (let index = 1; index < (options.replicas ?? 1); index++) others.push((await configure(index))[1]);
  const port = others.length === 0 ? webhook.port : await freePort();
  return {
    port,
    webhooks: [webhook, ...others],
    operator: {
      name: "operator",
      configFile: write("operator.yaml", stringify({ ...configuration, kubeconfig: kubeconfigs.operator })),
      telemetryUrl: `http://127.0.0.1:${operatorTelemetry.port}`,
    },
    webhookBaseUrl: `https://127.0.0.1:${port}${segment === undefined ? "" : `/${segment}`}`,
    webhookCa: authority.certificate,
    webhookCaFile: write("webhook-ca.crt", authority.certificate),
    logsDir,
    attestation,
  };
}
