import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createKubeClientFrom, type KubeClient, KubeError } from "../../../src/kube/client.ts";
import type { KubeCredentials } from "../../../src/kube/kube-config.ts";
import { createAuthority } from "../../control-plane/pki.ts";
import { answerJson, hang, refuse, reset, startFakeApi, statusBody, widgetsPath } from "./fake-api.ts";

const path = `${widgetsPath}/x`;

describe("a call", () => {
  test("gives status, body and the server's clock", async () => {
    const api = await startFakeApi();
    api.script.list.push(({ response }) =>
      answerJson(response, 201, { a: 1 }, { date: "Sun, 06 Nov 1994 08:49:37 GMT" }),
    );
    expect(await api.client.get(path)).toEqual({
      status: 201,
      body: { a: 1 },
      serverDate: Date.UTC(1994, 10, 6, 8, 49, 37),
    });
  });

  test("sends method, query, body and headers", async () => {
    const api = await startFakeApi({ userAgent: "writ/test" });
    const received = new Promise((resolve) => {
      api.script.list.push(({ url, request, response }) => {
        request
          .setEncoding("utf8")
          .on("data", (body) => resolve({ url: url.toString(), headers: request.headers, body }));
        answerJson(response, 200, {});
      });
    });
    await api.client.request({
      method: "PATCH",
      path,
      query: { fieldManager: "a&b", dryRun: undefined, force: true },
      body: { ü: 1 },
      contentType: "application/merge-patch+json",
    });
    expect(await received).toMatchObject({
      url: `http://fake${path}?fieldManager=a%26b&force=true`,
      body: '{"ü":1}',
      headers: {
        "user-agent": "writ/test",
        authorization: "Bearer token",
        "content-type": "application/merge-patch+json",
      },
    });
  });

  test.each([
    [404, "NotFound"],
    [409, "Conflict"],
    [422, "Invalid"],
  ])("throws what the server's Status says about %i", async (status, reason) => {
    const api = await startFakeApi();
    api.script.list.push(refuse(status, reason));
    const error = await api.client.get(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(KubeError);
    expect(error).toMatchObject({ status, reason, message: `scripted ${reason}` });
    expect(api.requests).toHaveLength(1);
  });

  test("tells how long the server wants us to wait, from the header or the Status", async () => {
    const api = await startFakeApi();
    api.script.list.push(refuse(429, "TooManyRequests", { "retry-after": "7" }), ({ response }) =>
      answerJson(response, 503, { details: { retryAfterSeconds: 9 } }),
    );
    await expect(api.client.get(path)).rejects.toMatchObject({ retryAfterSeconds: 7 });
    await expect(api.client.get(path)).rejects.toMatchObject({ retryAfterSeconds: 9, reason: "Unknown" });
  });

  test.each(["<html>", "null", "[]", '{"reason":5,"message":{},"details":"x"}'])(
    "throws a KubeError however odd the refusal's body is: %s",
    async (body) => {
      const api = await startFakeApi();
      api.script.list.push(({ response }) => {
        response.writeHead(502, { "content-type": "application/json" }).end(body);
      });
      await expect(api.client.get(path)).rejects.toMatchObject({ name: "KubeError", status: 502, reason: "Unknown" });
    },
  );

  test("reads compressed answers, plain text and empty ones", async () => {
    const api = await startFakeApi();
    api.script.list.push(
      ({ response }) => {
        response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
        response.end(gzipSync('{"a":1}'));
      },
      ({ response }) => void response.writeHead(200, { "content-type": "text/plain" }).end("ok"),
      ({ response }) => void response.writeHead(204).end(),
    );
    expect((await api.client.get(path)).body).toEqual({ a: 1 });
    expect((await api.client.get("/readyz")).body).toBe("ok");
    expect((await api.client.get(path)).body).toBeUndefined();
  });

  test("throws when a success is not JSON although it says so", async () => {
    const api = await startFakeApi();
    api.script.list.push(({ response }) => {
      response.writeHead(200, { "content-type": "application/json" }).end('{"a":');
    });
    await expect(api.client.get(path)).rejects.toMatchObject({ status: 0, reason: "InvalidResponse" });
  });

  test("ends at its time limit, and no older connection is trusted after that", async () => {
    const api = await startFakeApi();
    await Promise.all([1, 2, 3].map(() => api.client.get(path)));
    const connections = api.connections();
    api.script.list.push(hang);
    await expect(api.client.get(path, { timeoutMs: 20 })).rejects.toMatchObject({ status: 0, reason: "Timeout" });
    await api.client.get(path);
    expect(api.connections()).toBe(connections + 1);
  });

  test("covers the reading of the body by its time limit", async () => {
    const api = await startFakeApi();
    api.script.list.push(({ response }) => {
      response.writeHead(200, { "content-type": "application/json" }).write('{"a":');
    });
    await expect(api.client.get(path, { timeoutMs: 50 })).rejects.toMatchObject({ reason: "Timeout" });
  });

  test("rejects with the caller's own reason when aborted", async () => {
    const api = await startFakeApi();
    api.script.list.push(hang);
    const abort = new AbortController();
    const call = api.client.get(path, { signal: abort.signal });
    const reason = new Error("not needed any more");
    await vi.waitFor(() => expect(api.requests).toHaveLength(1));
    abort.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect(api.client.get(path, { signal: abort.signal })).rejects.toBe(reason);
    expect(api.requests).toHaveLength(1);
  });

  test("reports a server that is not there", async () => {
    const client = await createKubeClientFrom({
      server: `http://127.0.0.1:${String(await closedPort())}`,
      credentials: () => Promise.resolve({ tls: {}, headers: {} }),
    });
    onTestFinished(() => client.close());
    await expect(client.get("/x")).rejects.toMatchObject({ name: "KubeError", status: 0, reason: "Unreachable" });
  });

  test("is repeated once over a connection that has gone stale if it reads, never if it writes", async () => {
    const api = await startFakeApi();
    api.script.list.push(reset);
    await api.client.get(path);
    expect(api.requests).toHaveLength(2);
    api.script.list.push(reset, reset);
    await expect(api.client.get(path)).rejects.toMatchObject({ reason: "Unreachable" });
    expect(api.requests).toHaveLength(4);
    api.script.list.push(reset);
    await expect(api.client.request({ method: "POST", path, body: {} })).rejects.toMatchObject({
      reason: "Unreachable",
    });
    expect(api.requests).toHaveLength(5);
  });
});

describe("connections", () => {
  test("are shared by calls", async () => {
    const api = await startFakeApi();
    for (let call = 0; call < 50; call += 1) await api.client.get(path);
    // Two, since the next call may begin before the last one's connection counts as free.
    expect(api.connections()).toBeLessThanOrEqual(2);
    expect(api.client.sockets().calls).toBe(api.connections());
    expect(api.client.sockets().watches).toBe(0);
  });

  test("stay below their limit however many calls are made at once", async () => {
    const api = await startFakeApi({ maxSockets: 3 });
    await Promise.all(Array.from({ length: 40 }, () => api.client.get(path)));
    expect(api.connections()).toBe(3);
  });

  test("of watches are not those of calls", async () => {
    const api = await startFakeApi();
    const abort = new AbortController();
    const watch = api.client.watch({ path: widgetsPath, query: {}, signal: abort.signal, onLine: () => undefined });
    const ended = expect(watch).rejects.toBeDefined();
    await vi.waitFor(() => expect(api.openWatches()).toHaveLength(1));
    await api.client.get(path);
    expect(api.connections()).toBe(2);
    abort.abort();
    await ended;
  });

  test("that are suspected are left to those who use them and replaced for all others", async () => {
    const api = await startFakeApi();
    const lines: string[] = [];
    const abort = new AbortController();
    const open = (): Promise<void> =>
      api.client.watch({ path: widgetsPath, query: {}, signal: abort.signal, onLine: (text) => lines.push(text) });
    const ended = expect(open()).rejects.toBeDefined();
    await vi.waitFor(() => expect(api.openWatches()).toHaveLength(1));
    api.client.suspectWatches();
    api.put("a");
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    abort.abort();
    await ended;
    await vi.waitFor(() => expect(api.client.sockets().watches).toBe(0));
  });

  test("are all gone once the client is closed, with watches under way", async () => {
    const api = await startFakeApi();
    const signal = new AbortController().signal;
    const watch = api.client.watch({ path: widgetsPath, query: {}, signal, onLine: () => undefined });
    const ended = expect(watch).rejects.toBeDefined();
    await vi.waitFor(() => expect(api.openWatches()).toHaveLength(1));
    api.client.suspectWatches();
    await api.client.close();
    await ended;
    await vi.waitFor(() => expect(api.openWatches()).toHaveLength(0));
  });
});

describe("a watch", () => {
  test("passes compressed lines on as they come, not when the stream ends", async () => {
    const api = await startFakeApi();
    api.script.watch.push(({ response }) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      // A gzip stream without its end, as long as the watch lives.
      response.write(gzipSync("one\ntwo\n").subarray(0, -8));
    });
    const lines: string[] = [];
    const abort = new AbortController();
    const watch = api.client.watch({
      path: widgetsPath,
      query: {},
      signal: abort.signal,
      onLine: (text) => lines.push(text),
    });
    const ended = expect(watch).rejects.toBeDefined();
    await vi.waitFor(() => expect(lines).toEqual(["one", "two"]));
    abort.abort();
    await ended;
  });

  test("gives up when no answer begins in time", async () => {
    const api = await startFakeApi();
    api.script.watch.push(hang);
    const signal = new AbortController().signal;
    await expect(
      api.client.watch({ path: widgetsPath, query: {}, signal, connectTimeoutMs: 20, onLine: () => undefined }),
    ).rejects.toMatchObject({ reason: "Timeout" });
  });

  test("ends with what its line handler throws, and takes no line after", async () => {
    const api = await startFakeApi();
    api.script.watch.push(({ response }) => void response.writeHead(200).write("one\ntwo\n"));
    const seen: string[] = [];
    const broken = new Error("cannot use this");
    const watch = api.client.watch({
      path: widgetsPath,
      query: {},
      signal: new AbortController().signal,
      onLine: (text) => {
        seen.push(text);
        throw broken;
      },
    });
    await expect(watch).rejects.toBe(broken);
    expect(seen).toEqual(["one"]);
    await vi.waitFor(() => expect(api.client.sockets().watches).toBe(0));
  });

  test("refuses a line without end before it fills the memory", async () => {
    const api = await startFakeApi();
    api.script.watch.push(({ response }) => void response.writeHead(200).write("x".repeat(17 * 1024 * 1024)));
    const signal = new AbortController().signal;
    await expect(api.client.watch({ path: widgetsPath, query: {}, signal, onLine: () => undefined })).rejects.toThrow(
      "longer than",
    );
  });
});

