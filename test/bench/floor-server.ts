import { createMetrics } from "../../src/telemetry/metrics.ts";
import { watchEventLoopLag } from "../../src/telemetry/event-loop-lag.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { startAdmissionServer } from "../../src/admission/server/admission-server.ts";
import type { AdmissionHandler } from "../../src/admission/handler.ts";
import { loadConfiguration } from "../../src/config/load-configuration.ts";
import { announce } from "./child-side.ts";

// The floor: the same HTTPS server, which reads and checks every review in full, with handlers that answer at once.
// The denial is as long as one that the gate gives, so that both write equal answers.
const configuration = loadConfiguration(process.argv[2] ?? "");
const metrics = createMetrics();
const answer: AdmissionHandler = async () => ({
  allowed: false,
  code: "Floor",
  message: "no rule lets the agent write that; the nearest is a rule that covers other things only ".repeat(2),
  next: "ask the policy owner for a rule, or do what the rule covers",
  causes: [{ reason: "NearestMiss", message: JSON.stringify({ kind: "AgentCapability", name: "deployer-0" }) }],
  auditAnnotations: { "d.4e7e1f000000": `w0;0;${"0".repeat(64)}` },
});
const server = await startAdmissionServer({
  listen: { host: "127.0.0.1", port: 0 },
  tls: configuration.webhook.tls,
  callers: configuration.webhook.callers,
  handlers: { gate: answer, guard: answer, stamps: answer },
  clock: Date.now,
  metrics,
  log: createLogger({ level: "info", name: "floor" }),
  limits: configuration.limits,
  eventLoopLag: watchEventLoopLag(metrics).p99,
});
announce(Number(new URL(server.url).port));
