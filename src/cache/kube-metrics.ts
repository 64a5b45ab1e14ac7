import type { KubeMetrics } from "../kube/telemetry.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** Counts what the Kubernetes client tells in `writ_kube_events_total`; its label values are small closed sets. */
export function kubeMetrics(metrics: Metrics): KubeMetrics {
  return { count: (event, labels) => metrics.kubeEvents.inc({ event, ...labels }) };
}
