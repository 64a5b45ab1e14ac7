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
 *
 * With `replicas: 3` three webhook processes stand behind one URL (balancer.ts): `writ.replicas[i].webhook.kill()`.
 */
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { registerName } from "../../src/api/register/content.ts";
import { type Component, startComponent } from "./component.ts";
import type { ControlPlane } from "./control-plane.ts";
import { crdsDirectory, renderBase, renderRootOwner, renderWebhooks, samplesDirectory } from "./manifests.ts";
import {
  type ProcessSetup,
  type WritOptions,
  clusterApprovalNamespace,
  configureWrit,
  systemNamespace,
} from "./writ-configuration.ts";

/** One `writ webhook` process. */
export interface Replica {
  readonly webhook: Component;
  /** On 127.0.0.1, for calls. */
  readonly port: number;
  readonly configFile: string;
  readonly ledgerDir: string;
  readonly metricsUrl: string;
}

export interface Writ {
  readonly agentNamespaces: readonly string[];
  readonly clusterApprovalNamespace: string;
  readonly replicas: readonly Replica[];
  /** Of the first replica, as are `metricsUrl`, `configFile` and `ledgerDir`. */
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

const balancerScript = fileURLToPath(new URL("balancer-main.ts", import.meta.url));
const readyTimeout = 60_000;
/** Of the balancer. Long enough that a connection is hardly ever ended just when the API server takes it up again. */
const quietMs = 2_000;
const enforcedTimeoutMs = 10_000;

/** @throws when a step of the installation fails, with what kubectl or the process said. */
export async function startWrit(cluster: ControlPlane, options: WritOptions = {}): Promise<Writ> {
  const agentNamespaces = options.agentNamespaces ?? ["agents"];
  await installBase(cluster, agentNamespaces);
  const setup = await configureWrit(cluster, agentNamespaces, options);
  const command = options.command ?? [
    process.execPath,
    // As src/main.ts asks in its first line.
    "--max-semi-space-size=8",
    fileURLToPath(new URL("../../src/main.ts", import.meta.url)),
  ];
  const env = { PATH: process.env["PATH"] ?? "", HOME: cluster.dir };
  const start = (verb: "webhook" | "operator", { name, configFile, telemetryUrl }: ProcessSetup): Promise<Component> =>
    startComponent(cluster.supervisor, {
      name,
      command: [...command, verb, "--config", configFile],
      env,
      logFile: join(setup.logsDir, `${name}.log`),
      ready: async () => (await fetch(`${telemetryUrl}/readyz`)).ok,
      readyTimeout,
    });
  const replicas = await Promise.all(
    setup.webhooks.map(async (replica) => ({
      webhook: await start("webhook", replica),
      port: replica.port,
      configFile: replica.configFile,
      ledgerDir: replica.ledgerDir,
      metricsUrl: `${replica.telemetryUrl}/metrics`,
    })),
  );
  const [first] = replicas;
  if (first === undefined) throw new Error("replicas must be at least 1");
  const backends = setup.webhooks.map(({ port }) => port);
  if (!backends.includes(setup.port)) {
    await startComponent(cluster.supervisor, {
      name: "balancer",
      command: [process.execPath, balancerScript, ...[setup.port, quietMs, ...backends].map(String)],
      env,
      logFile: join(setup.logsDir, "balancer.log"),
      ready: () => accepts(setup.port),
      readyTimeout,
    });
  }
  await installWebhooks(cluster, { agentNamespaces, ...setup });
  const operator = options.operator === false ? undefined : await start("operator", setup.operator);
  return {
    agentNamespaces,
    clusterApprovalNamespace,
    replicas,
    ...first,
    ...(operator === undefined ? {} : { operator }),
    webhookBaseUrl: setup.webhookBaseUrl,
    gateUrl: `${setup.webhookBaseUrl}/gate`,
    webhookCa: setup.webhookCa,
    webhookCaFile: setup.webhookCaFile,
    operatorMetricsUrl: `${setup.operator.telemetryUrl}/metrics`,
    operatorConfigFile: setup.operator.configFile,
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

/** The service account in whose name `callsGate` asks. */
export const gateProbe = "writ-gate-probe";

/** Whether the API server asks the gate about agents of this namespace, as its configuration says. */
export async function callsGate(cluster: ControlPlane, agentNamespace = "agents"): Promise<boolean> {
  // A protected kind, so that it is refused in shadow mode too; a dry run, so that nothing is recorded.
  const response = await cluster.request("/api/v1/namespaces?dryRun=All", {
    body: { apiVersion: "v1", kind: "Namespace", metadata: { name: gateProbe } },
    headers: {
      "impersonate-user": `system:serviceaccount:${agentNamespace}:${gateProbe}`,
      "impersonate-group": "system:masters",
    },
  });
  return response.text.includes("gate.writ.dev");
}

/** Whether a connection to the port of 127.0.0.1 is taken. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function must(cluster: ControlPlane, args: readonly string[], stdin?: string): Promise<void> {
  const result = await cluster.kubectl(args, stdin === undefined ? {} : { stdin });
  if (result.code !== 0) throw new Error(`kubectl ${args.join(" ")} failed: ${result.stderr || result.stdout}`);
}

export type { WritOptions };
