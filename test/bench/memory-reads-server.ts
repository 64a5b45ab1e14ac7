import { createCounting } from "../../src/admission/consume/counting.ts";
import { createGate } from "../../src/admission/gate.ts";
import type { AdmissionHandler } from "../../src/admission/handler.ts";
import type { LiveReader } from "../../src/admission/live-reader.ts";
import { recorder } from "../../src/admission/record.ts";
import type { RegisterReader } from "../../src/admission/register-reader.ts";
import { startAdmissionServer } from "../../src/admission/server/admission-server.ts";
import { loadSettings } from "../../src/cache/installation.ts";
import { startWritCache } from "../../src/cache/writ-cache.ts";
import { loadConfiguration } from "../../src/config/load-configuration.ts";
import { createKubeClient } from "../../src/kube/client.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import { watchEventLoopLag } from "../../src/telemetry/event-loop-lag.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { announce } from "./child-side.ts";

// The gate of `writ webhook` whose live reads are answered at once by the cache: what an allow costs without them, so
// that the reads can be named apart. Never run like this: nothing would notice a revocation before the watch does.
const configuration = loadConfiguration(process.argv[2] ?? "");
const log = createLogger({ level: "info", name: "memory-reads" });
const metrics = createMetrics();
const client = await createKubeClient({
  log,
  ...(configuration.kubeconfig === undefined ? {} : { kubeconfig: configuration.kubeconfig }),
});
const settings = await loadSettings(configuration, client);
const ledger = await openLedger(configuration.ledger);
const cache = startWritCache({ client, log });
const reader: LiveReader = {
  read: async ({ owners, capabilities, approvals }) => ({
    owners: new Map(owners.map((name) => [name, cache.owners.get(name)])),
    capabilities: new Map(capabilities.map((name) => [name, cache.capabilities.get(name)])),
    approvals: new Map(approvals.map((name) => [name, cache.approvals.get(name)])),
    clockSkew: 0,
  }),
};
const register: RegisterReader = async () => ({ intents: [], gap: undefined, clockSkew: 0 });
const record = recorder(ledger, metrics);
const clock = Date.now;
const counting = createCounting({ client, reader, metrics, log, clock, hasIntent: () => false });
const gate = createGate({
  settings,
  cache,
  reader,
  register,
  onProof: () => undefined,
  requestIds: { holds: () => Promise.resolve(true) },
  counting,
  record,
  clock,
  log,
  shadowUntil: undefined,
});
const unused: AdmissionHandler = () => Promise.reject(new Error("the benchmark calls the gate alone"));
await cache.whenSynced();
const server = await startAdmissionServer({
  listen: { host: "127.0.0.1", port: 0 },
  tls: configuration.webhook.tls,
  callers: configuration.webhook.callers,
  handlers: { gate, guard: unused, stamps: unused },
  clock: Date.now,
  metrics,
  log,
  limits: configuration.limits,
  eventLoopLag: watchEventLoopLag(metrics).p99,
});
announce(Number(new URL(server.url).port));
