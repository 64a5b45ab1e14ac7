import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";

const read = (path: string): unknown =>
  parseAllDocuments(readFileSync(new URL(`../../../../manifests/${path}`, import.meta.url), "utf8"))[0]?.toJS();

interface Conditions {
  readonly matchConditions: readonly { readonly name?: string; readonly expression: string }[];
}

const gate = read("install/gate.yaml") as { readonly webhooks: readonly [Conditions] };
const guard = read("guard/agents.yaml") as { readonly spec: Conditions };
const secondGate = read("samples/authorization/authorization-configuration.yaml") as {
  readonly authorizers: readonly [{ readonly webhook: Conditions }];
};

test("gate, guard policies and second gate say in the same words who is an agent", () => {
  const expected = gate.webhooks[0].matchConditions.find(({ name }) => name === "agents")?.expression;
  expect(guard.spec.matchConditions.map(({ expression }) => expression)).toEqual([expected]);
  // An authorizer's conditions have the user in the request itself.
  const asAccess = expected?.replaceAll("request.userInfo.username", "request.user").replaceAll("userInfo.", "");
  expect(secondGate.authorizers[0].webhook.matchConditions[0]?.expression).toBe(asAccess);
});
