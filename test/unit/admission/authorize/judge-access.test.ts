import { describe, expect, test } from "vitest";
import type { AccessSpec } from "../../../../src/admission/authorize/access-review.ts";
import { judgeAccess } from "../../../../src/admission/authorize/judge-access.ts";
import { accessTable as table, resource } from "./access-table.ts";

const agents = { namespaces: ["agents"], group: "writ.dev:agents" };
const bot = "system:serviceaccount:agents:bot";

const code = (spec: AccessSpec): string => judgeAccess(spec, agents)?.code ?? "no opinion";
describe("what the second gate says to an agent", () => {
  test.each(table)("%s", (_, spec, expected) => {
    expect(code({ ...spec, user: bot })).toBe(expected);
    expect(code({ ...spec, user: "spiffe://example.org/planner", groups: ["writ.dev:agents"] })).toBe(expected);
    expect(code({ ...spec, user: bot, groups: ["system:masters", "writ.dev:break-glass"] })).toBe(expected);
  });
});

describe("whoever is no agent", () => {
  test.each([
    ["a person", { user: "alice@example.com", groups: ["system:authenticated"] }],
    ["an administrator", { user: "admin", groups: ["system:masters"] }],
    ["a controller", { user: "system:serviceaccount:kube-system:namespace-controller" }],
    ["a service account of a namespace with a longer name", { user: "system:serviceaccount:agents-b:bot" }],
    ["a node", { user: "system:node:n1", groups: ["system:nodes"] }],
    ["anonymous", { user: "system:anonymous", groups: ["system:unauthenticated"] }],
    ["a user whose name only looks like an agent's", { user: "agents:bot" }],
    ["nobody", {}],
  ])("%s is never denied", (_, who) => {
    expect(table.map(([, spec]) => code({ ...spec, ...who }))).toEqual(table.map(() => "no opinion"));
  });
});

test("the message says who may not do what, and cuts an endless name", () => {
  const spec = { user: bot, ...resource("get", "pods/proxy", { namespace: "shop", name: "web" }) };
  expect(judgeAccess(spec, agents)?.message).toBe(`the agent ${bot} may not get pods/proxy shop/web`);
  const long = { user: bot, ...resource("impersonate", "users", { name: "x".repeat(60_000) }) };
  expect(judgeAccess(long, agents)?.message.length).toBeLessThan(600);
});
