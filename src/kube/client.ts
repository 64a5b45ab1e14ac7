import { loadConnection, type KubeConnection } from "./kube-config.ts";
import { sendCall } from "./call.ts";
import { createTransport } from "./transport.ts";
import { noMetrics, silentLog, type KubeLog, type KubeMetrics } from "./telemetry.ts";
import { openWatch } from "./watch-stream.ts";

export { KubeError } from "./kube-error.ts";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface KubeRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Encoded path below the server, from `objectPath` or `collectionPath`. */
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Defaults to `application/json`; a PATCH must name its kind of patch. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** Until the whole answer has arrived; default 10 s. */
  readonly timeoutMs?: number;
}

export interface KubeResponse {
  readonly status: number;
  /** Parsed JSON; a string where the server did not answer JSON; undefined where it sent nothing. */
  readonly body: unknown;
  /** The API server's clock from the `Date` header, in ms since the epoch (whole seconds). */
  readonly serverDate: number | undefined;
}

export interface KubeWatchRequest {
  readonly path: string;
  readonly query: Query;
  /** Ends the stream; `watch` then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** Until the answer's headers have arrived; default 15 s. */
  readonly connectTimeoutMs?: number;
  readonly onOpen?: (response: { readonly serverDate: number | undefined }) => void;
  /** Called with the size of every piece received, before its lines. */
  readonly onBytes?: (bytes: number) => void;
  /** Called once per line, in order, synchronously. What it throws ends the stream. */
  readonly onLine: (line: string) => void;
}

/** Access to one API server as one identity. Raw JSON only. */
export interface KubeClient {
  readonly server: string;
  /**
   * One call. Throws `KubeError` for any status but 2xx and for failures to get an answer, and the
   * signal's reason when aborted. A GET that died on a connection which had gone stale is sent once
   * more; nothing else is ever repeated, except after a 401 with a token that has changed since.
   */
  request(request: KubeRequest): Promise<KubeResponse>;
  get(path: string, options?: Omit<KubeRequest, "method" | "path" | "body">): Promise<KubeResponse>;
  /** Resolves when the server ends the stream; rejects like `request`, and with what `onLine` throws. */
  watch(request: KubeWatchRequest): Promise<void>;
  /** Says that the watches' connections may be dead without our having been told: new ones are opened. */
  suspectWatches(): void;
  /** Open connections, for a metric: growth means a leak. */
  sockets(): { readonly calls: number; readonly watches: number };
  close(): Promise<void>;
}

export interface KubeClientOptions {
  /** Path of a kubeconfig file; absent: the service account of the pod we run in. */
  readonly kubeconfig?: string;
  /** A context of the kubeconfig; absent: its current one. */
  readonly context?: string;
  readonly userAgent?: string;
  /** Default time limit of a call in ms; 10,000. */
  readonly timeoutMs?: number;
  /** Connections for calls; 64. Watches have their own, one each. */
  readonly maxSockets?: number;
  /** Age in ms at which tokens, certificates and CA are read again; 60,000. */
  readonly credentialsMaxAgeMs?: number;
  readonly log?: KubeLog;
  readonly metrics?: KubeMetrics;
  /** Monotonic milliseconds. */
  readonly monotonic?: () => number;
}

/** Reads the configuration and the credentials; opens no connection yet. Throws a clear error if either is wrong. */
export async function createKubeClient(options: KubeClientOptions = {}): Promise<KubeClient> {
  const connection = await loadConnection(options);
  return createKubeClientFrom(connection, options);
}

/** A client for a connection that is described by hand. */
export async function createKubeClientFrom(
  connection: KubeConnection,
  options: KubeClientOptions = {},
): Promise<KubeClient> {
  const log = options.log ?? silentLog;
  const metrics = options.metrics ?? noMetrics;
  const transport = await createTransport({
    connection,
    userAgent: options.userAgent ?? "writ",
    maxSockets: options.maxSockets ?? 64,
    credentialsMaxAgeMs: options.credentialsMaxAgeMs ?? 60_000,
    monotonic: options.monotonic ?? (() => performance.now()),
    log,
    metrics,
  });
  const timeoutMs = options.timeoutMs ?? 10_000;
  const request = (call: KubeRequest): Promise<KubeResponse> => sendCall(transport, metrics, { timeoutMs, ...call });
  return {
    server: connection.server,
    request,
    get: (path, getOptions) => request({ ...getOptions, method: "GET", path }),
    watch: (watch) => openWatch(transport, watch),
    suspectWatches: () => transport.suspect("watches"),
    sockets: () => ({ calls: transport.sockets("calls"), watches: transport.sockets("watches") }),
    close: () => transport.close(),
  };
}
