import { createHash, X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { describe, expect, test } from "vitest";
import type { Caller } from "../../../../src/admission/handler.ts";
import { createAuthority } from "./certificates.ts";
import { allow, apiServerName, review, segment, send, start, type Reply } from "./harness.ts";

const uid = "0a1b-uid";

const expectRefused = (reply: Reply, code: string): void => {
  expect(reply.status).toBe(200);
  expect(reply.review.response).toMatchObject({ uid, allowed: false, status: { code: 403 } });
  expect(reply.review.response.status?.message).toMatch(new RegExp(`^${code}: `));
};

describe("callers known by the path", () => {
  test("the current path is served and the caller is recorded as known by it", async () => {
    const callers: Caller[] = [];
    const { post } = await start({
      gate: async ({ caller }) => {
        callers.push(caller);
        return allow;
      },
    });
    expect((await post(review(), { target: "/gate?timeout=5s" })).review.response.allowed).toBe(true);
    expect(callers).toEqual([{ kind: "path" }]);
  });

  test.each([
    ["no segment", "/gate"],
    ["another segment", `/${"t".repeat(40)}/gate`],
    ["a longer segment", `/${segment}x/gate`],
    ["a shorter segment", `/${segment.slice(1)}/gate`],
    ["an escaped segment", `/%73${segment.slice(1)}/gate`],
    ["the root", "/"],
    ["a broken escape", "/%zz/gate"],
    ["a doubled slash", `//${segment}/gate`],
  ])("%s is denied without a handler, under the review's uid", async (_, path) => {
    let handled = 0;
    const { server, authority, rejected } = await start({
      gate: async () => {
        handled += 1;
        return allow;
      },
    });
    const url = new URL(server.url);
    const reply = await send(url.origin, JSON.stringify(review()), { ca: authority.cert, path });
    expectRefused(reply, "CallerNotAuthenticated");
    expect(await rejected("CallerNotAuthenticated")).toBe(1);
    expect(handled).toBe(0);
  });

  test("a stranger's body is not kept beyond what the uid is found in", async () => {
    const { server, authority } = await start();
    const origin = new URL(server.url).origin;
    const late = JSON.stringify({ apiVersion: "x".repeat(70_000), request: { uid } });
    const reply = await send(`${origin}/gate`, late, { ca: authority.cert });
    expect(reply.status).toBe(400);
    expect(reply.review.response).toMatchObject({ uid: "", allowed: false });
  });

  test.each(["", "/", "/gates", "/gate/", "/Gate", "/gate/x"])(
    "a known caller at the unknown path %j is told so",
    async (target) => {
      const { post, rejected } = await start();
      expectRefused(await post(review(), { target }), "UnknownPath");
      expect(await rejected("UnknownPath")).toBe(1);
    },
  );

  test("each path has its own handler", async () => {
    const named = (code: string) => async () => ({ allowed: false, code, message: "x" });
    const { post } = await start({ handlers: { gate: named("G"), guard: named("U"), stamps: named("S") } });
    for (const [target, code] of [
      ["/gate", "G"],
      ["/guard", "U"],
      ["/stamps", "S"],
    ] as const) {
      expect((await post(review(), { target })).review.response.status?.message).toBe(`${code}: x`);
    }
  });

  test.each(["short", "x".repeat(31), `${"x".repeat(32)}/y`, `${"x".repeat(32)} y`, ""])(
    "a path file with %j keeps the server from starting",
    async (content) => {
      const { writeFileSync } = await import("node:fs");
      const { directory } = await start();
      const file = `${directory}/other-path`;
      writeFileSync(file, content);
      await expect(start({ callers: { kind: "path", pathFile: file } })).rejects.toThrow(/32 to 256 characters/);
    },
  );
});

describe("callers known by their certificate", () => {
  test("the API server's certificate is served and its fingerprint recorded", async () => {
    const callers: Caller[] = [];
    const { post, authority } = await start({
      mutualTls: true,
      gate: async ({ caller }) => {
        callers.push(caller);
        return allow;
      },
    });
    const client = await authority.clientCertificate(apiServerName);
    expect((await post(review(), client)).review.response.allowed).toBe(true);
    const sha256 = createHash("sha256").update(new X509Certificate(client.cert).raw).digest("hex");
    expect(callers).toEqual([{ kind: "client-certificate", sha256, commonName: apiServerName }]);
  });

  test("a caller without a certificate is told so", async () => {
    const { post, rejected } = await start({ mutualTls: true });
    expectRefused(await post(review()), "CallerNotAuthenticated");
    expect(await rejected("CallerNotAuthenticated")).toBe(1);
  });

  test("the right name from another authority does not count", async () => {
    const { post } = await start({ mutualTls: true });
    const stranger = await createAuthority("test authority");
    expectRefused(await post(review(), await stranger.clientCertificate(apiServerName)), "CallerNotAuthenticated");
  });

  test.each([
    "somebody",
    `${apiServerName}x`,
    `${apiServerName}, CN=x`,
    `x, CN=${apiServerName}`,
    `x\\, CN=${apiServerName}`,
  ])("another name (%s) from the right authority does not count", async (name) => {
    const { post, authority } = await start({ mutualTls: true });
    expectRefused(await post(review(), await authority.clientCertificate(name)), "CallerNotAuthenticated");
  });

  test("a server certificate is no client certificate", async () => {
    const { post, authority } = await start({ mutualTls: true });
    expectRefused(await post(review(), await authority.serverCertificate()), "CallerNotAuthenticated");
  });

  test("a resumed TLS session without a certificate does not count", async () => {
    const { server, authority, post } = await start({ mutualTls: true });
    const port = Number(new URL(server.url).port);
    const session = await new Promise<Buffer | undefined>((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", ca: authority.cert });
      socket.on("error", reject);
      socket.once("session", resolve);
      socket.once("secureConnect", () => {
        socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
      });
      socket.on("data", () => {});
      socket.once("close", () => resolve(undefined));
    });
    expectRefused(await post(review(), { session }), "CallerNotAuthenticated");
  });

  test("an unknown path is told to the API server only", async () => {
    const { post, authority } = await start({ mutualTls: true });
    const client = await authority.clientCertificate(apiServerName);
    expectRefused(await post(review(), { ...client, target: "/nowhere" }), "UnknownPath");
    expectRefused(await post(review(), { target: "/nowhere" }), "CallerNotAuthenticated");
  });
});
