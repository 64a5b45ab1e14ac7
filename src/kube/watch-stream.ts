import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { header, queryString, serverDate } from "./call.ts";
import type { KubeWatchRequest } from "./client.ts";
import { startDeadline } from "./deadline.ts";
import { errorFromStatus, KubeError } from "./kube-error.ts";
import { createLineSplitter } from "./line-splitter.ts";
import { describeError } from "./telemetry.ts";
import type { Transport } from "./transport.ts";

/** One watch, as `KubeClient.watch` promises it. */
export async function openWatch(transport: Transport, request: KubeWatchRequest): Promise<void> {
  try {
    await streamLines(transport, request);
  } catch (error) {
    if (request.signal.aborted) throw request.signal.reason;
    if (error instanceof KubeError && error.status === 401) await transport.refresh();
    throw error;
  }
}

async function streamLines(transport: Transport, request: KubeWatchRequest): Promise<void> {
  const route = await transport.route("watches");
  const deadline = startDeadline(request.connectTimeoutMs ?? 15_000, request.signal);
  const response = await route.agent
    .request({
      origin: route.origin,
      path: `${route.basePath}${request.path}${queryString({ ...request.query, watch: true })}`,
      method: "GET",
      headers: { ...route.headers, accept: "application/json", "accept-encoding": "gzip" },
      signal: deadline.signal,
    })
    .catch((error: unknown) => {
      throw new KubeError({
        status: 0,
        reason: deadline.expired() ? "Timeout" : "Unreachable",
        message: `watch ${request.path}: ${describeError(error)}`,
        cause: error,
      });
    })
    .finally(deadline.clear);
  if (response.statusCode !== 200) {
    const body: unknown = await response.body.json().catch(() => undefined);
    throw errorFromStatus(response.statusCode, body, header(response.headers, "retry-after"));
  }
  request.onOpen?.({ serverDate: serverDate(response.headers) });
  await readLines(response.body, header(response.headers, "content-encoding") === "gzip", request);
}

/** What `onLine` throws ends the pipeline, and with it the connection. */
async function readLines(body: Readable, gzip: boolean, request: KubeWatchRequest): Promise<void> {
  const lines = createLineSplitter(request.onLine);
  await pipeline(
    body,
    async function* count(source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        request.onBytes?.(chunk.length);
        yield chunk;
      }
    },
    gzip ? createGunzip() : new PassThrough(),
    async (source: AsyncIterable<Buffer>) => {
      for await (const chunk of source) lines.push(chunk);
    },
    { signal: request.signal },
  );
  lines.end();
}
