/** `npm run cluster -- --dir DIR`: a control plane with Writ on it that stays up until Ctrl-C. */
import { renameSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ensureControlPlane } from "../test/control-plane/binary.ts";
import { type ClusterDirectory, takeClusterDirectory } from "../test/control-plane/cluster-directory.ts";
import { type Component, type ControlPlane, startControlPlane } from "../test/control-plane/control-plane.ts";
import { assertAgentNamespace } from "../test/control-plane/manifests.ts";
import { type Writ, startWrit } from "../test/control-plane/writ-cluster.ts";

const usage = `Usage: npm run cluster -- --dir DIR [--agent-namespace NAME]...

Brings up etcd, kube-apiserver, kube-controller-manager and Writ on 127.0.0.1 and stays up until Ctrl-C.

  --dir DIR               where env.json, the kubeconfig, logs, audit log and ledger go; made when absent.
                          What an earlier run wrote there is replaced, anything else is left alone.
  --agent-namespace NAME  a namespace whose service accounts are agents; may be repeated; default: agents
  --help                  this text

When it is ready, DIR/env.json says where everything is, and KUBECONFIG=... is printed.
Contexts: admin (system:masters), alice (payments-leads), bob (platform-leads), carol (no group).
`;

interface Options {
  readonly dir: string;
  readonly agentNamespaces: readonly string[];
}

const drainMs = 10_000;

await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options === "help") {
    process.stdout.write(usage);
    return;
  }
  if (typeof options === "string") {
    fail(2, `${options}\n\n${usage}`);
    return;
  }
  try {
    await run(options);
  } catch (error) {
    fail(1, error instanceof Error ? error.message : String(error));
  }
}

/** The options, "help", or what is wrong with them. */
function readOptions(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        dir: { type: "string" },
        "agent-namespace": { type: "string", multiple: true },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help === true) return "help";
    if (values.dir === undefined || values.dir === "") return "--dir is missing: give a directory";
    const agentNamespaces = [...new Set(values["agent-namespace"] ?? ["agents"])];
    for (const namespace of agentNamespaces) assertAgentNamespace(namespace);
    return { dir: values.dir, agentNamespaces };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function run(options: Options): Promise<void> {
  const directory = takeClusterDirectory(options.dir);
  const interrupted = new Promise<"interrupted">((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve("interrupted"));
  });
  // Before a cluster exists there is nothing to drain: the default end of a build by Ctrl-C is enough.
  const components = await Promise.race([ensureControlPlane(), interrupted]);
  if (components === "interrupted") process.exit(130);

  note("starting etcd, kube-apiserver and kube-controller-manager");
  const starting = startControlPlane({
    controllerManager: true,
    outputDir: directory.path,
    remove: [directory.envFile, directory.kubeconfig],
  });
  const cluster = await Promise.race([starting, interrupted]);
  // The supervisor sees the end of this process and cleans up.
  if (cluster === "interrupted") process.exit(130);
  try {
    note("installing Writ");
    const writ = await Promise.race([startWritIn(cluster, directory, options), interrupted]);
    if (writ !== "interrupted") {
      writeEnvironment(directory, cluster, writ);
      const state = { ending: false };
      watch(cluster, writ, () => state.ending);
      process.stdout.write(`KUBECONFIG=${cluster.kubeconfig}\n`);
      note(`ready: see ${directory.envFile}; Ctrl-C ends it`);
      // Signal handlers alone do not keep a process alive.
      const alive = setInterval(() => {}, 60_000);
      await interrupted;
      clearInterval(alive);
      state.ending = true;
      note("ending");
      await drain([writ.webhook, ...(writ.operator === undefined ? [] : [writ.operator])]);
    }
  } finally {
    await cluster.stop();
  }
}

function startWritIn(cluster: ControlPlane, directory: ClusterDirectory, options: Options): Promise<Writ> {
  return startWrit(cluster, {
    agentNamespaces: options.agentNamespaces,
    stateDir: directory.writ,
    ledgerDir: directory.ledger,
    logsDir: directory.logs,
  });
}

/** Written under another name and renamed: whoever waits for env.json never reads half of it. */
function writeEnvironment(directory: ClusterDirectory, cluster: ControlPlane, writ: Writ): void {
  const environment = {
    kubeconfig: cluster.kubeconfig,
    server: cluster.server,
    caFile: cluster.caFile,
    clusterId: cluster.clusterId,
    agentNamespaces: writ.agentNamespaces,
    clusterApprovalNamespace: writ.clusterApprovalNamespace,
    webhookUrl: writ.gateUrl,
    webhookCaFile: writ.webhookCaFile,
    webhookClientCert: cluster.webhookClient.certFile,
    webhookClientKey: cluster.webhookClient.keyFile,
    webhookPid: writ.webhook.pid,
    operatorPid: writ.operator?.pid,
    metricsUrl: writ.metricsUrl,
    operatorMetricsUrl: writ.operatorMetricsUrl,
    ledgerDir: writ.ledgerDir,
    auditLog: cluster.auditLog,
    apiserverPid: cluster.components.kubeApiserver.pid,
    etcdPid: cluster.components.etcd.pid,
  };
  const partial = `${directory.envFile}.partial`;
  writeFileSync(partial, `${JSON.stringify(environment, undefined, 2)}\n`);
  renameSync(partial, directory.envFile);
}

/** A component that ends is told and left dead: what a dead webhook does to agents is there to be seen. */
function watch(cluster: ControlPlane, writ: Writ, isEnding: () => boolean): void {
  const { etcd, kubeApiserver, controllerManager } = cluster.components;
  const tell = async (component: Component, consequence: string): Promise<void> => {
    const { code, signal } = await component.exited;
    if (isEnding()) return;
    note(`${component.name} HAS ENDED (${signal ?? `code ${code}`}): ${consequence}; log: ${component.logFile}`);
  };
  void tell(writ.webhook, "agents are denied and Writ's kinds cannot be written; not restarted");
  if (writ.operator !== undefined) void tell(writ.operator, "status is no longer updated; not restarted");
  if (controllerManager !== undefined) void tell(controllerManager, "no controllers run");
  void tell(kubeApiserver, "the cluster is of no use any more: end it with Ctrl-C");
  void tell(etcd, "the cluster is of no use any more: end it with Ctrl-C");
}

async function drain(components: readonly Component[]): Promise<void> {
  const ended = Promise.all(components.map((component) => component.kill("SIGTERM").catch(() => {})));
  await Promise.race([ended, sleep(drainMs, undefined, { ref: false })]);
}

function note(line: string): void {
  process.stderr.write(`cluster: ${line}\n`);
}

function fail(code: number, message: string): void {
  process.stderr.write(`cluster: ${message}\n`);
  process.exitCode = code;
}
