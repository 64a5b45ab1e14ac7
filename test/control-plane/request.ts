import { type Agent, type RequestOptions, request as httpsRequest } from "node:https";
import type { Credentials } from "./kubeconfig.ts";

export interface ApiRequest {
  /** GET without a body, else POST. */
  readonly method?: string;
  /** Sent as JSON; a string or bytes are sent as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** The body as JSON. @throws SyntaxError when it is none. */
  json(): unknown;
}

/** One HTTPS request, for what kubectl hides: status codes, headers, raw bodies. Rejects only when no answer came. */
export function sendRequest(
  url: string,
  credentials: Credentials | undefined,
  connection: { readonly agent?: Agent; readonly ca: string },
  request: ApiRequest = {},
): Promise<ApiResponse> {
  const { body } = request;
  const payload =
    body === undefined || typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
  const options: RequestOptions = {
    method: request.method ?? (payload === undefined ? "GET" : "POST"),
    ca: connection.ca,
    ...(connection.agent === undefined ? {} : { agent: connection.agent }),
    ...(credentials === undefined || "token" in credentials
      ? {}
      : { cert: credentials.certificate, key: credentials.key }),
    headers: {
      accept: "application/json",
      ...(payload === undefined
        ? {}
        : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
      ...(credentials !== undefined && "token" in credentials ? { authorization: `Bearer ${credentials.token}` } : {}),
      ...request.headers,
    },
  };
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(url, options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text,
          json: () => JSON.parse(text) as unknown,
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(payload);
  });
}
