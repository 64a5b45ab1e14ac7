/**
 * Writ on a control plane, as it is installed: CRDs, roles, the processes `writ webhook` and `writ operator`, and the
 * webhook configurations once the webhook answers.
 *
 *     const cluster = await startControlPlane({ controllerManager: true });
 *     const writ = await startWrit(cluster, { agentNamespaces: ["agents"] });
 *     await cluster.kubectl(["apply", "-f", join(samplesDirectory, "owners.yaml")], { context: "bob" });
 *     await writ.webhook.kill("SIGKILL");   // agents are denied from here on
 *     await writ.webhook.restart();
 *     await cluster.stop();                 // ends Writ's processes as well
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { registerName } from "../../src/api/register/content.ts";
import { type Component, startComponent } from "./component.ts";
import type { ControlPlane } from "./control-plane.ts";
import { crdsDirectory, renderBase, renderRootOwner, renderWebhooks, samplesDirectory } from "./manifests.ts";
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
  /** Default `ledger` in the state directory. */
  readonly ledgerDir?: string;
  /** Default `logs` in the state directory. */
  readonly logsDir?: string;
  /** RFC 3339: the end of shadow mode. */
  readonly shadowUntil?: string;
  /** Default true. */
  readonly operator?: boolean;
  /** Command that takes `webhook --config FILE` and `operator --config FILE`; default: this repository's src/main.ts. */
  readonly command?: readonly string[];
}

export interface Writ {
  readonly agentNamespaces: readonly string[];
  readonly clusterApprovalNamespace: string;
  readonly webhook: Component;
  readonly operator?: Component;
  /** `https://127.0.0.1:PORT`, with the unguessable path where there is one; `/gate`, `/guard`, `/stamps` follow. */
  readonly webhookBaseUrl: string;
  readonly gateUrl: string;
  /** PEM of the authority of the webhook's serving certificate. */
  readonly webhookCa: string;
  /** The same as a file. */
  readonly webhookCaFile: string;
  readonly metricsUrl: string;
  readonly operatorMetricsUrl: string;
  readonly configFile: string;
  readonly operatorConfigFile: string;
  readonly ledgerDir: string;
  readonly attestation: { readonly signingKeyFile: string; readonly verificationKeyFile: string };
}

const systemNamespace = "writ-system";
const clusterApprovalNamespace = "writ-approvals";

const tokenSeconds = 30 * 24 * 3_600;
const readyTimeout = 30_000;
const enforcedTimeoutMs = 10_000;

/** @throws when a step of the installation fails, with what kubectl or the process said. */
export async function startWrit(cluster: ControlPlane, options: WritOptions = {}): Promise<Writ> {
  const agentNamespaces = options.agentNamespaces ?? ["agents"];
  await installBase(cluster, agentNamespaces);
  const setup = await configure(cluster, agentNamespaces, options);
  const command = options.command ?? [
    process.execPath,
    // As src/main.ts asks in its first line.
    "--max-semi-space-size=8",
    fileURLToPath(new URL("../../src/main.ts", import.meta.url)),
  ];
  const start = (name: "webhook" | "operator", configFile: string, telemetryUrl: string): Promise<Component> =>
    startComponent(cluster.supervisor, {
      name,
      command: [...command, name, "--config", configFile],
      env: { PATH: process.env["PATH"] ?? "", HOME: cluster.dir },
      logFile: join(setup.logsDir, `${name}.log`),
      ready: async () => (await fetch(`${telemetryUrl}/readyz`)).ok,
      readyTimeout,
    });
  const webhook = await start("webhook", setup.configFile, setup.webhookTelemetry);
  await installWebhooks(cluster, { agentNamespaces, ...setup });
  const operator =
    options.operator === false ? undefined : await start("operator", setup.operatorConfigFile, setup.operatorTelemetry);
  return {
    agentNamespaces,
    clusterApprovalNamespace,
    webhook,
    ...(operator === undefined ? {} : { operator }),
    webhookBaseUrl: setup.webhookBaseUrl,
    gateUrl: `${setup.webhookBaseUrl}/gate`,
    webhookCa: setup.webhookCa,
    webhookCaFile: setup.webhookCaFile,
    metricsUrl: `${setup.webhookTelemetry}/metrics`,
    operatorMetricsUrl: `${setup.operatorTelemetry}/metrics`,
    configFile: setup.configFile,
    operatorConfigFile: setup.operatorConfigFile,
    ledgerDir: setup.ledgerDir,
    attestation: setup.attestation,
  };
}

/** CRDs, namespaces, roles, flow control, the root owner, and the sample people's role bindings. No webhooks yet. */
export async function installBase(cluster: ControlPlane, agentNamespaces: readonly string[]): Promise<void> {
  await must(cluster, ["apply", "--server-side", "-f", crdsDirectory]);
  await must(cluster, ["wait", "--for=condition=Established", "--timeout=30s", "-f", crdsDirectory]);
  const namespaces = agentNamespaces.map((name) =>
    stringify({ apiVersion: "v1", kind: "Namespace", metadata: { name } }),
  );
  await must(
    cluster,
    ["apply", "--server-side", "-f", "-"],
    [renderBase(agentNamespaces), ...namespaces].join("---\n"),
  );
  await must(cluster, ["apply", "--server-side", "-f", join(samplesDirectory, "people.yaml")]);
  await must(cluster, ["apply", "--server-side", "-f", "-"], renderRootOwner());
  await must(cluster, ["apply", "--server-side", "-f", "-"], stringify(agedRegister));
}

