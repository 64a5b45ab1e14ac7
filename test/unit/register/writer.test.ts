import { describe, expect, test } from "vitest";
import { createRegisterWriter } from "../../../src/admission/guard/register-writer.ts";
import type { RegisterWriter } from "../../../src/admission/guard/register-writer.ts";
import { incompleteKey } from "../../../src/api/register/content.ts";
import { intentEntry } from "../../../src/api/register/intent.ts";
import type { KubeRequest } from "../../../src/kube/client.ts";
import { createMetrics } from "../../../src/telemetry/metrics.ts";
import { intentOn } from "../../builders/register.ts";
import { approved, payments, platform } from "../../builders/world.ts";
import { answerOf, failure, fakeClient } from "./fake-client.ts";

interface Bench {
  readonly write: RegisterWriter;
  readonly sent: readonly KubeRequest[];
}

const kindOf = (request: KubeRequest): string => request.contentType?.split("/")[1]?.split("+")[0] ?? "";
const entry = intentEntry(intentOn(approved));

/** A writer whose requests meet these answers in turn: an error, or the register's data after the write. */
function bench(...answers: readonly (Error | object)[]): Bench {
  const sent: KubeRequest[] = [];
  const write = createRegisterWriter({
    client: fakeClient(async (request) => {
      const answer = answers[sent.length] ?? {};
      sent.push(request);
      if (answer instanceof Error) throw answer;
      return answerOf({ metadata: { uid: "u" }, data: answer });
    }),
    systemNamespace: "writ-system",
    newId: () => "id",
    metrics: createMetrics(),
  });
  return { write, sent };
}

describe("an intent is written", () => {
  test("as one key, with nothing compared before", async () => {
    const { write, sent } = bench();
    await write(intentOn(approved));
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      method: "PATCH",
      path: "/api/v1/namespaces/writ-system/configmaps/writ-register",
      contentType: "application/merge-patch+json",
      body: { data: { [entry.key]: entry.value }, binaryData: null },
    });
  });

  test("together with others that came while a write was under way", async () => {
    const { write, sent } = bench();
    await Promise.all([write(intentOn(approved)), write(intentOn(payments)), write(intentOn(platform))]);
    expect(sent.map(({ body }) => Object.keys((body as { data: object }).data).length)).toEqual([1, 2]);
  });

  test("into a register that is made for it, marked as incomplete, when there is none", async () => {
    const { write, sent } = bench(failure(404, "NotFound"));
    await write(intentOn(approved));
    expect(sent.map(kindOf)).toEqual(["merge-patch", "apply-patch", "merge-patch"]);
    expect(sent[1]?.body).toMatchObject({ data: { [incompleteKey]: "id" } });
  });

  test.each([
    ["after the API server's own attempts met others", failure(409, "Conflict")],
    ["after a lost connection", failure(0, "Unreachable")],
    ["after an answer that came too late", failure(0, "Timeout")],
    ["after load was shed", failure(429, "TooManyRequests")],
    ["after an error of the API server", failure(500, "InternalError")],
  ])("again %s", async (_, error) => {
    const { write, sent } = bench(error);
    await write(intentOn(approved));
    expect(sent.map(kindOf)).toEqual(["merge-patch", "merge-patch"]);
  });

  test("or not, and then the caller is told", async () => {
    const { write } = bench(failure(403, "Forbidden"));
    await expect(write(intentOn(approved))).rejects.toThrow("403");
    const persistent = bench(...Array.from({ length: 9 }, () => failure(0, "Unreachable")));
    await expect(persistent.write(intentOn(approved))).rejects.toThrow("answered 0");
    expect(persistent.sent.length).toBeLessThan(6);
  });

  test("or not, when it could not be read again", async () => {
    const { write, sent } = bench();
    await expect(write({ ...intentOn(approved), uid: "" })).rejects.toThrow("cannot be written");
    expect(sent).toHaveLength(0);
  });

  test("by its own write, however the one before it ended", async () => {
    const { write, sent } = bench(failure(403, "Forbidden"));
    const [first, second] = await Promise.allSettled([write(intentOn(approved)), write(intentOn(payments))]);
    expect([first?.status, second?.status]).toEqual(["rejected", "fulfilled"]);
    expect(sent).toHaveLength(2);
  });
});

describe("a register without room", () => {
  const emptied = [
    { op: "add", path: "/data", value: { [incompleteKey]: "id" } },
    { op: "add", path: "/binaryData", value: null },
  ];

  test("is emptied once an intent has filled it, and marked as incomplete", async () => {
    const { write, sent } = bench({ k: "x".repeat(70_000) }, { [incompleteKey]: "id" });
    await write(intentOn(approved));
    expect(sent.map(kindOf)).toEqual(["merge-patch", "json-patch"]);
    expect(sent[1]?.body).toEqual(emptied);
    await write(intentOn(payments));
    expect(sent.map(kindOf)).toEqual(["merge-patch", "json-patch", "merge-patch"]);
  });

  test.each([
    ["filled to the brim by somebody", failure(422, "Invalid")],
    ["filled beyond what a request may hold", failure(413, "RequestEntityTooLarge")],
  ])("is emptied in the intent's stead when it was %s", async (_, error) => {
    const { write, sent } = bench(error, { [incompleteKey]: "id" });
    await write(intentOn(approved));
    expect(sent.map(kindOf)).toEqual(["merge-patch", "json-patch"]);
    expect(sent[1]?.body).toEqual(emptied);
  });

  test("does not refuse the intent that is in it, when it cannot be emptied", async () => {
    const { write, sent } = bench({ k: "x".repeat(70_000) }, failure(403, "Forbidden"), { [incompleteKey]: "id" });
    await write(intentOn(approved));
    await write(intentOn(payments));
    expect(sent.map(kindOf)).toEqual(["merge-patch", "json-patch", "json-patch"]);
  });
});
