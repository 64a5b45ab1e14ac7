import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import { attestationKeys } from "../builders/installation.ts";
import { freePort } from "../control-plane/ports.ts";
import { type Credentials, renderKubeconfig } from "../control-plane/kubeconfig.ts";
import { createAuthority } from "../control-plane/pki.ts";
import { type Child, startChild } from "./child.ts";
import type { Target } from "./messages.ts";

/** What all processes of one run share: a directory, certificates, the path that callers prove themselves by. */
export interface Site {
  readonly dir: string;
  readonly tls: { readonly certFile: string; readonly keyFile: string };
  readonly caFile: string;
  readonly ca: string;
  readonly target: (port: number) => Target;
}

export async function createSite(dir: string): Promise<Site> {
  const authority = await createAuthority("bench-authority");
  const { certificate, key } = await authority.server("bench");
  const write = (name: string, content: string): string => writePrivate(dir, name, content);
  const segment = "b".repeat(64);
  write("path", `${segment}\n`);
  const { privateKey, publicKey } = attestationKeys(1);
  write("attestation.key", privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  write("attestation.pub", publicKey.export({ type: "spki", format: "pem" }).toString());
  const caFile = write("ca.crt", authority.certificate);
  return {
    dir,
    tls: { certFile: write("tls.crt", certificate), keyFile: write("tls.key", key) },
    caFile,
    ca: authority.certificate,
    target: (port) => ({ port, path: `/${segment}/gate`, caFile }),
  };
}

/** The API server that a process of Writ is pointed at. */
export interface ApiServer {
  readonly server: string;
  readonly ca: string;
  readonly credentials: Credentials;
}

export interface ConfigOptions {
  readonly name: string;
  readonly api: ApiServer;
  readonly port: number;
  /** Of whichever process reads the configuration. */
  readonly telemetryPort: number;
  /** Default: nothing is shed, so that what else runs on the machine does not turn answers into refusals. */
  readonly limits?: { readonly maxEventLoopLag?: number };
}

const nothingShed = { maxEventLoopLag: 60_000 };

/** Writes a configuration of Writ's processes with a ledger of its own, and gives its path. */
export function writeConfiguration(
  site: Site,
  { name, api, port, telemetryPort, limits = nothingShed }: ConfigOptions,
): string {
  const dir = join(site.dir, name);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const context = { name: "bench", credentials: api.credentials };
  return writePrivate(
    dir,
    "config.yaml",
    stringify({
      apiVersion: "config.writ.dev/v1alpha1",
      kind: "WritConfiguration",
      kubeconfig: writePrivate(dir, "kubeconfig", renderKubeconfig(api.server, api.ca, [context])),
      agents: { namespaces: ["agents"] },
      webhook: {
        listen: { host: "127.0.0.1", port },
        tls: site.tls,
        callers: { pathFile: join(site.dir, "path") },
        // Whoever calls it is on this machine, and learns at once that a port is closed.
        lameDuckSeconds: 0,
      },
      attestation: {
        signingKeyFile: join(site.dir, "attestation.key"),
        verificationKeyFiles: [join(site.dir, "attestation.pub")],
      },
      ledger: { directory: join(dir, "ledger"), writer: "w0" },
      limits,
      telemetry: {
        webhook: { host: "127.0.0.1", port: telemetryPort },
        operator: { host: "127.0.0.1", port: telemetryPort },
      },
    }),
  );
}

export interface WebhookProcess {
  readonly child: Child;
  readonly target: Target;
  /** Milliseconds from the start of the process until /readyz said yes. */
  readonly readyAfter: number;
  /** GETs of objects so far. */
  readonly liveReads: () => Promise<number>;
}

/** Starts the real `writ webhook` and waits until it is ready. */
export async function startWebhook(
  site: Site,
  name: string,
  api: ApiServer,
  nodeOptions: readonly string[] = [],
): Promise<WebhookProcess> {
  const { child, port, telemetry, begin } = await launch(site, { process: "webhook", name, api, nodeOptions });
  await untilReady(child, telemetry, begin);
  const readyAfter = performance.now() - begin;
  return { child, target: site.target(port), readyAfter, liveReads: () => countLiveReads(telemetry) };
}

export interface LaunchOptions {
  readonly process: "webhook" | "operator";
  readonly name: string;
  readonly api: ApiServer;
  readonly nodeOptions?: readonly string[];
  readonly limits?: ConfigOptions["limits"];
}

/** A process that has only just been started. */
export interface Launched {
  readonly child: Child;
  readonly port: number;
  /** URL of its telemetry. */
  readonly telemetry: string;
  /** performance.now() of its start. */
  readonly begin: number;
}

/** Starts a process of Writ on a free port, with a configuration of its own. */
export async function launch(site: Site, options: LaunchOptions): Promise<Launched> {
  const { process, name, api, nodeOptions = [], limits } = options;
  const port = await freePort();
  const telemetryPort = await freePort();
  const common = { name, api, port, telemetryPort };
  const configFile = writeConfiguration(site, limits === undefined ? common : { ...common, limits });
  const begin = performance.now();
  const child = startChild({
    script: "../../src/main.ts",
    args: [process, "--config", configFile],
    nodeOptions,
    logFile: join(site.dir, `${name}.log`),
  });
  return { child, port, telemetry: `http://127.0.0.1:${telemetryPort}`, begin };
}

/** @throws when the process ends first, or is not ready a minute after `begin`. */
export async function untilReady(child: Child, telemetry: string, begin: number): Promise<void> {
  const ended = child.ended.then(() => "ended" as const);
  while (!(await isReady(telemetry))) {
    const pause = await Promise.race([ended, sleep(5, "pause" as const)]);
    if (pause === "ended") throw new Error(`${child.name} ended before it was ready`);
    if (performance.now() - begin > readyTimeout)
      throw new Error(`${child.name} is not ready after ${readyTimeout} ms`);
  }
}

const readyTimeout = 60_000;

export async function isReady(telemetry: string): Promise<boolean> {
  return fetch(`${telemetry}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function countLiveReads(telemetry: string): Promise<number> {
  const text = await (await fetch(`${telemetry}/metrics`)).text();
  return [...text.matchAll(/^writ_live_reads_total\{[^}]*\} (\d+)/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

function writePrivate(dir: string, name: string, content: string): string {
  const file = join(dir, name);
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}
