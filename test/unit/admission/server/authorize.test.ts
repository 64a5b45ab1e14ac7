import { describe, expect, test } from "vitest";
import type { AccessCall, AccessDenial, Authorizer } from "../../../../src/admission/authorize/access-review.ts";
import { apiServerName, start, valueOf, type Harness } from "./harness.ts";

const bot = "system:serviceaccount:agents:bot";
const denial: AccessDenial = { code: "ImpersonationDenied", message: "no masks", next: "be yourself" };

const sar = (spec: object = {}, rest: object = {}): object => ({
  kind: "SubjectAccessReview",
  apiVersion: "authorization.k8s.io/v1",
  metadata: { creationTimestamp: null },
  spec: { user: bot, resourceAttributes: { verb: "impersonate", resource: "users", version: "v1" }, ...spec },
  status: { allowed: false },
  ...rest,
});

/** Denies what `bot` does and governs nobody else. */
const authorizer = (mods: Partial<Authorizer> = {}): Authorizer => ({
  governs: ({ user }) => user === bot,
  judge: async () => denial,
  recordServerDenial: async () => undefined,
  ...mods,
});

interface AccessReply {
  readonly status: number;
  readonly review: {
    readonly kind: string;
    readonly apiVersion: string;
    readonly status: { readonly allowed: boolean; readonly denied: boolean; readonly reason?: string };
  };
}

const ask = async (
  { post }: Harness,
  body: object | string | Buffer = sar(),
  options: Parameters<Harness["post"]>[1] = {},
): Promise<AccessReply> =>
  (await post(body, { target: "/authorize?timeout=3s", ...options })) as unknown as AccessReply;

const expectNoDecision = ({ status, review }: AccessReply, reason: RegExp): void => {
  expect([400, 413]).toContain(status);
  expect(review).toMatchObject({ kind: "SubjectAccessReview", status: { allowed: false, denied: true } });
  expect(review.status.reason).toMatch(reason);
};

