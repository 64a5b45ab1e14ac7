import type { AttestationVerifier } from "./attestation.ts";
import type { Digests } from "./digest.ts";
import type { SshVerifier } from "./ssh/ssh-signature.ts";

/** What the lifecycle takes from the installation; the same for every object of a cluster. */
export interface Trust {
  /** The uid of the namespace kube-system. */
  readonly clusterId: string;
  readonly verify: AttestationVerifier;
  readonly verifySignature: SshVerifier;
  readonly digests: Digests;
  /** Where the approvals of cluster-scoped objects stand. */
  readonly clusterApprovalNamespace: string;
}
