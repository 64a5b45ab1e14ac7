import type { AttestationVerifier } from "./attestation.ts";

/** What the lifecycle takes from the installation; the same for every object of a cluster. */
export interface Trust {
  /** The uid of the namespace kube-system. */
  readonly clusterId: string;
  readonly verify: AttestationVerifier;
  /** Group of agents that are no service accounts: no member of it decides anything. */
  readonly clusterApprovalNamespace: string;
}