describe("credentials", () => {
  test("are read again after a 401, and the call repeated only if they have changed", async () => {
    const api = await startFakeApi();
    let token = "old";
    const { client } = await connect(api.url, () => ({ tls: {}, headers: { authorization: `Bearer ${token}` } }));
    api.script.list.push(refuse(401, "Unauthorized"));
    await expect(client.get(path)).rejects.toMatchObject({ status: 401 });
    expect(api.requests).toHaveLength(1);
    token = "new";
    api.script.list.push(refuse(401, "Unauthorized"));
    await client.get(path);
    expect(api.requests.at(-1)?.request.headers.authorization).toBe("Bearer new");
  });

  test("of a watch are read again after a 401", async () => {
    const api = await startFakeApi();
    let token = "old";
    const { client } = await connect(api.url, () => ({ tls: {}, headers: { authorization: `Bearer ${token}` } }));
    token = "new";
    api.script.watch.push(refuse(401, "Unauthorized"), ({ response }) => void response.writeHead(200).end());
    const watch = { path: widgetsPath, query: {}, signal: new AbortController().signal, onLine: () => undefined };
    await expect(client.watch(watch)).rejects.toMatchObject({ status: 401 });
    await client.watch(watch);
    expect(api.requests.at(-1)?.request.headers.authorization).toBe("Bearer new");
  });

  test("are read again when they are old, and kept when they cannot be read", async () => {
    const api = await startFakeApi();
    let now = 0;
    let read = (): KubeCredentials => ({ tls: {}, headers: { authorization: "Bearer one" } });
    const { client, counts } = await connect(
      api.url,
      () => read(),
      () => now,
    );
    const authorization = async (): Promise<string | undefined> => {
      await client.get(path);
      return api.requests.at(-1)?.request.headers.authorization;
    };
    read = () => ({ tls: {}, headers: { authorization: "Bearer two" } });
    expect(await authorization()).toBe("Bearer one");
    now += 61_000;
    expect(await authorization()).toBe("Bearer two");
    read = () => {
      throw new Error("amid a rotation");
    };
    now += 61_000;
    expect(await authorization()).toBe("Bearer two");
    expect(counts).toContain("credentials_unreadable");
  });

  test("lead to new connections when the CA has been rotated, and a server of another CA is refused", async () => {
    const [oldCa, newCa] = await Promise.all([createAuthority("old"), createAuthority("new")]);
    const { certificate, key } = await newCa.server("api");
    const server = createTlsServer({ cert: certificate, key }, (_request, response) =>
      answerJson(response, 200, statusBody(200, "Fine")),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    let now = 0;
    let ca = oldCa.certificate;
    const url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const { client, counts } = await connect(
      url,
      () => ({ tls: { ca }, headers: {} }),
      () => now,
    );
    await expect(client.get("/x")).rejects.toMatchObject({ status: 0, reason: "Unreachable" });
    ca = newCa.certificate;
    now += 61_000;
    expect((await client.get("/x")).status).toBe(200);
    expect(counts).toContain("agents_rebuilt");
  });
});

async function connect(
  server: string,
  read: () => KubeCredentials,
  monotonic: () => number = () => 0,
): Promise<{ client: KubeClient; counts: string[] }> {
  const counts: string[] = [];
  const client = await createKubeClientFrom(
    { server, credentials: async () => read() },
    { monotonic, metrics: { count: (event) => counts.push(event) } },
  );
  onTestFinished(() => client.close());
  return { client, counts };
}

async function closedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
