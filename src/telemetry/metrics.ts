import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";

const endpoints = ["gate", "guard", "stamps", "authorize"] as const;
const phases = ["read", "parse", "handle", "total"] as const;
const entryKinds = [
  "decision",
  "approval",
  "capability",
  "owner",
  "policy-snapshot",
  "startup",
  "shutdown",
  "coverage-gap",
] as const;
const liveReadObjects = ["register", "named"] as const;
const registerWriteResults = ["ok", "emptied", "created", "error"] as const;
const proofs = ["register", "unreadable", "missing", "replaced", "incomplete", "silent"] as const;
const liveReadResults = ["ok", "not-found", "error", "timeout"] as const;
const useSwapResults = ["counted", "conflict", "gone", "refused", "unknown"] as const;
const reloadResults = ["changed", "unchanged", "error"] as const;

/** Seconds; the API server waits 5 s for the gate, so the last finite bucket lies above that. */
const latencyBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Every metric that Writ exports, on a registry of its own. Names, types and labels are listed in
 * docs/reference/metrics.md. Label values never come from a request: reason codes, kinds and endpoints are closed sets.
 */
export interface Metrics {
  readonly registry: Registry;
  readonly admissionReviews: Counter<"endpoint" | "verdict" | "code">;
  /** Seconds by phase: `read` (body), `parse`, `handle`, `total`. */
  readonly admissionDuration: Histogram<"endpoint" | "phase">;
  readonly rejectedInput: Counter<"reason">;
  readonly inflight: Gauge;
  /** Handlers that ended after their call had been denied as DeadlineExceeded. */
  readonly lateResults: Counter<"endpoint">;
  readonly handlerErrors: Counter<"endpoint">;
  /** Denials given by the server itself that could not be recorded in time. */
  readonly unrecordedDenials: Counter<"endpoint">;
  readonly ledgerAppend: Histogram;
  readonly ledgerEntries: Counter<"kind">;
  readonly cacheObjects: Gauge<"kind">;
  /** 1 when synced, else 0. */
  readonly cacheSynced: Gauge<"kind">;
  /** Seconds since the API server was last heard from. */
  readonly cacheLastContact: Gauge<"kind">;
  readonly liveReads: Counter<"object" | "result">;
  /** Verdicts proven current: by the revocation register, or by reads for the reason named. */
  readonly proofs: Counter<"by">;
  readonly registerWrites: Counter<"result">;
  /** Swaps of approvals' use counters; one may count several uses. */
  readonly useSwaps: Counter<"result">;
  /** What the Kubernetes client and the watches did; labels that an event does not have are left out. */
  readonly kubeEvents: Counter<"event" | "resource" | "outcome" | "reason">;
  /** Seconds since the epoch at which the served certificate expires. */
  readonly certificateExpiry: Gauge;
  readonly certificateReloads: Counter<"result">;
  /** 99th percentile of the last window, seconds. */
  readonly eventLoopLag: Gauge;
}

