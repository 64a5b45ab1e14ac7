import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request, type Agent, type RequestOptions } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import type { AdmissionHandler, Answer } from "../../../../src/admission/handler.ts";
import { startAdmissionServer } from "../../../../src/admission/server/admission-server.ts";
import type { AdmissionServer, AdmissionServerOptions } from "../../../../src/admission/server/server-options.ts";
import { createLogger } from "../../../../src/telemetry/logger.ts";
import { createMetrics, type Metrics } from "../../../../src/telemetry/metrics.ts";
import { createAuthority, type Authority, type KeyPairPem } from "./certificates.ts";

export const segment = "s".repeat(40);
export const apiServerName = "kube-apiserver-webhook-client";
export const allow: Answer = { allowed: true, code: "Allowed", message: "" };

export const review = (request: object = {}, rest: object = {}): object => ({
  apiVersion: "admission.k8s.io/v1",
  kind: "AdmissionReview",
  request: {
    uid: "0a1b-uid",
    kind: { group: "apps", version: "v1", kind: "Deployment" },
    resource: { group: "apps", version: "v1", resource: "deployments" },
    name: "web",
    namespace: "shop",
    operation: "UPDATE",
    userInfo: { username: "system:serviceaccount:agents:bot", groups: ["system:authenticated"] },
    object: { metadata: { name: "web" } },
    oldObject: null,
    options: null,
    ...request,
  },
  ...rest,
});

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly review: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly response: {
      readonly uid: string;
      readonly allowed: boolean;
      readonly status?: {
        readonly code: number;
        readonly reason: string;
        readonly message: string;
        readonly details: { readonly causes: readonly { reason: string; message: string; field?: string }[] };
      };
      readonly warnings?: readonly string[];
      readonly auditAnnotations?: Readonly<Record<string, string>>;
      readonly patchType?: string;
      readonly patch?: string;
    };
  };
}

export interface SendOptions extends Omit<RequestOptions, "headers"> {
  readonly agent?: Agent;
  readonly headers?: Readonly<Record<string, string>>;
  /** A TLS session to resume. */
  readonly session?: Buffer | undefined;
}

/** One HTTPS request; the answer's body must be JSON. */
export const send = async (url: string, body: Buffer | string, options: SendOptions = {}): Promise<Reply> => {
  const headers = { "content-type": "application/json", ...options.headers };
  const outgoing = request(url, { method: "POST", agent: false, ...options, headers });
  const answered = once(outgoing, "response");
  outgoing.end(body);
  const [response] = (await answered) as [IncomingMessage];
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    review: JSON.parse(await text(response)) as Reply["review"],
  };
};

export interface Harness {
  readonly server: AdmissionServer;
  readonly metrics: Metrics;
  readonly authority: Authority;
  readonly directory: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly logged: () => string;
  /** Posts to `/gate` unless `path` says otherwise; an object is sent as JSON. */
  readonly post: (
    body: object | string | Buffer,
    options?: SendOptions & { readonly target?: string },
  ) => Promise<Reply>;
  readonly rejected: (reason: string) => Promise<number>;
}

const write = (directory: string, { cert, key }: KeyPairPem): void => {
  writeFileSync(join(directory, "tls.crt"), cert);
  writeFileSync(join(directory, "tls.key"), key);
};

export const valueOf = async (
  metric: { get: () => Promise<{ values: readonly { value: number; labels: object }[] }> },
  labels: Readonly<Record<string, string>>,
): Promise<number> => {
  const { values } = await metric.get();
  const found = values.find(({ labels: given }) =>
    Object.entries(labels).every(([key, value]) => Object.entries(given).some(([k, v]) => k === key && v === value)),
  );
  return found?.value ?? 0;
};

/** A server on a free port with real certificates, closed and removed when the test ends. */
export const start = async (
  overrides: Partial<AdmissionServerOptions> & {
    readonly gate?: AdmissionHandler;
    readonly mutualTls?: boolean;
  } = {},
): Promise<Harness> => {
  const { gate = async () => allow, mutualTls = false, ...options } = overrides;
  const directory = mkdtempSync(join(tmpdir(), "writ-edge-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const authority = await createAuthority("test authority");
  write(directory, await authority.serverCertificate());
  writeFileSync(join(directory, "path"), `${segment}\n`);
  writeFileSync(join(directory, "client-ca.crt"), authority.cert);
  const metrics = createMetrics();
  const lines: string[] = [];
  const certFile = join(directory, "tls.crt");
  const keyFile = join(directory, "tls.key");
  const server = await startAdmissionServer({
    listen: { host: "127.0.0.1", port: 0 },
    tls: { certFile, keyFile },
    callers: mutualTls
      ? { kind: "client-certificate", clientCAFile: join(directory, "client-ca.crt"), commonNames: [apiServerName] }
      : { kind: "path", pathFile: join(directory, "path") },
    handlers: { gate, guard: async () => allow, stamps: async () => allow },
    clock: () => Date.now(),
    metrics,
    log: createLogger({ level: "info", name: "test", destination: { write: (line) => void lines.push(line) } }),
    limits: { maxConcurrent: 64, maxEventLoopLag: 200 },
    eventLoopLag: () => 0,
    ...options,
  });
  onTestFinished(async () => {
    await server.close({ grace: 100 });
  });
  return {
    server,
    metrics,
    authority,
    directory,
    certFile,
    keyFile,
    logged: () => lines.join(""),
    post: (body, { target = "/gate", ...rest } = {}) =>
      send(`${server.url}${target}`, typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body), {
        ca: authority.cert,
        ...rest,
      }),
    rejected: (reason) => valueOf(metrics.rejectedInput, { reason }),
  };
};

export const replaceCertificate = write;
