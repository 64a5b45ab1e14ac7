/**
 * A real Kubernetes control plane for one test file, up in seconds and gone without a trace.
 *
 *     const cluster = await startControlPlane();                     // in beforeAll
 *     await cluster.kubectl(["apply", "-f", "-"], { stdin: yaml, context: "alice" });   // { code, stdout, stderr }
 *     const agent = await cluster.token({ namespace: "agents", serviceAccount: "payments-bot" });
 *     await cluster.request("/api/v1/namespaces", { credentials: { token: agent } });   // { status, headers, text, json() }
 *     await cluster.addContext({ name: "dave", credentials: await cluster.clientCertificate({ user: "dave" }) });
 *     await cluster.components.kubeApiserver.restart();
 *     await cluster.stop();                                          // in afterAll
 *
 * Writ on top of it: `startWrit` in writ-cluster.ts.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findControlPlane } from "./binary.ts";
import { type Component, startComponent } from "./component.ts";
import { controllerManagerCommand, etcdCommand, kubeApiserverCommand } from "./commands.ts";
import { type Context, type Credentials, renderKubeconfig } from "./kubeconfig.ts";
import { type KubectlOptions, type KubectlResult, runKubectl } from "./kubectl.ts";
import { type KeyPairPem, createAuthority } from "./pki.ts";
import { freePort } from "./ports.ts";
import { type ApiRequest, type ApiResponse, sendRequest } from "./request.ts";
import { type Supervisor, startSupervisor } from "./supervised.ts";
import { type StaticAdmission, writeServerFiles } from "./server-files.ts";

export interface ControlPlaneOptions {
  /** Also run kube-controller-manager: service accounts, garbage collection, deployments. Default false. */
  readonly controllerManager?: boolean;
  /** Further flags of kube-apiserver, such as `--feature-gates=...`; a repeated flag replaces ours. */
  readonly apiserverFlags?: readonly string[];
  /** Admission objects that the API server reads from disk. */
  readonly staticAdmission?: StaticAdmission;
  /** Port of the API server; a free one when absent. */
  readonly apiserverPort?: number;
  /** Where the kubeconfig, the audit log and the components' logs go; the scratch directory when absent. Not removed. */
  readonly outputDir?: string;
  /** Paths to remove at the end besides the scratch directory. */
  readonly remove?: readonly string[];
}

export interface TokenRequest {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** 3600 when absent; the API server refuses less than 600. */
  readonly expirationSeconds?: number;
  readonly audiences?: readonly string[];
  readonly boundObjectRef?: {
    readonly kind: string;
    readonly apiVersion: string;
    readonly name: string;
    readonly uid?: string;
  };
}

export interface ControlPlane {
  /** Removed at the end. */
  readonly dir: string;
  /** Contexts: admin (current), alice, bob, carol, and those added. */
  readonly kubeconfig: string;
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  readonly caFile: string;
  readonly auditLog: string;
  /** uid of the namespace kube-system. */
  readonly clusterId: string;
  /** The client certificate that the API server shows to webhooks (CN kube-apiserver-webhook-client), and its CA. */
  readonly webhookClient: {
    readonly caFile: string;
    readonly certFile: string;
    readonly keyFile: string;
    readonly credentials: KeyPairPem;
  };
  readonly components: {
    readonly etcd: Component;
    readonly kubeApiserver: Component;
    readonly controllerManager?: Component;
  };
  /** Starts further processes that share the control plane's fate. */
  readonly supervisor: Supervisor;
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<KubectlResult>;
  /** As the admin when no credentials are given; `credentials: "none"` sends none. */
  request(path: string, options?: ApiRequest & { readonly credentials?: Credentials | "none" }): Promise<ApiResponse>;
  clientCertificate(identity: { readonly user: string; readonly groups?: readonly string[] }): Promise<KeyPairPem>;
  /** A bound service-account token, by TokenRequest as the admin. */
  token(request: TokenRequest): Promise<string>;
  /** Adds a context to the kubeconfig, or replaces the one of that name. */
  addContext(context: Context): void;
  /** Writes a kubeconfig with these contexts alone, relative to `dir`, and gives its path. */
  writeKubeconfig(fileName: string, contexts: readonly Context[]): string;
  /** Kills everything and removes what is to be removed. */
  stop(): Promise<void>;
}

/** The people of the demo and the tests. */
const people = [
  { context: "admin", user: "admin", groups: ["system:masters"] },
  { context: "alice", user: "alice@example.com", groups: ["payments-leads"] },
  { context: "bob", user: "bob@example.com", groups: ["platform-leads"] },
  { context: "carol", user: "carol@example.com", groups: [] },
] as const;

const readyTimeout = 60_000;

