import { connect } from "node:tls";
import { describe, expect, test } from "vitest";
import { allow, review, send, start, type Reply } from "./harness.ts";

const uid = "0a1b-uid";
const json = JSON.stringify(review());
/** The sound review with `replacement` where its object stands. */
const withObject = (replacement: string): string => json.replace('{"metadata":{"name":"web"}}', replacement);

const expectDenied = (reply: Reply, code: string, expectedUid: string, status = 200): void => {
  expect(reply.status).toBe(status);
  expect(reply.review).toMatchObject({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: { uid: expectedUid, allowed: false, status: { code: 403, reason: "Forbidden" } },
  });
  expect(reply.review.response.status?.message).toMatch(new RegExp(`^${code}: `));
  expect(reply.review.response.status?.details.causes[0]?.reason).toBe(code);
};

/** body, reason that is counted, uid that is echoed */
const bodies: readonly (readonly [name: string, body: string | Buffer, reason: string, uid: string])[] = [
  ["no JSON at all", "hello", "InvalidJson", ""],
  ["truncated JSON", json.slice(0, -20), "InvalidJson", uid],
  ["JSON truncated before the uid", json.slice(0, 60), "InvalidJson", ""],
  ["bytes behind the review", `${json} {}`, "InvalidJson", uid],
  ["a byte order mark", `\uFEFF${json}`, "InvalidJson", uid],
  ["no bytes", "", "EmptyBody", ""],
  ["invalid UTF-8", Buffer.from(json.replace("web", "w\u00ffb"), "latin1"), "InvalidUtf8", uid],
  ["another kind", JSON.stringify(review({}, { kind: "Pod" })), "WrongKind", uid],
  ["another version", JSON.stringify(review({}, { apiVersion: "admission.k8s.io/v1beta1" })), "WrongVersion", uid],
  ["a list", "[1]", "WrongKind", ""],
  ["null", "null", "WrongKind", ""],
  ["no request", JSON.stringify({ ...review(), request: undefined }), "MissingRequest", ""],
  ["no uid", JSON.stringify(review({ uid: undefined })), "MissingUid", ""],
  ["an empty uid", JSON.stringify(review({ uid: "" })), "MissingUid", ""],
  ["a number as uid", JSON.stringify(review({ uid: 7 })), "MissingUid", ""],
  ["a uid without end", JSON.stringify(review({ uid: "u".repeat(300) })), "MissingUid", ""],
  [
    "a uid lent by __proto__",
    `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"__proto__":{"uid":"x"}}}`,
    "MissingUid",
    "",
  ],
  ["no userInfo", JSON.stringify(review({ userInfo: undefined })), "MissingField", uid],
  ["a user without a name", JSON.stringify(review({ userInfo: {} })), "MissingField", uid],
  ["groups as a string", JSON.stringify(review({ userInfo: { username: "u", groups: "g" } })), "WrongType", uid],
  ["extra of strings", JSON.stringify(review({ userInfo: { username: "u", extra: { k: "v" } } })), "WrongType", uid],
  ["a name as an object", JSON.stringify(review({ name: {} })), "WrongType", uid],
  ["an object as a list", JSON.stringify(review({ object: [] })), "WrongType", uid],
  [
    "a resource without group",
    JSON.stringify(review({ resource: { version: "v1", resource: "x" } })),
    "WrongType",
    uid,
  ],
  ["dryRun as a word", JSON.stringify(review({ dryRun: "true" })), "WrongType", uid],
  ["an unknown operation", JSON.stringify(review({ operation: "PATCH" })), "UnknownOperation", uid],
  ["100,000-deep nesting", withObject(`{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`), "TooDeep", uid],
  ["millions of opening brackets", "[".repeat(3_000_000), "TooDeep", ""],
  ["a repeated key", withObject('{"a":1,"a":2}'), "DuplicateKey", uid],
  ["a key repeated by an escape", withObject('{"a":1,"\\u0061":2}'), "DuplicateKey", uid],
  ["a repeated __proto__", withObject('{"__proto__":1,"__proto__":2}'), "DuplicateKey", uid],
  ["a lone surrogate", withObject('{"a":"\\ud800"}'), "LoneSurrogate", uid],
  ["a lone surrogate in a key", withObject('{"\\uDC00":1}'), "LoneSurrogate", uid],
  ["2^53", withObject('{"a":9007199254740992}'), "IntegerOutOfRange", uid],
  ["-2^53", withObject('{"a":-9007199254740992}'), "IntegerOutOfRange", uid],
  ["an infinite number", withObject('{"a":1e999}'), "NumberOutOfRange", uid],
];

describe("every bad body gets an explicit denial, a counted reason and no handler", () => {
  test.each(bodies)("%s", async (_, body, reason, expectedUid) => {
    let handled = 0;
    const { post, rejected } = await start({
      gate: async () => {
        handled += 1;
        return allow;
      },
    });
    const reply = await post(body);
    expectDenied(reply, "MalformedReview", expectedUid, expectedUid === "" ? 400 : 200);
    expect(reply.review.response.status?.details.causes[1]?.reason).toBe(reason);
    expect(await rejected(reason)).toBe(1);
    expect(handled).toBe(0);
    // The server lives on, on the same terms.
    expect((await post(review())).review.response).toEqual({ uid, allowed: true });
  });
});