describe("a SubjectAccessReview", () => {
  test("that is denied is answered with the code, what is wrong and what to do", async () => {
    const calls: AccessCall[] = [];
    const judge = async (call: AccessCall): Promise<AccessDenial> => {
      calls.push(call);
      return denial;
    };
    const site = await start({ authorizer: authorizer({ judge }) });
    expect(await ask(site)).toMatchObject({
      status: 200,
      review: {
        kind: "SubjectAccessReview",
        apiVersion: "authorization.k8s.io/v1",
        status: { allowed: false, denied: true, reason: "ImpersonationDenied: no masks. Next: be yourself" },
      },
    });
    expect(calls).toMatchObject([{ caller: { kind: "path" }, spec: { user: bot } }]);
    const labels = { endpoint: "authorize", verdict: "denied", code: "ImpersonationDenied" };
    expect(await valueOf(site.metrics.admissionReviews, labels)).toBe(1);
  });

  test("that is not denied has no opinion for its answer, and is never allowed", async () => {
    const site = await start({ authorizer: authorizer({ judge: async () => undefined }) });
    expect((await ask(site)).review.status).toEqual({ allowed: false, denied: false });
    const labels = { endpoint: "authorize", verdict: "no-opinion", code: "NoOpinion" };
    expect(await valueOf(site.metrics.admissionReviews, labels)).toBe(1);
  });

  test("cannot break the line or the direction of the reason", async () => {
    const judge = async (): Promise<AccessDenial> => ({ ...denial, message: "a\nb\u202ec" });
    const site = await start({ authorizer: authorizer({ judge }) });
    expect((await ask(site)).review.status.reason).toContain("a\\nb\\u{202e}c");
  });

  test("is an unknown path where there is no second gate", async () => {
    expectNoDecision(await ask(await start()), /^UnknownPath: /);
  });

  test("at the gate, and a review at the second gate, are malformed", async () => {
    const site = await start({ authorizer: authorizer() });
    expect((await site.post(sar())).status).toBe(400);
    const review = { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", request: { uid: "u" } };
    expectNoDecision(await ask(site, review), /^MalformedReview: kind must be "SubjectAccessReview"/);
  });
});

describe("a body that cannot be understood is an HTTP error, so that the API server's failurePolicy decides", () => {
  const json = JSON.stringify(sar());
  test.each<[string, object | string | Buffer, RegExp]>([
    ["no body", "", /no body/],
    ["no JSON", "{", /not one JSON value/],
    ["a repeated key", json.replace('"user"', '"user":"x","user"'), /same key twice/],
    ["a repeated spec", json.replace('"spec"', '"spec":{},"spec"'), /same key twice/],
    ["bytes that are not UTF-8", Buffer.concat([Buffer.from(json), Buffer.from([0xff])]), /UTF-8/],
    ["a uid that a review of the gate would have", { ...sar(), kind: "X", request: { uid: "u" } }, /kind must be/],
    ["another version", sar({}, { apiVersion: "authorization.k8s.io/v1beta1" }), /apiVersion must be/],
    ["no spec", sar({}, { spec: undefined }), /spec must be an object/],
    ["a user that is no string", sar({ user: ["x"] }), /spec.user must be a string/],
    ["groups that are no list", sar({ groups: "writ.dev:agents" }), /spec.groups must be a list/],
    ["a verb that is no string", sar({ resourceAttributes: { verb: ["get"] } }), /resourceAttributes.verb must be/],
    ["attributes of both kinds", sar({ nonResourceAttributes: { path: "/", verb: "get" } }), /exactly one of/],
    ["attributes of no kind", sar({ resourceAttributes: undefined }), /exactly one of/],
  ])("%s", async (_, body, reason) => {
    const site = await start({ authorizer: authorizer({ judge: async () => undefined }) });
    const reply = await ask(site, body);
    expectNoDecision(reply, /^MalformedReview: /);
    expect(reply.review.status.reason).toMatch(reason);
  });

  test("more than 7 MiB", async () => {
    const site = await start({ authorizer: authorizer() });
    expectNoDecision(await ask(site, sar({ uid: "x".repeat(7 * 1024 * 1024) })), /^BodyTooLarge: /);
  });

  test("a GET", async () => {
    const site = await start({ authorizer: authorizer() });
    expectNoDecision(await ask(site, "", { method: "GET" }), /^MalformedReview: /);
  });
});

describe("the caller of the second gate", () => {
  test("without the path's segment is turned away without a decision", async () => {
    const site = await start({ authorizer: authorizer() });
    const path = `/${"t".repeat(40)}/authorize`;
    expectNoDecision(await ask(site, sar(), { path }), /^CallerNotAuthenticated: /);
  });

  test("without a client certificate is turned away, and with the API server's is served", async () => {
    const site = await start({ mutualTls: true, authorizer: authorizer() });
    expectNoDecision(await ask(site), /^CallerNotAuthenticated: /);
    expectNoDecision(await ask(site, sar(), await site.authority.clientCertificate("x")), /^CallerNotAuthenticated: /);
    expect((await ask(site, sar(), await site.authority.clientCertificate(apiServerName))).status).toBe(200);
  });
});

describe("when the server must answer in the authorizer's place", () => {
  const codes: readonly (readonly [string, Partial<Authorizer>, object])[] = [
    ["Overloaded", {}, { eventLoopLag: () => 1_000 }],
    ["InternalError", { judge: async () => Promise.reject(new Error("secret")) }, {}],
    ["DeadlineExceeded", { judge: () => new Promise(() => {}) }, {}],
  ];

  test.each(codes)("%s denies an agent, with an evaluation error, and is recorded", async (code, mods, options) => {
    const recorded: AccessDenial[] = [];
    const recordServerDenial = async (_: AccessCall, given: AccessDenial): Promise<void> => void recorded.push(given);
    const site = await start({ ...options, authorizer: authorizer({ ...mods, recordServerDenial }) });
    const { status, review } = await ask(site, sar(), { target: "/authorize?timeout=100ms" });
    const reason = expect.stringMatching(new RegExp(`^${code}: (?!.*secret)`));
    expect([status, review.status]).toEqual([200, { allowed: false, denied: true, reason, evaluationError: reason }]);
    expect(recorded).toMatchObject([{ code }]);
  });

  test.each(codes)("%s leaves everybody else alone", async (_, mods, options) => {
    const site = await start({ ...options, authorizer: authorizer(mods) });
    const { status, review } = await ask(site, sar({ user: "alice@example.com" }));
    expect([status, review.status]).toEqual([200, { allowed: false, denied: false }]);
  });
});