/** @throws with the last log lines of the component that does not start; nothing is left running then. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const supervisor = await startSupervisor({ scratchParent: tmpdir(), remove: options.remove ?? [] });
  try {
    return await bringUp(supervisor, options);
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
}

async function bringUp(supervisor: Supervisor, options: ControlPlaneOptions): Promise<ControlPlane> {
  const binaries = await findControlPlane();
  const dir = supervisor.scratch;
  const outputDir = options.outputDir ?? dir;
  const logs = join(outputDir, "logs");
  mkdirSync(logs, { recursive: true });
  const clusterAuthority = await createAuthority("writ-test-cluster");
  const files = await writeServerFiles(dir, clusterAuthority, options.staticAdmission);
  const auditLog = join(outputDir, "audit.log");
  const env = { PATH: process.env["PATH"] ?? "", HOME: dir };

  const contexts = new Map<string, Context>();
  for (const { context, user, groups } of people) {
    contexts.set(context, { name: context, credentials: await clusterAuthority.client({ user, groups }) });
  }
  const admin = contexts.get("admin")?.credentials;
  if (admin === undefined) throw new Error("no admin among the people");

  const etcdPort = await freePort();
  const etcd = await startComponent(supervisor, {
    name: "etcd",
    command: etcdCommand(binaries.etcd, { dir, clientPort: etcdPort, peerPort: await freePort() }),
    env,
    logFile: join(logs, "etcd.log"),
    ready: async () => (await fetch(`http://127.0.0.1:${etcdPort}/health`)).ok,
    readyTimeout,
  });

  const port = options.apiserverPort ?? (await freePort());
  const server = `https://127.0.0.1:${port}`;
  const agent = new Agent({ keepAlive: true });
  const request: ControlPlane["request"] = (path, { credentials = admin, ...rest } = {}) =>
    sendRequest(
      `${server}${path}`,
      credentials === "none" ? undefined : credentials,
      { agent, ca: clusterAuthority.certificate },
      rest,
    );
  const kubeApiserver = await startComponent(supervisor, {
    name: "kube-apiserver",
    command: kubeApiserverCommand(binaries.kubeApiserver, {
      files,
      etcdPort,
      port,
      auditLog,
      extra: options.apiserverFlags ?? [],
    }),
    env,
    logFile: join(logs, "kube-apiserver.log"),
    ready: async () => (await request("/readyz")).status === 200,
    readyTimeout,
  });

  const kubeconfig = join(outputDir, "kubeconfig");
  const writeContexts = (): void =>
    writePrivate(kubeconfig, renderKubeconfig(server, clusterAuthority.certificate, [...contexts.values()]));
  writeContexts();
  const writeKubeconfig = (fileName: string, only: readonly Context[]): string => {
    const path = resolve(dir, fileName);
    writePrivate(path, renderKubeconfig(server, clusterAuthority.certificate, only));
    return path;
  };
  const controllerManager =
    options.controllerManager === true
      ? await startComponent(supervisor, {
          name: "kube-controller-manager",
          command: controllerManagerCommand(binaries.kubeControllerManager, {
            files,
            kubeconfig: writeKubeconfig("kube-controller-manager.kubeconfig", [
              {
                name: "kube-controller-manager",
                credentials: await clusterAuthority.client({ user: "system:kube-controller-manager" }),
              },
            ]),
          }),
          env,
          logFile: join(logs, "kube-controller-manager.log"),
          // It has no port here; it works once it has made the service account of the namespace default.
          ready: async () => (await request("/api/v1/namespaces/default/serviceaccounts/default")).status === 200,
          readyTimeout,
        })
      : undefined;

  return {
    dir,
    kubeconfig,
    server,
    caFile: files.clusterCa,
    auditLog,
    clusterId: await untilClusterId(request),
    webhookClient: {
      caFile: files.webhookClientCa,
      certFile: files.webhookClientCert,
      keyFile: files.webhookClientKey,
      credentials: files.webhookClient,
    },
    components: { etcd, kubeApiserver, ...(controllerManager === undefined ? {} : { controllerManager }) },
    supervisor,
    kubectl: (args, kubectlOptions = {}) =>
      runKubectl(binaries.kubectl, args, { kubeconfig, ...kubectlOptions, home: dir }),
    request,
    clientCertificate: (identity) => clusterAuthority.client(identity),
    token: (tokenRequest) => requestToken(request, tokenRequest),
    addContext(context) {
      contexts.set(context.name, context);
      writeContexts();
    },
    writeKubeconfig,
    async stop() {
      agent.destroy();
      await supervisor.stop();
    },
  };
}

function writePrivate(path: string, content: string): void {
  writeFileSync(path, content, { mode: 0o600 });
}

/** The API server makes its namespaces shortly after it is ready. */
async function untilClusterId(request: ControlPlane["request"]): Promise<string> {
  for (let attempt = 0; attempt < 600; attempt++) {
    const [system, fallback] = await Promise.all([
      request("/api/v1/namespaces/kube-system"),
      request("/api/v1/namespaces/default"),
    ]);
    if (system.status === 200 && fallback.status === 200) {
      const { uid } = (system.json() as { readonly metadata: { readonly uid: string } }).metadata;
      return uid;
    }
    await sleep(50);
  }
  throw new Error("the API server is ready but made no namespaces kube-system and default within 30 s");
}

async function requestToken(request: ControlPlane["request"], wanted: TokenRequest): Promise<string> {
  const { namespace, serviceAccount, expirationSeconds = 3_600, audiences, boundObjectRef } = wanted;
  const response = await request(`/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`, {
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds, audiences, boundObjectRef },
    },
  });
  if (response.status !== 201) {
    throw new Error(`no token for ${namespace}/${serviceAccount}: HTTP ${response.status} ${response.text}`);
  }
  return (response.json() as { readonly status: { readonly token: string } }).status.token;
}

export type { Component, Context, Credentials, KeyPairPem, KubectlResult, ApiResponse };
