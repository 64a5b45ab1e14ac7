import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { createKubeClientFrom, type KubeClient, type KubeClientOptions } from "../../../src/kube/client.ts";
import type { KubeObject, ResourceRef } from "../../../src/kube/resource.ts";

export const widgets: ResourceRef = { group: "example.com", version: "v1", plural: "widgets", namespaced: true };
export const widgetsPath = "/apis/example.com/v1/widgets";

export interface Widget extends KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly colour: string;
}

export interface Exchange {
  readonly url: URL;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** One misbehaviour; it takes the place of the server's own answer. */
export type Behaviour = (exchange: Exchange) => void;

export interface FakeApi {
  readonly url: string;
  readonly client: KubeClient;
  /** Every request so far, in order. */
  readonly requests: readonly Exchange[];
  /** TCP connections accepted so far. */
  readonly connections: () => number;
  readonly listRequests: () => readonly Exchange[];
  readonly watchRequests: () => readonly Exchange[];
  /** Answers that are being streamed now. */
  readonly openWatches: () => readonly ServerResponse[];
  /** What the next requests meet, one each; afterwards the server behaves. */
  readonly script: { readonly list: Behaviour[]; readonly watch: Behaviour[] };
  /** Creates or replaces an object and tells every open watch, unless `silently`. */
  readonly put: (name: string, options?: { colour?: string; uid?: string; silently?: boolean }) => Widget;
  readonly remove: (name: string, options?: { silently?: boolean }) => void;
  readonly send: (event: unknown) => void;
  /** The properly behaving answers, for a script that only adds to them. */
  readonly behave: Behaviour;
  readonly bookmark: (options?: { end?: boolean }) => unknown;
}

/**
 * An API server with one collection of widgets. Versions are words, not numbers, so that whoever
 * does arithmetic with them fails. Gone when the test has ended.
 */
export async function startFakeApi(options: KubeClientOptions = {}): Promise<FakeApi> {
  const objects = new Map<string, Widget>();
  let history: { readonly version: string; readonly event: unknown }[] = [];
  let counter = 0;
  let connections = 0;
  const requests: Exchange[] = [];
  const open = new Set<ServerResponse>();
  const script: { list: Behaviour[]; watch: Behaviour[] } = { list: [], watch: [] };
  // Scrambled, so that neither their numeric nor their alphabetic order means anything.
  const version = (): string => `v${((counter * 7919) % 10007).toString(36)}`;

  function send(event: unknown): void {
    for (const response of open) response.write(`${JSON.stringify(event)}\n`);
  }

  function record(type: string, object: Widget, silently: boolean): void {
    const event = { type, object };
    history = [...history, { version: object.metadata.resourceVersion, event: silently ? undefined : event }];
    if (!silently) send(event);
  }

  function bookmark({ end = false } = {}): unknown {
    return {
      type: "BOOKMARK",
      object: {
        apiVersion: "example.com/v1",
        kind: "Widget",
        metadata: {
          resourceVersion: version(),
          ...(end ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
        },
      },
    };
  }

  function answerList({ url, response }: Exchange): void {
    const limit = Number(url.searchParams.get("limit") ?? objects.size);
    const start = Number(url.searchParams.get("continue") ?? 0);
    const items = [...objects.values()].slice(start, start + limit);
    const more = start + limit < objects.size;
    answerJson(response, 200, {
      metadata: { resourceVersion: version(), ...(more ? { continue: String(start + limit) } : {}) },
      items,
    });
  }

  function answerWatch({ url, response }: Exchange): void {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (url.searchParams.get("sendInitialEvents") === "true") {
      for (const object of objects.values()) response.write(`${JSON.stringify({ type: "ADDED", object })}\n`);
      response.write(`${JSON.stringify(bookmark({ end: true }))}\n`);
    } else {
      const from = url.searchParams.get("resourceVersion");
      const index = history.findIndex((entry) => entry.version === from);
      for (const { event } of history.slice(index + 1)) {
        if (event !== undefined) response.write(`${JSON.stringify(event)}\n`);
      }
    }
    open.add(response);
    response.on("close", () => open.delete(response));
  }

  const isWatch = ({ url }: Exchange): boolean => url.searchParams.get("watch") === "true";
  const behave: Behaviour = (exchange) => (isWatch(exchange) ? answerWatch(exchange) : answerList(exchange));

  const server = createServer((request, response) => {
    const exchange = { url: new URL(request.url ?? "/", "http://fake"), request, response };
    requests.push(exchange);
    const scripted = isWatch(exchange) ? script.watch.shift() : script.list.shift();
    (scripted ?? behave)(exchange);
  });
  server.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const client = await createKubeClientFrom(
    { server: url, credentials: () => Promise.resolve({ tls: {}, headers: { authorization: "Bearer token" } }) },
    options,
  );
  onTestFinished(async () => {
    await client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  return {
    url,
    client,
    requests,
    connections: () => connections,
    listRequests: () => requests.filter((exchange) => !isWatch(exchange)),
    watchRequests: () => requests.filter(isWatch),
    openWatches: () => [...open],
    script,
    send,
    behave,
    bookmark,
    put: (name, { colour = "red", uid, silently = false } = {}) => {
      counter += 1;
      const known = objects.get(name);
      const replaced = known !== undefined && (uid === undefined || uid === known.metadata.uid);
      const object: Widget = {
        apiVersion: "example.com/v1",
        kind: "Widget",
        metadata: {
          namespace: "default",
          name,
          uid: uid ?? known?.metadata.uid ?? `uid-${name}`,
          resourceVersion: version(),
        },
        colour,
      };
      objects.set(name, object);
      record(replaced ? "MODIFIED" : "ADDED", object, silently);
      return object;
    },
    remove: (name, { silently = false } = {}) => {
      const known = objects.get(name);
      if (known === undefined) return;
      counter += 1;
      objects.delete(name);
      record("DELETED", { ...known, metadata: { ...known.metadata, resourceVersion: version() } }, silently);
    },
  };
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

export function statusBody(code: number, reason: string): unknown {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message: `scripted ${reason}` };
}

export function refuse(status: number, reason: string, headers: Readonly<Record<string, string>> = {}): Behaviour {
  return ({ response }) => answerJson(response, status, statusBody(status, reason), headers);
}

/** Streams these lines as they are and ends, or stays silent when `stay`. */
export function stream(lines: readonly string[], options: { readonly stay?: boolean } = {}): Behaviour {
  return ({ response }) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    response.write(lines.join(""));
    if (options.stay !== true) response.end();
  };
}

/** The connection is reset before any answer. */
export const reset: Behaviour = ({ request }) => void request.socket.resetAndDestroy();

/** No answer, ever. */
export const hang: Behaviour = () => undefined;
