/** What kstatus looks at of an object; other members mean nothing to it. */
export interface Observed {
  readonly metadata: { readonly generation?: number; readonly deletionTimestamp?: string };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

export type Kstatus = "Terminating" | "InProgress" | "Failed" | "Current";

/**
 * What kstatus makes of a custom resource, as sigs.k8s.io/cli-utils documents it (pkg/kstatus/README.md; Compute in
 * pkg/kstatus/status/status.go and generic.go): deletion, the observed generation, Reconciling and Stalled in the order
 * in which they stand, Ready, and else Current. Flux, Helm 4 and kpt wait by it.
 */
export function kstatus({ metadata, status = {} }: Observed): Kstatus {
  if (metadata.deletionTimestamp !== undefined && metadata.deletionTimestamp !== "") return "Terminating";
  const { observedGeneration, conditions = [] } = status;
  const behind = observedGeneration !== undefined && observedGeneration !== metadata.generation;
  if (metadata.generation !== undefined && behind) return "InProgress";
  for (const condition of conditions.filter((one) => one.status === "True")) {
    if (condition.type === "Reconciling") return "InProgress";
    if (condition.type === "Stalled") return "Failed";
  }
  const ready = conditions.find(({ type, status: text }) => type === "Ready" && /^(True|False|Unknown)$/.test(text));
  return ready === undefined || ready.status === "True" ? "Current" : "InProgress";
}
