/** Where a server listens. `port` 0 takes a free port. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** How the API server proves itself to the webhook: by a client certificate, or by a path nobody can guess. */
export type CallersConfiguration =
  | { readonly kind: "client-certificate"; readonly clientCAFile: string; readonly commonNames: readonly string[] }
  | { readonly kind: "path"; readonly pathFile: string };

/** A group and resource that grow the protected set (never matched by "*"). */
export interface ProtectedResource {
  readonly apiGroup: string;
  readonly resource: string;
}

/**
 * Writ's configuration as the processes use it: defaults filled in, file names absolute, nothing optional that has a
 * default. Each field is described in docs/reference/configuration.md; the format is `config.writ.dev/v1alpha1`.
 */
export interface WritConfiguration {
  /** Absent: the service account of the pod. */
  readonly kubeconfig?: string;
  readonly agents: { readonly namespaces: readonly string[]; readonly group: string };
  readonly namespaces: { readonly system: string; readonly clusterApprovals: string };
  /** Name of the IdentityOwner whose suspension freezes every agent. */
  readonly rootOwner: string;
  readonly webhook: {
    readonly listen: ListenAddress;
    readonly tls: { readonly certFile: string; readonly keyFile: string };
    readonly callers: CallersConfiguration;
    /** Seconds for which a stopping webhook goes on serving, until its callers have learnt that it goes. */
    readonly lameDuckSeconds: number;
  };
  readonly attestation: {
    /** PKCS #8 PEM of an Ed25519 key. */
    readonly signingKeyFile: string;
    /** SPKI PEM of every Ed25519 key whose attestations count. */
    readonly verificationKeyFiles: readonly string[];
  };
  readonly ledger: { readonly directory: string; readonly writer: string };
  readonly telemetry: { readonly webhook: ListenAddress; readonly operator: ListenAddress };
  /** Present: until then (milliseconds since the epoch) denials outside the protected set are recorded, not enforced. */
  readonly shadow?: { readonly until: number };
  readonly protected: readonly ProtectedResource[];
  readonly limits: {
    /** Reviews decided at the same time; more are denied as Overloaded. */
    readonly maxConcurrent: number;
    /** 99th percentile of the event loop's lag, in milliseconds, above which new reviews are denied as Overloaded. */
    readonly maxEventLoopLag: number;
  };
}

/** A configuration file that cannot be used; `problems` holds one line each, every line names file and place. */
export class ConfigurationError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "ConfigurationError";
    this.problems = problems;
  }
}
