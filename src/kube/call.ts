import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { KubeRequest, KubeResponse, Query } from "./client.ts";
import { startDeadline } from "./deadline.ts";
import { errorFromStatus, KubeError } from "./kube-error.ts";
import { describeError, type KubeMetrics } from "./telemetry.ts";
import type { Route, Transport } from "./transport.ts";

const inflate = promisify(gunzip);

export type TimedRequest = KubeRequest & { readonly timeoutMs: number };

/** One API call, as `KubeClient.request` promises it. */
export async function sendCall(
  transport: Transport,
  metrics: KubeMetrics,
  request: TimedRequest,
): Promise<KubeResponse> {
  const deadline = startDeadline(request.timeoutMs, request.signal);
  try {
    const response = await sendWithRetry(transport, metrics, request, deadline.signal);
    metrics.count("call", { outcome: "ok" });
    return response;
  } catch (error) {
    if (error instanceof KubeError) {
      metrics.count("call", { outcome: "refused" });
      throw error;
    }
    if (request.signal?.aborted === true && !deadline.expired()) throw error;
    metrics.count("call", { outcome: "failed" });
    // Pooled connections of a link that died without a reset all look alive: leave them behind.
    if (deadline.expired()) transport.suspect("calls");
    throw new KubeError({
      status: 0,
      reason: deadline.expired() ? "Timeout" : "Unreachable",
      message: `${request.method} ${request.path}: ${describeError(error)}`,
      cause: error,
    });
  } finally {
    deadline.clear();
  }
}

async function sendWithRetry(
  transport: Transport,
  metrics: KubeMetrics,
  request: TimedRequest,
  signal: AbortSignal,
): Promise<KubeResponse> {
  try {
    return await sendOnce(await transport.route("calls"), request, signal);
  } catch (error) {
    const stale = request.method === "GET" && !signal.aborted && isStaleConnection(error);
    const renewed = error instanceof KubeError && error.status === 401 && (await transport.refresh());
    if (!stale && !renewed) throw error;
    metrics.count("call_retried");
    return await sendOnce(await transport.route("calls"), request, signal);
  }
}

async function sendOnce(route: Route, request: TimedRequest, signal: AbortSignal): Promise<KubeResponse> {
  const hasBody = request.body !== undefined;
  const response = await route.agent.request({
    origin: route.origin,
    path: `${route.basePath}${request.path}${queryString(request.query)}`,
    method: request.method,
    headers: {
      ...route.headers,
      accept: "application/json",
      "accept-encoding": "gzip",
      ...(hasBody ? { "content-type": request.contentType ?? "application/json" } : {}),
    },
    body: hasBody ? JSON.stringify(request.body) : null,
    signal,
  });
  const raw = Buffer.from(await response.body.arrayBuffer());
  const bytes = header(response.headers, "content-encoding") === "gzip" ? await inflate(raw) : raw;
  const ok = response.statusCode >= 200 && response.statusCode < 300;
  const isJson = header(response.headers, "content-type")?.startsWith("application/json") === true;
  const body = isJson ? parseBody(bytes, request, ok) : bytes.length === 0 ? undefined : bytes.toString("utf8");
  if (!ok) throw errorFromStatus(response.statusCode, body, header(response.headers, "retry-after"));
  return {
    status: response.statusCode,
    body,
    serverDate: serverDate(response.headers),
  };
}

function parseBody(bytes: Buffer, request: TimedRequest, ok: boolean): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    if (!ok) return undefined;
    throw new KubeError({
      status: 0,
      reason: "InvalidResponse",
      message: `${request.method} ${request.path}: the answer is not JSON`,
      cause: error,
    });
  }
}

export type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

export function header(headers: ResponseHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}

/** The `Date` header (RFC 9110 6.6.1) in ms since the epoch. */
export function serverDate(headers: ResponseHeaders): number | undefined {
  const date = Date.parse(header(headers, "date") ?? "");
  return Number.isNaN(date) ? undefined : date;
}

export function queryString(query: Query | undefined): string {
  const entries = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return entries.length === 0 ? "" : `?${new URLSearchParams(entries).toString()}`;
}

/** The server closed an idle connection at the moment at which we reused it. */
function isStaleConnection(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "UND_ERR_SOCKET" || code === "ECONNRESET" || code === "EPIPE";
}
