import { createPrivateKey, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { attestationSigner } from "../api/attestation.ts";
import { loadSettings } from "../cache/installation.ts";
import { kubeMetrics } from "../cache/kube-metrics.ts";
import { observeCache } from "../cache/observe.ts";
import { startWritCache } from "../cache/writ-cache.ts";
import type { WritCache } from "../cache/writ-cache.ts";
import type { WritConfiguration } from "../config/config.ts";
import type { RuleSchemas } from "../decision/schema/rule-schemas.ts";
import { systemClock } from "../kube/clock.ts";
import { createKubeClient } from "../kube/client.ts";
import { openLedger } from "../ledger/open-ledger.ts";
import { watchEventLoopLag } from "../telemetry/event-loop-lag.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { startTelemetryServer } from "../telemetry/telemetry-server.ts";
import { createAuthorizer } from "./authorize/authorizer.ts";
import { createCounting } from "./consume/counting.ts";
import { decisionsUnderWay } from "./consume/decisions-under-way.ts";
import { denialRecord } from "./decision-record.ts";
import { createGate } from "./gate.ts";
import { agentUidLookup } from "./guard/agent-uid.ts";
import { claimReview } from "./guard/claim-review.ts";
import { createGuard } from "./guard/guard.ts";
import { recordRefusals } from "./guard/record-refusals.ts";
import { createRegisterWriter } from "./guard/register-writer.ts";
import { createStamps } from "./guard/stamps.ts";
import { createLiveReader } from "./live-reader.ts";
import { webhookReadiness } from "./readiness.ts";
import type { WebhookStage } from "./readiness.ts";
import { recorder } from "./record.ts";
import { createRequestIdRegistry } from "./request-ids/request-id-registry.ts";
import { createRegisterReader } from "./register-reader.ts";
import { startAdmissionServer } from "./server/admission-server.ts";

/** A running webhook process. */
export interface Webhook {
  /** Stops without dropping a request. */
  readonly close: () => Promise<void>;
  /** Resolves with the error that makes going on impossible. */
  readonly failed: Promise<Error>;
}

/** Assembles the webhook: everything that its handlers need, then the server, then readiness. */
export async function runWebhook(configuration: WritConfiguration, log: Logger): Promise<Webhook> {
  const clock = Date.now;
  const metrics = createMetrics();
  const lag = watchEventLoopLag(metrics);
  const events = kubeMetrics(metrics);
  const client = await createKubeClient({
    log,
    metrics: events,
    userAgent: "writ-webhook",
    ...(configuration.kubeconfig === undefined ? {} : { kubeconfig: configuration.kubeconfig }),
  });
  const settings = await loadSettings(configuration, client);
  const signer = attestationSigner(createPrivateKey(readFileSync(configuration.attestation.signingKeyFile)));
  const ledger = await openLedger(configuration.ledger);
  if (ledger.recovered.truncatedBytes > 0) {
    log.warn(
      { ...ledger.recovered, entries: String(ledger.recovered.entries) },
      "cut a torn write at the ledger's end",
    );
  }
  const record = recorder(ledger, metrics);
  await record("startup", {
    time: new Date(clock()).toISOString(),
    clusterId: settings.trust.clusterId,
    pid: process.pid,
  });
  const { systemNamespace } = settings;
  const monotonic = (): number => performance.now();
  const register = createRegisterReader({ client, systemNamespace, clock, monotonic, metrics, log });
  await register();
  const cache = startWritCache({ client, log, metrics: events });
  const stopObserving = observeCache(cache, metrics);
  prepareSchemas(cache, settings.schemas);
  const reader = createLiveReader(client, clock, metrics);
  const shared = { settings, cache, reader, record, clock, log };
  const underWay = decisionsUnderWay(() => systemClock.now());
  const counting = createCounting({ client, reader, metrics, log, clock, hasIntent: underWay.has });
  const requestIds = createRequestIdRegistry({ client, systemNamespace, clock });
  const gate = createGate({
    requestIds,
    ...shared,
    register,
    counting,
    onProof: (proof) => {
      if (proof !== "none") metrics.proofs.inc({ by: proof });
    },
    shadowUntil: configuration.shadow?.until,
  });
  const announce = createRegisterWriter({ client, systemNamespace, newId: randomUUID, metrics });
  const guardOptions = { ...shared, mayClaim: claimReview(client), requestIds, announce };
  const guard = recordRefusals(underWay.noted(createGuard(guardOptions)), shared);
  const stamps = recordRefusals(createStamps({ ...shared, signer, agentUid: agentUidLookup(client) }), shared);

  let stage: WebhookStage = "starting";
  const telemetry = await startTelemetryServer({
    ...configuration.telemetry.webhook,
    metrics,
    ready: () => webhookReadiness(stage, cache),
  });
  // A balancer that knows nothing but connections would send people to a replica that can only refuse them.
  await cache.whenSynced();
  log.info({ objects: cache.state() }, "caches are synced");
  const server = await startAdmissionServer({
    listen: configuration.webhook.listen,
    tls: configuration.webhook.tls,
    callers: configuration.webhook.callers,
    handlers: { gate, guard, stamps },
    authorizer: createAuthorizer({ agents: settings.agents, record, clock, log }),
    clock,
    metrics,
    log,
    limits: configuration.limits,
    eventLoopLag: lag.p99,
    onServerDenial: async ({ call, answer }) => {
      if (call.request.dryRun !== true) await record("decision", denialRecord(call, answer, "error", clock()));
    },
  });
  stage = "serving";
  log.info({ url: server.url.replace(/(:\d+)\/.*/, "$1"), telemetry: telemetry.url }, "webhook serves");
  if (configuration.shadow && configuration.shadow.until > clock()) {
    log.warn({ until: new Date(configuration.shadow.until).toISOString() }, "SHADOW MODE: denials are not enforced");
  }

  const close = async (): Promise<void> => {
    stage = "closing";
    await server.close({ lameDuck: configuration.webhook.lameDuckSeconds * 1000 });
    await cache.stop();
    stopObserving();
    lag.stop();
    await record("shutdown", { time: new Date(clock()).toISOString() }).catch(() => undefined);
    await ledger.close();
    await telemetry.close();
    await client.close();
  };
  return { close, failed: ledger.failed };
}

/** Compiles the schemas of rules when a capability comes or changes, so that no request waits for it. */
function prepareSchemas({ capabilities }: WritCache, schemas: RuleSchemas): void {
  capabilities.subscribe((event) => {
    if (event.type === "deleted") return;
    // A listener only takes note: compiling takes milliseconds.
    setImmediate(() => {
      for (const { schema } of event.object.spec.rules) if (schema) schemas.prepare(schema);
    });
  });
}