/** A fresh set of metrics; counters whose label values are known start at 0, so that a first increase is seen. */
export const createMetrics = (): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const metrics: Metrics = {
    registry,
    admissionReviews: new Counter({
      name: "writ_admission_reviews_total",
      help: "Reviews answered, by endpoint, verdict (allowed, denied, no-opinion) and reason code.",
      labelNames: ["endpoint", "verdict", "code"],
      registers,
    }),
    admissionDuration: new Histogram({
      name: "writ_admission_duration_seconds",
      help: "Time spent on a review by phase: read, parse, handle, total.",
      labelNames: ["endpoint", "phase"],
      buckets: latencyBuckets,
      registers,
    }),
    rejectedInput: new Counter({
      name: "writ_admission_rejected_input_total",
      help: "Calls refused before a handler saw them, by reason.",
      labelNames: ["reason"],
      registers,
    }),
    inflight: new Gauge({
      name: "writ_admission_inflight",
      help: "Reviews being decided now.",
      registers,
    }),
    lateResults: new Counter({
      name: "writ_admission_late_results_total",
      help: "Handler results dropped because the deadline had passed.",
      labelNames: ["endpoint"],
      registers,
    }),
    handlerErrors: new Counter({
      name: "writ_admission_handler_errors_total",
      help: "Handlers that threw; each was answered with a denial.",
      labelNames: ["endpoint"],
      registers,
    }),
    unrecordedDenials: new Counter({
      name: "writ_admission_unrecorded_denials_total",
      help: "Denials by the server itself that were not recorded in time.",
      labelNames: ["endpoint"],
      registers,
    }),
    ledgerAppend: new Histogram({
      name: "writ_ledger_append_seconds",
      help: "Time from append until the entry is durable.",
      buckets: latencyBuckets,
      registers,
    }),
    ledgerEntries: new Counter({
      name: "writ_ledger_entries_total",
      help: "Entries made durable, by kind.",
      labelNames: ["kind"],
      registers,
    }),
    cacheObjects: new Gauge({
      name: "writ_cache_objects",
      help: "Objects in a watch cache.",
      labelNames: ["kind"],
      registers,
    }),
    cacheSynced: new Gauge({
      name: "writ_cache_synced",
      help: "1 when the watch cache holds a complete list and its watch lives, else 0.",
      labelNames: ["kind"],
      registers,
    }),
    cacheLastContact: new Gauge({
      name: "writ_cache_last_contact_seconds",
      help: "Seconds since the API server was last heard from on this watch.",
      labelNames: ["kind"],
      registers,
    }),
    liveReads: new Counter({
      name: "writ_live_reads_total",
      help: "Reads from the API server made to prove a verdict current, by object (register, named) and result.",
      labelNames: ["object", "result"],
      registers,
    }),
    proofs: new Counter({
      name: "writ_proofs_total",
      help: "Verdicts proven current: by the revocation register, or by plain reads for the reason named.",
      labelNames: ["by"],
      registers,
    }),
    registerWrites: new Counter({
      name: "writ_register_writes_total",
      help: "Writes of the revocation register by the guard, by result.",
      labelNames: ["result"],
      registers,
    }),
    useSwaps: new Counter({
      name: "writ_use_swaps_total",
      help: "Compare-and-swaps of approvals' use counters, by result; one may count several uses.",
      labelNames: ["result"],
      registers,
    }),
    kubeEvents: new Counter({
      name: "writ_kube_events_total",
      help: "Calls, lists and watches against the API server, by event.",
      labelNames: ["event", "resource", "outcome", "reason"],
      registers,
    }),
    certificateExpiry: new Gauge({
      name: "writ_tls_certificate_expiry_seconds",
      help: "When the served certificate expires, in seconds since the epoch.",
      registers,
    }),
    certificateReloads: new Counter({
      name: "writ_tls_certificate_reloads_total",
      help: "Looks at the certificate files, by result; after an error the old pair stays in use.",
      labelNames: ["result"],
      registers,
    }),
    eventLoopLag: new Gauge({
      name: "writ_event_loop_lag_seconds",
      help: "99th percentile of the event loop's lag in the last window.",
      registers,
    }),
  };
  for (const endpoint of endpoints) {
    metrics.lateResults.inc({ endpoint }, 0);
    metrics.handlerErrors.inc({ endpoint }, 0);
    metrics.unrecordedDenials.inc({ endpoint }, 0);
    for (const phase of phases) metrics.admissionDuration.zero({ endpoint, phase });
  }
  for (const kind of entryKinds) metrics.ledgerEntries.inc({ kind }, 0);
  for (const object of liveReadObjects) {
    for (const result of liveReadResults) metrics.liveReads.inc({ object, result }, 0);
  }
  for (const by of proofs) metrics.proofs.inc({ by }, 0);
  for (const result of registerWriteResults) metrics.registerWrites.inc({ result }, 0);
  for (const result of useSwapResults) metrics.useSwaps.inc({ result }, 0);
  for (const result of reloadResults) metrics.certificateReloads.inc({ result }, 0);
  return metrics;
};
