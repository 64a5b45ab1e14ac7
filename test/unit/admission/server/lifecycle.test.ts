import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { Agent, type Server } from "node:https";
import { createServer } from "node:net";
import { text } from "node:stream/consumers";
import { connect } from "node:tls";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createAuthority } from "./certificates.ts";
import { allow, apiServerName, replaceCertificate, review, start, valueOf } from "./harness.ts";

const keptAlive = (): Agent => new Agent({ keepAlive: true, maxSockets: 8 });

/** Fingerprint of the certificate that a new connection is shown. */
const servedFingerprint = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on("error", reject);
  });

describe("connections", () => {
  test("idle ones outlive the API server's 90 s; headers and requests have a time limit", async () => {
    const seen: Server[] = [];
    const listener = (message: unknown): void => void seen.push((message as { server: Server }).server);
    subscribe("http.server.request.start", listener);
    const { post } = await start();
    const reply = await post(review(), { agent: keptAlive() });
    unsubscribe("http.server.request.start", listener);
    expect(reply.headers["keep-alive"]).toBe("timeout=120");
    expect(seen[0]).toMatchObject({ keepAliveTimeout: 120_000, headersTimeout: 32_000, requestTimeout: 15_000 });
  });

  test("many reviews travel over one connection", async () => {
    const ports = new Set<number | undefined>();
    const listener = (message: unknown): void =>
      void ports.add((message as { socket: { remotePort: number } }).socket.remotePort);
    subscribe("http.server.request.start", listener);
    const { post } = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let index = 0; index < 20; index += 1) await post(review(), { agent });
    unsubscribe("http.server.request.start", listener);
    agent.destroy();
    expect(ports.size).toBe(1);
  });

  test("an address that is taken is an error, not a server elsewhere", async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
    const address = blocker.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(start({ listen: { host: "127.0.0.1", port } })).rejects.toThrow(/EADDRINUSE/);
    await new Promise((resolve) => blocker.close(resolve));
  });
});

describe("certificates", () => {
  test("a new pair is served without a restart, and its expiry exported", async () => {
    const { server, authority, directory, metrics, post } = await start();
    const port = Number(new URL(server.url).port);
    const before = await servedFingerprint(port);
    replaceCertificate(directory, await authority.serverCertificate(7));
    await expect.poll(async () => (await server.reload(), servedFingerprint(port))).not.toBe(before);
    expect((await post(review())).review.response.allowed).toBe(true);
    const expiry = await valueOf(metrics.certificateExpiry, {});
    expect(Math.round((expiry * 1_000 - Date.now()) / 86_400_000)).toBe(7);
  });

  test("a change is noticed by itself", async () => {
    const { server, authority, directory } = await start();
    const port = Number(new URL(server.url).port);
    const before = await servedFingerprint(port);
    replaceCertificate(directory, await authority.serverCertificate());
    await expect.poll(() => servedFingerprint(port), { timeout: 20_000 }).not.toBe(before);
  });

  test("a key that does not match, a missing and an empty file keep the old pair and are counted", async () => {
    const { server, authority, certFile, keyFile, metrics, post } = await start();
    const port = Number(new URL(server.url).port);
    const before = await servedFingerprint(port);
    const other = await authority.serverCertificate();
    writeFileSync(keyFile, other.key);
    expect(await server.reload()).toBe(false);
    writeFileSync(certFile, "");
    expect(await server.reload()).toBe(false);
    rmSync(certFile);
    expect(await server.reload()).toBe(false);
    expect(await servedFingerprint(port)).toBe(before);
    expect(await valueOf(metrics.certificateReloads, { result: "error" })).toBeGreaterThanOrEqual(3);
    expect((await post(review())).review.response.allowed).toBe(true);
  });

  test("a new client authority counts without a restart, and the old one no longer", async () => {
    const { server, authority, directory, post } = await start({ mutualTls: true });
    const next = await createAuthority("next authority");
    const [oldClient, newClient] = [
      await authority.clientCertificate(apiServerName),
      await next.clientCertificate(apiServerName),
    ];
    expect((await post(review(), newClient)).review.response.allowed).toBe(false);
    writeFileSync(join(directory, "client-ca.crt"), next.cert);
    await server.reload();
    await expect.poll(async () => (await post(review(), newClient)).review.response.allowed).toBe(true);
    expect((await post(review(), oldClient)).review.response.allowed).toBe(false);
  });

  test("files that cannot be used keep the server from starting, by name", async () => {
    const { certFile, directory } = await start();
    const empty = join(directory, "empty.pem");
    writeFileSync(empty, "");
    await expect(start({ tls: { certFile: empty, keyFile: empty } })).rejects.toThrow(/empty\.pem: holds no PEM/);
    const other = await (await createAuthority("other")).serverCertificate();
    const otherKey = join(directory, "other.key");
    writeFileSync(otherKey, other.key);
    await expect(start({ tls: { certFile, keyFile: otherKey } })).rejects.toThrow(/other\.key: is not the key/);
  });
});

