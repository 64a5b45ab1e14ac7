import { agentCapabilities, elevationApprovals, identityOwners } from "../api/kinds.ts";
import { loadSettings } from "../cache/installation.ts";
import { kubeMetrics } from "../cache/kube-metrics.ts";
import { observeCache } from "../cache/observe.ts";
import { startWritCache } from "../cache/writ-cache.ts";
import type { WritConfiguration } from "../config/config.ts";
import type { WritObject } from "../api/kinds.ts";
import { createKubeClient } from "../kube/client.ts";
import { systemClock } from "../kube/clock.ts";
import type { StoreEvent } from "../kube/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { startTelemetryServer } from "../telemetry/telemetry-server.ts";
import { approvalStatus } from "./approval-status.ts";
import { capabilityStatus } from "./capability-status.ts";
import { ownerStatus } from "./owner-status.ts";
import { startRequestIdController } from "./request-id-controller.ts";
import { startRegisterPruner } from "./register-pruner.ts";
import { startStatusController } from "./status-controller.ts";

/** A running operator process. */
export interface Operator {
  readonly close: () => Promise<void>;
  /** Never resolves: whatever fails is tried again. */
  readonly failed: Promise<Error>;
}

/** How often all statuses are computed anew: heals what an event was missed for, such as an owner's review date. */
const resyncInterval = 60_000;

/** Assembles the operator: one status controller a kind, over one cache, and the pruner of the revocation register. */
export async function runOperator(configuration: WritConfiguration, log: Logger): Promise<Operator> {
  const clock = Date.now;
  const metrics = createMetrics();
  const events = kubeMetrics(metrics);
  const client = await createKubeClient({
    log,
    metrics: events,
    userAgent: "writ-operator",
    ...(configuration.kubeconfig === undefined ? {} : { kubeconfig: configuration.kubeconfig }),
  });
  const { trust } = await loadSettings(configuration, client);
  const cache = startWritCache({ client, log, metrics: events });
  const stopObserving = observeCache(cache, metrics);
  const telemetry = await startTelemetryServer({
    ...configuration.telemetry.operator,
    metrics,
    ready: () => ({ ready: cache.problems().length === 0, problems: cache.problems() }),
  });
  const systemNamespace = configuration.namespaces.system;
  const pruner = startRegisterPruner({ client, systemNamespace, clock: systemClock, log });
  const closers: (() => Promise<void> | void)[] = [pruner.stop];
  const shared = { client, clock, log };

  const run = async (): Promise<void> => {
    await cache.whenSynced();
    const approvals = startStatusController({
      ...shared,
      kind: elevationApprovals,
      store: cache.approvals,
      desired: (approval, now) => approvalStatus(approval, cache.snapshot(), trust, now),
    });
    const capabilities = startStatusController({
      ...shared,
      kind: agentCapabilities,
      store: cache.capabilities,
      desired: (capability, now) => capabilityStatus(capability, cache.snapshot(), trust, now),
    });
    const owners = startStatusController({
      ...shared,
      kind: identityOwners,
      store: cache.owners,
      desired: (owner, now) => ownerStatus(owner, cache.snapshot(), now),
    });
    const requestIds = startRequestIdController({
      ...shared,
      approvals: cache.approvals,
      systemNamespace: configuration.namespaces.system,
    });
    const resync = (): void => {
      for (const controller of [owners, capabilities, approvals]) controller.resync();
    };
    resync();
    const timer = setInterval(resync, resyncInterval);
    closers.push(
      () => clearInterval(timer),
      // Everything rests on owners, approvals rest on capabilities too; a status alone moves nothing.
      cache.owners.subscribe((event) => {
        if (changesSpec(event)) resync();
      }),
      cache.capabilities.subscribe((event) => {
        if (changesSpec(event)) approvals.resync();
      }),
      requestIds.stop,
      approvals.stop,
      capabilities.stop,
      owners.stop,
    );
    log.info({ objects: cache.state() }, "operator runs");
  };
  // No status before everything is known: an approval would look Invalid for want of a capability not yet listed.
  // The wait is rejected only when the cache is stopped.
  run().catch((error: unknown) => log.info({ err: error }, "operator ends before its caches were synced"));

  const close = async (): Promise<void> => {
    for (const closer of closers) await closer();
    await cache.stop();
    stopObserving();
    await telemetry.close();
    await client.close();
  };
  return { close, failed: new Promise(() => undefined) };
}

function changesSpec(event: StoreEvent<WritObject>): boolean {
  return event.type !== "modified" || event.object.metadata.generation !== event.previous.metadata.generation;
}
