import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Metrics } from "./metrics.ts";

export interface Readiness {
  readonly ready: boolean;
  /** One line each: what is wanting. */
  readonly problems: readonly string[];
}

export interface TelemetryServerOptions {
  readonly host: string;
  readonly port: number;
  readonly metrics: Metrics;
  readonly ready: () => Readiness;
}

export interface TelemetryServer {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

const text = "text/plain; charset=utf-8";

/** Liveness says only that the process answers; readiness is the composition's judgement, and a throwing judge is "not ready". */
const judge = (ready: () => Readiness): Readiness => {
  try {
    return ready();
  } catch {
    return { ready: false, problems: ["readiness could not be determined"] };
  }
};

const listening = (server: Server, host: string, port: number): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("telemetry server has no TCP address"));
      else resolve(address);
    });
  });

/**
 * Plain HTTP on a port of its own: `/healthz` (200), `/readyz` (200, or 503 with one problem a line) and `/metrics`
 * (Prometheus text). It carries no secrets and no object names, so that probes need no certificate.
 */
export const startTelemetryServer = async (options: TelemetryServerOptions): Promise<TelemetryServer> => {
  const { host, port, metrics, ready } = options;
  const server = createServer((request, response) => {
    const send = (status: number, type: string, body: string): void => {
      response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
      response.end(request.method === "HEAD" ? undefined : body);
    };
    request.resume();
    if (request.method !== "GET" && request.method !== "HEAD") return send(405, text, "only GET\n");
    switch (String(request.url).split("?", 1)[0]) {
      case "/healthz":
        return send(200, text, "ok\n");
      case "/readyz": {
        const readiness = judge(ready);
        return readiness.ready
          ? send(200, text, "ok\n")
          : send(503, text, readiness.problems.map((problem) => `${problem}\n`).join(""));
      }
      case "/metrics":
        metrics.registry.metrics().then(
          (body) => send(200, metrics.registry.contentType, body),
          () => send(500, text, "metrics could not be collected\n"),
        );
        return;
      case undefined:
      default:
        return send(404, text, "not found: /healthz, /readyz, /metrics\n");
    }
  });
  server.requestTimeout = 10_000;
  const address = await listening(server, host, port);
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
