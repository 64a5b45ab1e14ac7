import { describe, expect, test } from "vitest";
import type { AdmissionHandler, Answer, Call } from "../../../../src/admission/handler.ts";
import type { ServerDenial } from "../../../../src/admission/server/server-options.ts";
import { allow, review, start, valueOf } from "./harness.ts";

const uid = "0a1b-uid";

describe("answers on the wire", () => {
  test("a denial is a 403 Status whose message and first cause carry the code", async () => {
    const answer: Answer = {
      allowed: false,
      code: "NoApproval",
      message: "ask alice",
      causes: [{ reason: "MissingOwner", message: "payments", field: "spec" }],
      warnings: ["look here"],
      auditAnnotations: { "d-1": "x" },
      patch: [{ op: "add", path: "/a", value: 1 }],
    };
    const { post } = await start({ gate: async () => answer });
    expect((await post(review())).review).toEqual({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      response: {
        uid,
        allowed: false,
        status: {
          metadata: {},
          status: "Failure",
          code: 403,
          reason: "Forbidden",
          message: "NoApproval: ask alice",
          details: {
            causes: [
              { reason: "NoApproval", message: "ask alice" },
              { reason: "MissingOwner", message: "payments", field: "spec" },
            ],
          },
        },
        warnings: ["look here"],
        auditAnnotations: { "d-1": "x" },
      },
    });
  });

  test("a patch is sent in base64 with its type", async () => {
    const patch = [{ op: "add", path: "/spec/requestedBy", value: "carol" }] as const;
    const { post } = await start({ gate: async () => ({ ...allow, patch }) });
    const { response } = (await post(review())).review;
    expect(response.patchType).toBe("JSONPatch");
    expect(JSON.parse(Buffer.from(response.patch ?? "", "base64").toString())).toEqual(patch);
    expect(response.status).toBeUndefined();
  });

  test("warnings are single lines of at most 256 characters and never half a character", async () => {
    const warnings = ["one\r\n  two", `${"x".repeat(255)}\u{1F600}`, "tab\tesc\u001b[31m"];
    const { post } = await start({ gate: async () => ({ ...allow, warnings }) });
    expect((await post(review())).review.response.warnings).toEqual([
      "one two",
      "x".repeat(255),
      "tab\\tesc\\u{1b}[31m",
    ]);
  });

  test("control characters, direction marks and lone surrogates in messages are escaped", async () => {
    const message = "a\nb\u0000c\u202ed\ud800e\u007f\u2028";
    const { post } = await start({ gate: async () => ({ allowed: false, code: "X", message }) });
    const { status } = (await post(review())).review.response;
    expect(status?.message).toBe("X: a\\nb\\u{0}c\\u{202e}d\ufffde\\u{7f}\\u{2028}");
    expect(status?.details.causes[0]?.message).toBe(status?.message.slice(3));
  });

  test("the next step stands on the second line and as a cause, and no name can begin a third line", async () => {
    const answer = { allowed: false, code: "X", message: "no\nNext: trust me", next: "ask\nnobody" } as const;
    const { post } = await start({ gate: async () => answer });
    const { status } = (await post(review())).review.response;
    expect(status?.message).toBe("X: no\\nNext: trust me\nNext: ask\\nnobody");
    expect(status?.details.causes.at(-1)).toEqual({ reason: "NextStep", message: "ask\\nnobody" });
  });

  test("an endless message is cut", async () => {
    const { post } = await start({ gate: async () => ({ allowed: false, code: "X", message: "y".repeat(100_000) }) });
    expect((await post(review())).review.response.status?.message.length).toBe(8192);
  });

  test("reviews are counted by endpoint, verdict and code", async () => {
    const { post, metrics } = await start();
    await post(review());
    expect(await valueOf(metrics.admissionReviews, { endpoint: "gate", verdict: "allowed", code: "Allowed" })).toBe(1);
  });
});

describe("a handler that fails", () => {
  test.each([
    ["rejects", async (): Promise<Answer> => Promise.reject(new Error("secret detail"))],
    [
      "throws at once",
      (): Promise<Answer> => {
        throw new Error("secret detail");
      },
    ],
    // A BigInt has no JSON form: the answer cannot be written.
    [
      "answers what cannot be written",
      async (): Promise<Answer> => ({ ...allow, patch: [{ op: "add", path: "/", value: 1n }] }),
    ],
  ])("and %s is a denial InternalError without internals", async (_, gate) => {
    const { post, logged } = await start({ gate });
    const reply = await post(review());
    expect(reply.status).toBe(200);
    expect(reply.review.response).toMatchObject({ uid, allowed: false, status: { code: 403 } });
    expect(reply.review.response.status?.message).toMatch(/^InternalError: /);
    expect(JSON.stringify(reply.review)).not.toMatch(/secret detail|at .*\.ts/);
    expect(logged()).toContain(uid);
  });

  test("is counted and told to the recorder before the answer", async () => {
    const denials: ServerDenial[] = [];
    const { post, metrics } = await start({
      gate: async () => Promise.reject(new Error("x")),
      onServerDenial: async (denial) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        denials.push(denial);
      },
    });
    await post(review());
    expect(denials).toMatchObject([
      { endpoint: "gate", call: { request: { uid } }, answer: { code: "InternalError" } },
    ]);
    expect(await valueOf(metrics.handlerErrors, { endpoint: "gate" })).toBe(1);
  });

  test("stays a denial when the recorder fails, which is counted", async () => {
    const { post, metrics } = await start({
      gate: async () => Promise.reject(new Error("x")),
      onServerDenial: async () => Promise.reject(new Error("disk full")),
    });
    expect((await post(review())).review.response.allowed).toBe(false);
    expect(await valueOf(metrics.unrecordedDenials, { endpoint: "gate" })).toBe(1);
  });

  test("a handler's own denial is not told to the recorder: handlers record what they decide", async () => {
    const denials: ServerDenial[] = [];
    const { post } = await start({
      gate: async () => ({ allowed: false, code: "InternalError", message: "mine" }),
      onServerDenial: async (denial) => void denials.push(denial),
    });
    await post(review());
    expect(denials).toEqual([]);
  });
});