/**
 * The revocation register as it is ten minutes after the installation: there, and without the mark of one that the guard
 * has just made. With the mark every allow would rest on plain reads for as long as a test lasts.
 */
const agedRegister = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace: systemNamespace, name: registerName },
};

/** The webhook configurations; returns when the API server enforces them. Whatever serves them must already answer. */
export async function installWebhooks(
  cluster: ControlPlane,
  values: {
    readonly agentNamespaces: readonly string[];
    readonly webhookBaseUrl: string;
    readonly webhookCa: string;
  },
): Promise<void> {
  await must(cluster, ["apply", "--server-side", "-f", "-"], renderWebhooks(values));
  const deadline = Date.now() + enforcedTimeoutMs;
  while (Date.now() < deadline) {
    if (await callsGate(cluster, values.agentNamespaces[0])) return;
    await sleep(20);
  }
  throw new Error(`the API server does not call the gate ${enforcedTimeoutMs / 1_000} s after its configuration`);
}

/** Whether the API server asks the gate about agents of this namespace, as its configuration says. */
export async function callsGate(cluster: ControlPlane, agentNamespace = "agents"): Promise<boolean> {
  // A protected kind, so that it is refused in shadow mode too; a dry run, so that nothing is recorded.
  const response = await cluster.request("/api/v1/namespaces?dryRun=All", {
    body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "writ-gate-probe" } },
    headers: {
      "impersonate-user": `system:serviceaccount:${agentNamespace}:writ-gate-probe`,
      "impersonate-group": "system:masters",
    },
  });
  return response.text.includes("gate.writ.dev");
}

interface Setup {
  readonly webhookBaseUrl: string;
  readonly webhookCa: string;
  readonly webhookCaFile: string;
  readonly webhookTelemetry: string;
  readonly operatorTelemetry: string;
  readonly configFile: string;
  readonly operatorConfigFile: string;
  readonly ledgerDir: string;
  readonly logsDir: string;
  readonly attestation: { readonly signingKeyFile: string; readonly verificationKeyFile: string };
}

/** Writes keys, certificates, kubeconfigs and the two configuration files. */
async function configure(
  cluster: ControlPlane,
  agentNamespaces: readonly string[],
  options: WritOptions,
): Promise<Setup> {
  const stateDir = options.stateDir ?? join(cluster.dir, "writ");
  const ledgerDir = options.ledgerDir ?? join(stateDir, "ledger");
  const logsDir = options.logsDir ?? join(stateDir, "logs");
  for (const directory of [stateDir, ledgerDir, logsDir]) mkdirSync(directory, { recursive: true, mode: 0o700 });
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
  const port = await freePort();
  const telemetry = {
    webhook: { host: "127.0.0.1", port: await freePort() },
    operator: { host: "127.0.0.1", port: await freePort() },
  };
  const segment = options.callers === "path" ? randomBytes(32).toString("hex") : undefined;
  const configuration = {
    apiVersion: "config.writ.dev/v1alpha1",
    kind: "WritConfiguration",
    agents: { namespaces: agentNamespaces, group: "writ.dev:agents" },
    namespaces: { system: systemNamespace, clusterApprovals: clusterApprovalNamespace },
    rootOwner: "cluster",
    webhook: {
      listen: { host: "127.0.0.1", port },
      tls: { certFile: write("webhook.crt", serving.certificate), keyFile: write("webhook.key", serving.key) },
      callers:
        segment === undefined
          ? { clientCAFile: cluster.webhookClient.caFile, commonNames: [webhookClientCommonName] }
          : { pathFile: write("webhook-path", `${segment}\n`) },
      // One API server on the same machine: it learns at once that a port is closed.
      lameDuckSeconds: 0,
    },
    attestation: {
      signingKeyFile: attestation.signingKeyFile,
      verificationKeyFiles: [attestation.verificationKeyFile],
    },
    ledger: { directory: ledgerDir, writer: "w0" },
    telemetry,
    ...(options.shadowUntil === undefined ? {} : { shadow: { until: options.shadowUntil } }),
  };
  const configFor = async (name: "webhook" | "operator"): Promise<string> => {
    const token = await cluster.token({
      namespace: systemNamespace,
      serviceAccount: `writ-${name}`,
      expirationSeconds: tokenSeconds,
    });
    const kubeconfig = cluster.writeKubeconfig(join(stateDir, `${name}.kubeconfig`), [
      { name: `writ-${name}`, credentials: { token }, namespace: systemNamespace },
    ]);
    return write(`${name}.yaml`, stringify({ ...configuration, kubeconfig }));
  };
  return {
    webhookBaseUrl: `https://127.0.0.1:${port}${segment === undefined ? "" : `/${segment}`}`,
    webhookCa: authority.certificate,
    webhookCaFile: write("webhook-ca.crt", authority.certificate),
    webhookTelemetry: `http://127.0.0.1:${telemetry.webhook.port}`,
    operatorTelemetry: `http://127.0.0.1:${telemetry.operator.port}`,
    configFile: await configFor("webhook"),
    operatorConfigFile: await configFor("operator"),
    ledgerDir,
    logsDir,
    attestation,
  };
}

async function must(cluster: ControlPlane, args: readonly string[], stdin?: string): Promise<void> {
  const result = await cluster.kubectl(args, stdin === undefined ? {} : { stdin });
  if (result.code !== 0) throw new Error(`kubectl ${args.join(" ")} failed: ${result.stderr || result.stdout}`);
}
