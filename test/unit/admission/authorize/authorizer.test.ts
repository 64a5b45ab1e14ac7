import { describe, expect, test } from "vitest";
import type { AccessCall } from "../../../../src/admission/authorize/access-review.ts";
import { createAuthorizer } from "../../../../src/admission/authorize/authorizer.ts";
import { canonicalJson } from "../../../../src/ledger/canonical-json.ts";
import { createLogger } from "../../../../src/telemetry/logger.ts";

const log = createLogger({ level: "silent", name: "test" });
const agents = { namespaces: ["agents"], group: "writ.dev:agents" };
const receipt = { writer: "w0", index: 3n, leafHash: Buffer.alloc(32, 7) };
const bot = "system:serviceaccount:agents:bot";

const impersonation = (name: string, user = bot): AccessCall => ({
  caller: { kind: "path" },
  spec: {
    user,
    uid: "u1",
    groups: ["system:authenticated"],
    extra: { "authentication.kubernetes.io/credential-id": ["JTI=1"] },
    resourceAttributes: { verb: "impersonate", version: "v1", resource: "users", name },
  },
});

function bench(record?: () => Promise<never>) {
  const recorded: object[] = [];
  const append = async (_: string, spec: object): Promise<typeof receipt> => {
    recorded.push(spec);
    return receipt;
  };
  return { recorded, authorizer: createAuthorizer({ agents, record: record ?? append, clock: () => 0, log }) };
}

describe("the second gate's record", () => {
  test("holds who was denied what, before the answer, which names the entry", async () => {
    const { recorded, authorizer } = bench();
    const denial = await authorizer.judge(impersonation("alice"));
    expect(recorded).toEqual([
      {
        time: "1970-01-01T00:00:00.000Z",
        by: "authorize",
        verdict: "deny",
        code: "ImpersonationDenied",
        message: `the agent ${bot} may not impersonate users alice`,
        operation: "impersonate",
        resource: { group: "", version: "v1", resource: "users", subresource: "" },
        object: { name: "alice" },
        user: {
          username: bot,
          uid: "u1",
          groups: ["system:authenticated"],
          extra: { "authentication.kubernetes.io/credential-id": ["JTI=1"] },
        },
        credential: { id: "JTI=1" },
        caller: { kind: "path" },
      },
    ]);
    expect(denial?.message).toContain(`[record w0;3;${"07".repeat(32)}]`);
  });

  test("has no entry for what is not denied", async () => {
    const { recorded, authorizer } = bench();
    const read = { ...impersonation("x"), spec: { user: bot, resourceAttributes: { verb: "get", resource: "pods" } } };
    expect(await authorizer.judge(read)).toBeUndefined();
    expect(await authorizer.judge(impersonation("alice", "bob@example.com"))).toBeUndefined();
    expect(recorded).toEqual([]);
  });

  test("takes an attempt under a name of 60 KiB, so that no name hides its own denial", async () => {
    const { recorded, authorizer } = bench();
    await authorizer.judge(impersonation("\u{1F600}".repeat(15_000)));
    expect(canonicalJson(recorded[0]).length).toBeLessThan(10_000);
  });

  test("marks what the server denied in the authorizer's place", async () => {
    const { recorded, authorizer } = bench();
    await authorizer.recordServerDenial(impersonation("alice"), { code: "Overloaded", message: "m", next: "n" });
    expect(recorded).toMatchObject([{ verdict: "error", code: "Overloaded", operation: "impersonate" }]);
  });
});

test("a denial that cannot be recorded stays a denial", async () => {
  const { authorizer } = bench(() => Promise.reject(new Error("disk full")));
  expect(await authorizer.judge(impersonation("alice"))).toMatchObject({ code: "ImpersonationDenied" });
});