describe("size", () => {
  const pad = (bytes: number): Buffer => {
    const frame = withObject('{"a":""}');
    return Buffer.from(withObject(`{"a":"${"x".repeat(bytes - frame.length)}"}`));
  };
  const limit = 7 * 1024 * 1024;

  test("a review of exactly 7 MiB is read", async () => {
    const { post } = await start();
    const body = pad(limit);
    expect(body.length).toBe(limit);
    expect((await post(body)).review.response).toEqual({ uid, allowed: true });
  });

  test("one byte more is denied under the review's uid", async () => {
    const { post, rejected } = await start();
    expectDenied(await post(pad(limit + 1)), "BodyTooLarge", uid);
    expect(await rejected("BodyTooLarge")).toBe(1);
  });

  test("one byte more in chunks without a length is denied as well", async () => {
    const { post } = await start();
    expectDenied(await post(pad(limit + 1), { headers: { "transfer-encoding": "chunked" } }), "BodyTooLarge", uid);
  });

  test("a large body without a uid is answered with 413", async () => {
    const { post } = await start();
    expectDenied(await post(Buffer.alloc(limit + 1, 0x20)), "BodyTooLarge", "", 413);
  });
});

describe("around the body", () => {
  test("another method is refused under the review's uid", async () => {
    const { post, rejected } = await start();
    expectDenied(await post(json, { method: "PUT" }), "MalformedReview", uid);
    expectDenied(await post("", { method: "GET" }), "MalformedReview", "", 400);
    expectDenied(await post("", { method: "PROPFIND" }), "MalformedReview", "", 400);
    expect(await rejected("MethodNotPost")).toBe(3);
  });

  test.each(["text/plain", "application/jsonx", "garbage", "application/json-patch+json"])(
    "content type %s is refused",
    async (type) => {
      const { post, rejected } = await start();
      expectDenied(await post(json, { headers: { "content-type": type } }), "MalformedReview", uid);
      expect(await rejected("NotJson")).toBe(1);
    },
  );

  test("content type application/json with a charset is read", async () => {
    const { post } = await start();
    const reply = await post(json, { headers: { "content-type": "application/json; charset=utf-8" } });
    expect(reply.review.response.allowed).toBe(true);
  });

  test("bytes that are not HTTP get an explicit answer and are counted", async () => {
    const { server, authority, rejected } = await start();
    const { port } = new URL(server.url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect({ port: Number(port), host: "127.0.0.1", ca: authority.cert }, () => {
        socket.write("NOT HTTP\r\n\r\n");
      });
      let text = "";
      socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
      socket.on("error", reject);
      socket.on("close", () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"allowed":false');
    expect(await rejected("BadHttp")).toBe(1);
  });

  test("a connection cut in the middle of a body is counted and harms nobody", async () => {
    const { server, authority, post, rejected } = await start();
    const { port, pathname } = new URL(server.url);
    await new Promise<void>((resolve) => {
      const socket = connect({ port: Number(port), host: "127.0.0.1", ca: authority.cert }, () => {
        const head = `POST ${pathname}/gate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`;
        socket.write(head, () => setTimeout(() => socket.destroy(), 50));
      });
      socket.on("close", () => resolve());
    });
    await expect.poll(() => rejected("BodyAborted")).toBe(1);
    expect((await post(review())).review.response.allowed).toBe(true);
  });

  test("TLS below 1.2 is refused", async () => {
    const { server, authority } = await start();
    await expect(
      send(`${server.url}/gate`, json, {
        ca: authority.cert,
        maxVersion: "TLSv1.1",
        minVersion: "TLSv1",
        ciphers: "DEFAULT@SECLEVEL=0",
      }),
    ).rejects.toThrow(/version|alert|reset|EPROTO/i);
  });
});

describe("what is legal passes", () => {
  test.each([
    ["__proto__ and constructor as keys", '{"__proto__":{"a":1},"constructor":{"prototype":{"b":2}}}'],
    ["2^53-1", '{"a":9007199254740991}'],
    ["a large double", '{"a":1.5e300}'],
    ["a surrogate pair", '{"a":"\\ud83d\\ude00"}'],
    ["an escaped backslash before ud800", '{"a":"\\\\ud800"}'],
    ["colons and brackets in strings", '{"a":"[{:\\"[{:","b:":[]}'],
    ["500-deep nesting", `{"a":${"[".repeat(500)}${"]".repeat(500)}}`],
    ["equal keys in different objects", '{"a":{"a":1},"b":{"a":1}}'],
  ])("%s", async (_, object) => {
    const seen: unknown[] = [];
    const { post } = await start({
      gate: async ({ request }) => {
        seen.push(request.object);
        return allow;
      },
    });
    expect((await post(withObject(object))).review.response).toEqual({ uid, allowed: true });
    expect(JSON.stringify(seen[0])).toBe(JSON.stringify(JSON.parse(object)));
    expect(({} as Record<string, unknown>)["a"]).toBeUndefined();
  });

  test("a review for a kind that nobody knows reaches the handler", async () => {
    const { post } = await start({
      gate: async ({ request }) => ({ allowed: false, code: "UnknownKind", message: request.kind.kind }),
    });
    const reply = await post(review({ kind: { group: "no.such", version: "v9", kind: "Thing" } }));
    expect(reply.review.response.status?.message).toBe("UnknownKind: Thing");
  });
});
