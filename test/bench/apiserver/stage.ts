import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { installation, type Installation } from "../../builders/installation.ts";
import { type ControlPlane, startControlPlane } from "../../control-plane/control-plane.ts";
import { installBase } from "../../control-plane/writ-cluster.ts";
import { productOptions, startChild } from "../child.ts";
import { createApproved, createPolicies } from "../fill.ts";
import { approve, populate, type Population } from "../population.ts";
import { type ApiServer, createSite, launch, type Launched, type Site, untilReady } from "../site.ts";
import { cpuSeconds } from "./process-cpu.ts";
import { hireTroupe, type Troupe } from "./troupe.ts";
import { webhookSwitch, type WebhookSwitch } from "./webhook-switch.ts";

/** A control plane with Writ on it and the accounts that write. */
export interface Stage {
  readonly site: Site;
  readonly cluster: ControlPlane;
  /** The API server as the account of `writ webhook` sees it. */
  readonly api: ApiServer;
  readonly installation: Installation;
  readonly troupe: Troupe;
  /** Of whom `grow` makes approvals live. */
  readonly others: Population;
  readonly webhooks: WebhookSwitch;
  /** The same configurations with a server behind them that admits everything. */
  readonly yes: WebhookSwitch;
  readonly webhook: Launched;
  readonly operator: Launched;
  /** Adds live approvals of other agents, until there are so many; Writ has seen them all and rests when it returns. */
  readonly grow: (approvals: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const agentNamespaces: readonly string[] = ["agents"];
/** Longer than a run. */
const tokenSeconds = 24 * 3600;

/** @param most so many approvals of other agents at the end */
export async function createStage(dir: string, most: number, report: (line: string) => void): Promise<Stage> {
  report("starting the control plane");
  const cluster = await startControlPlane();
  try {
    return await furnish(cluster, dir, most, report);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

async function furnish(
  cluster: ControlPlane,
  dir: string,
  most: number,
  report: (line: string) => void,
): Promise<Stage> {
  await installBase(cluster, agentNamespaces);
  const trusted = installation({ clusterId: cluster.clusterId });
  report("creating owners, capabilities and the accounts that write");
  const others = populate({ layout: "spread", approvals: most }, Date.now(), trusted);
  await createPolicies(cluster, others);
  const troupe = await hireTroupe(cluster, trusted);

  const site = await createSite(dir);
  const ca = readFileSync(cluster.caFile, "utf8");
  const apiAs = async (serviceAccount: string): Promise<ApiServer> => {
    const token = await cluster.token({
      namespace: "writ-system",
      serviceAccount,
      expirationSeconds: tokenSeconds,
    });
    return { server: cluster.server, ca, credentials: { token } };
  };
  const start = async (process: "webhook" | "operator", api: ApiServer): Promise<Launched> => {
    // The limits are those of the product: what it sheds under this load is part of the result.
    const launched = await launch(site, { process, name: process, api, nodeOptions: productOptions, limits: {} });
    await untilReady(launched.child, launched.telemetry, launched.begin);
    return launched;
  };
  const api = await apiAs("writ-webhook");
  const webhook = await start("webhook", api);
  const operator = await start("operator", await apiAs("writ-operator"));

  const yes = startChild({
    script: "apiserver/yes-server.ts",
    args: [site.tls.certFile, site.tls.keyFile],
    logFile: join(dir, "yes.log"),
  });
  const switchTo = (port: number): WebhookSwitch =>
    webhookSwitch(cluster, {
      agentNamespaces,
      webhookBaseUrl: `https://127.0.0.1:${port}${site.target(port).path.replace(/\/gate$/, "")}`,
      webhookCa: site.ca,
    });

  const progress = { approvals: 0 };
  return {
    site,
    cluster,
    api,
    installation: trusted,
    troupe,
    others,
    webhook,
    operator,
    webhooks: switchTo(webhook.port),
    yes: switchTo(await yes.serving),
    grow: async (approvals) => {
      const added = others.requests.slice(progress.approvals, approvals);
      if (added.length > 0) report(`creating ${added.length} approvals of other agents`);
      await createApproved(cluster, added, (created) => approve(created, others.capabilities, trusted));
      progress.approvals = Math.max(progress.approvals, approvals);
      await untilQuiet([webhook.child.pid, operator.child.pid]);
    },
    stop: async () => {
      await Promise.all([webhook.child.stop(), operator.child.stop(), yes.stop()]);
      await cluster.stop();
    },
  };
}

const quietInterval = 1000;
const quietTimeout = 300_000;

/** Waits until processes have spent next to no CPU for a while: what was written before has been digested. */
async function untilQuiet(pids: readonly number[]): Promise<void> {
  const spent = (): number => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const deadline = performance.now() + quietTimeout;
  for (let before = spent(); performance.now() < deadline;) {
    await sleep(quietInterval);
    const now = spent();
    if (!(now - before > 0.1 * (quietInterval / 1000))) return;
    before = now;
  }
  throw new Error(`Writ is still busy ${quietTimeout / 1000} s after the last approval was created`);
}
