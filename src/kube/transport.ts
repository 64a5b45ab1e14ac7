import { Agent, type Dispatcher } from "undici";
import type { KubeConnection } from "./kube-config.ts";
import { describeError, type KubeLog, type KubeMetrics } from "./telemetry.ts";

/** Calls and watches never share a connection: what kills one must not kill the other. */
type Purpose = "calls" | "watches";

export interface Route {
  readonly agent: Dispatcher;
  readonly origin: string;
  /** Path of the server's base URL, without a trailing slash. */
  readonly basePath: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The shared connections to one API server and what they are authenticated with. */
export interface Transport {
  /** Where to send a request now; reads credentials again when they are old. */
  route(purpose: Purpose): Promise<Route>;
  /** Reads the credentials again at once; true when they have changed. */
  refresh(): Promise<boolean>;
  /** New requests get new connections; those under way keep theirs. */
  suspect(purpose: Purpose): void;
  sockets(purpose: Purpose): number;
  close(): Promise<void>;
}

export interface TransportOptions {
  readonly connection: KubeConnection;
  readonly userAgent: string;
  readonly maxSockets: number;
  readonly credentialsMaxAgeMs: number;
  readonly monotonic: () => number;
  readonly log: KubeLog;
  readonly metrics: KubeMetrics;
}

export async function createTransport(options: TransportOptions): Promise<Transport> {
  const { connection, monotonic, log, metrics } = options;
  const url = new URL(connection.server);
  let credentials = await connection.credentials();
  let readAt = monotonic();
  let reading: Promise<boolean> | undefined;
  let closed = false;
  const agents: Record<Purpose, Agent> = { calls: newAgent("calls"), watches: newAgent("watches") };
  const retired: Record<Purpose, Set<Agent>> = { calls: new Set(), watches: new Set() };

  function newAgent(purpose: Purpose): Agent {
    return new Agent({
      // HTTP/1.1 on purpose: one connection per watch, so that a silent one can be cut by itself and
      // no GOAWAY or unacknowledged PING of a shared HTTP/2 connection is left to be noticed.
      allowH2: false,
      connections: purpose === "calls" ? options.maxSockets : null,
      // Our own deadlines rule; undici's would cut a quiet watch.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 30_000,
      connect: { ...credentials.tls, timeout: 5_000, keepAlive: true, keepAliveInitialDelay: 15_000 },
    });
  }

  // The old agent is not closed: undici's Agent forgets its connections then, and could neither be
  // destroyed nor counted any more. Idle connections end by themselves; watches do when they end.
  function replaceAgent(purpose: Purpose): void {
    for (const agent of retired[purpose]) {
      if (isIdle(agent)) retired[purpose].delete(agent);
    }
    retired[purpose].add(agents[purpose]);
    agents[purpose] = newAgent(purpose);
  }

  async function read(): Promise<boolean> {
    const fresh = await connection.credentials();
    readAt = monotonic();
    const tlsChanged = !same(fresh.tls, credentials.tls);
    const changed = tlsChanged || !same(fresh.headers, credentials.headers);
    credentials = fresh;
    if (tlsChanged && !closed) {
      log.info({}, "the API server's CA or our client certificate has changed: new connections");
      metrics.count("agents_rebuilt", { reason: "rotation" });
      replaceAgent("calls");
      replaceAgent("watches");
    }
    return changed;
  }

  /** A file that cannot be read just now (amid a rotation) is no reason to drop what still works. */
  async function refresh(): Promise<boolean> {
    reading ??= read()
      .catch((error: unknown) => {
        log.warn({ error: describeError(error) }, "credentials cannot be read; keeping the old ones");
        metrics.count("credentials_unreadable");
        return false;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  }

  return {
    route: async (purpose) => {
      if (monotonic() - readAt > options.credentialsMaxAgeMs) await refresh();
      return {
        agent: agents[purpose],
        origin: url.origin,
        basePath: url.pathname.replace(/\/$/, ""),
        headers: { "user-agent": options.userAgent, ...credentials.headers },
      };
    },
    refresh,
    suspect: (purpose) => {
      if (closed) return;
      metrics.count("agents_rebuilt", { reason: "suspicion" });
      replaceAgent(purpose);
    },
    sockets: (purpose) =>
      [agents[purpose], ...retired[purpose]]
        .flatMap((agent) => Object.values(agent.stats))
        .reduce((sum, stats) => sum + Number(stats.connected), 0),
    close: async () => {
      closed = true;
      const all = [agents.calls, agents.watches, ...retired.calls, ...retired.watches];
      await Promise.all(all.map((agent) => agent.destroy()));
    },
  };
}

/** Both sides come from one function, so their keys stand in one order. */
function same(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function isIdle(agent: Agent): boolean {
  return Object.values(agent.stats).every(({ connected, size }) => Number(connected) === 0 && size === 0);
}