describe("closing", () => {
  test("under load no request is lost and every connection ends", async () => {
    const { server, authority, post } = await start({
      gate: async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return allow;
      },
    });
    const agent = keptAlive();
    const stop = new AbortController();
    let answered = 0;
    const failures: unknown[] = [];
    const worker = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        try {
          const reply = await post(review(), { agent, ca: authority.cert });
          if (reply.review.response.allowed) answered += 1;
          else failures.push(reply.review);
        } catch (error) {
          failures.push(error);
        }
      }
    };
    const workers = Array.from({ length: 8 }, worker);
    await expect.poll(() => answered).toBeGreaterThan(20);
    const before = answered;
    // Long enough that the callers have gone before it ends, however slow the machine is.
    const closed = server.close({ lameDuck: 3_000, grace: 5_000 });
    await expect.poll(() => answered).toBeGreaterThan(before + 20);
    stop.abort();
    await Promise.all(workers);
    await closed;
    agent.destroy();
    expect(failures).toEqual([]);
    await expect(post(review())).rejects.toThrow(/ECONNREFUSED/);
  });

  test("while draining every answer asks to close its connection", async () => {
    const { server, post } = await start();
    const agent = keptAlive();
    await post(review(), { agent });
    const closed = server.close({ lameDuck: 200 });
    expect((await post(review(), { agent })).headers["connection"]).toBe("close");
    await closed;
    agent.destroy();
  });

  test("a review in flight is answered although closing has begun", async () => {
    const waiting: (() => void)[] = [];
    const { server, post } = await start({ gate: () => new Promise((done) => waiting.push(() => done(allow))) });
    const pending = post(review()).then((reply) => reply.review.response.allowed);
    await expect.poll(() => waiting.length).toBe(1);
    const closed = server.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    waiting[0]?.();
    expect(await pending).toBe(true);
    await closed;
  });

  test("a review whose first bytes came before closing is read to its end and answered", async () => {
    const { server, authority } = await start();
    const { port, pathname } = new URL(server.url);
    const body = JSON.stringify(review());
    const head = `POST ${pathname}/gate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
    const socket = connect({ port: Number(port), host: "127.0.0.1", ca: authority.cert });
    await once(socket, "secureConnect");
    const answer = text(socket);
    socket.write(head);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closed = server.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    expect(await answer).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*connection: close[\s\S]*"allowed":true/i);
    await closed;
  });

  test("a handler that never ends does not keep the server from closing", async () => {
    let started = false;
    const { server, post } = await start({
      gate: () => {
        started = true;
        return new Promise(() => {});
      },
    });
    const pending = post(review()).catch((error: unknown) => error);
    await expect.poll(() => started).toBe(true);
    await server.close({ grace: 50 });
    expect(await pending).toBeInstanceOf(Error);
  });

  test("closing twice is closing once", async () => {
    const { server } = await start();
    expect(server.close()).toBe(server.close());
    await server.close();
  });
});