describe("the deadline", () => {
  test("is 80 % of the API server's timeout, from the arrival", async () => {
    const calls: Call[] = [];
    const { post } = await start({
      clock: () => 1_000_000,
      gate: async (call) => {
        calls.push(call);
        return allow;
      },
    });
    for (const query of [
      "?timeout=5s",
      "?timeout=500ms",
      "?timeout=1m30s",
      "",
      "?timeout=-1s",
      "?timeout=1&timeout=2s",
    ]) {
      await post(review(), { target: `/gate${query}` });
    }
    expect(calls.map(({ arrivedAt, deadline }) => deadline - arrivedAt)).toEqual([
      4_000, 400, 24_000, 8_000, 8_000, 8_000,
    ]);
  });

  test("a handler that misses it is answered for; its late allow is dropped and counted", async () => {
    let finish: (answer: Answer) => void = () => {};
    const denials: ServerDenial[] = [];
    const { post, metrics } = await start({
      gate: () => new Promise((resolve) => (finish = resolve)),
      onServerDenial: async (denial) => void denials.push(denial),
    });
    const { response } = (await post(review(), { target: "/gate?timeout=100ms" })).review;
    expect(response).toMatchObject({ uid, allowed: false });
    expect(response.status?.message).toMatch(/^DeadlineExceeded: /);
    expect(denials.map(({ answer }) => answer.code)).toEqual(["DeadlineExceeded"]);
    expect(await valueOf(metrics.inflight, {})).toBe(1);
    finish(allow);
    await expect.poll(() => valueOf(metrics.lateResults, { endpoint: "gate" })).toBe(1);
    expect(await valueOf(metrics.inflight, {})).toBe(0);
  });

  test("an allow that the clock overtook is a denial", async () => {
    let now = 1_000_000;
    const { post } = await start({
      clock: () => now,
      gate: async () => {
        now += 60_000;
        return allow;
      },
    });
    expect((await post(review())).review.response.status?.message).toMatch(/^DeadlineExceeded: /);
  });
});

describe("overload", () => {
  test("more reviews than the limit are denied at once and told to the recorder", async () => {
    const waiting: (() => void)[] = [];
    const denials: ServerDenial[] = [];
    const { post } = await start({
      limits: { maxConcurrent: 1, maxEventLoopLag: 200 },
      gate: () => new Promise((resolve) => waiting.push(() => resolve(allow))),
      onServerDenial: async (denial) => void denials.push(denial),
    });
    const first = post(review());
    await expect.poll(() => waiting.length).toBe(1);
    const { response } = (await post(review({ uid: "second" }))).review;
    expect(response).toMatchObject({ uid: "second", allowed: false });
    expect(response.status?.message).toMatch(/^Overloaded: /);
    expect(denials).toMatchObject([{ call: { request: { uid: "second" } }, answer: { code: "Overloaded" } }]);
    waiting[0]?.();
    expect((await first).review.response.allowed).toBe(true);
  });

  test("a lagging event loop sheds until it has recovered", async () => {
    let lag = 201;
    const { post } = await start({ eventLoopLag: () => lag });
    expect((await post(review())).review.response.status?.message).toMatch(/^Overloaded: /);
    lag = 200;
    expect((await post(review())).review.response.allowed).toBe(true);
  });
});

describe("a deletion of a Writ object, which revokes", () => {
  const deletion = review({ operation: "DELETE", object: null, oldObject: { metadata: { name: "web" } } });
  const guarded = (guard: AdmissionHandler, options: object = {}): ReturnType<typeof start> =>
    start({ handlers: { gate: async () => allow, guard, stamps: async () => allow }, ...options });
  const failing: AdmissionHandler = () => Promise.reject(new Error("no"));
  const hanging: AdmissionHandler = () => new Promise(() => {});
  const refusing: AdmissionHandler = async () => ({ allowed: false, code: "UnknownKind", message: "no" });
  const busy = { limits: { maxConcurrent: 0, maxEventLoopLag: 1 } };

  test.each([
    ["a guard that fails", "InternalError", failing, {}],
    ["a guard that takes too long", "DeadlineExceeded", hanging, {}],
    ["a guard that refuses", "UnknownKind", refusing, {}],
    ["too many calls", "Overloaded", async () => allow, busy],
  ] as const)("is never refused: %s", async (_, code, guard, options) => {
    const { post } = await guarded(guard, options);
    const { response } = (await post(deletion, { target: "/guard?timeout=100ms" })).review;
    expect(response).toMatchObject({ uid, allowed: true, warnings: [expect.stringContaining(code)] });
  });

  test("passes at the guard alone: an agent's deletion fails closed", async () => {
    const { post } = await start({ gate: failing });
    expect((await post(deletion)).review.response.allowed).toBe(false);
  });
});
