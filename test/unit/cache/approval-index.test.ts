import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Effect } from "../../../src/api/effect.ts";
import { targetsInclude } from "../../../src/api/targets.ts";
import { targetKeysFor, targetKeysOf } from "../../../src/cache/approval-index.ts";
import { bot, botUser } from "../../builders/agents.ts";
import { approval } from "../../builders/approval.ts";

const group = fc.constantFrom("", "apps");
const resource = fc.constantFrom("deployments", "deployments/scale", "pods");
const name = fc.constantFrom("a", "b", "c", ...Array.from({ length: 20 }, (_, index) => `n${index}`));
const target = fc.record(
  { apiGroup: group, resource, names: fc.array(name, { maxLength: 24 }) },
  { requiredKeys: ["apiGroup", "resource"] },
);
const effect: fc.Arbitrary<Effect> = fc.record({
  verb: fc.constant("update" as const),
  group,
  version: fc.constant("v1"),
  resource: fc.constantFrom("deployments", "pods"),
  subresource: fc.constantFrom("", "scale"),
  namespace: fc.constant("payments-prod"),
  name: fc.oneof(name, fc.constant("")),
});
const namespace = "payments-prod";

const isFound = (keys: readonly string[], effect: Effect): boolean => {
  const wanted = targetKeysFor(botUser, namespace, effect);
  return keys.some((key) => wanted.includes(key));
};

describe("the index by target", () => {
  test("leads to every approval whose targets leave the effect in", () => {
    fc.assert(
      fc.property(fc.option(fc.array(target, { maxLength: 4 }), { nil: undefined }), effect, (targets, effect) => {
        const elev = approval("inc-1", targets === undefined ? {} : { targets });
        fc.pre(targetsInclude(elev, effect));
        expect(isFound(targetKeysOf(elev), effect)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ["another object", { names: ["b"] }, {}, false],
    ["another resource", { resource: "pods" }, {}, false],
    ["another group", { apiGroup: "" }, {}, false],
    ["the object", { names: ["b", "a"] }, {}, true],
    ["its subresource", { resource: "deployments/scale", names: ["a"] }, { subresource: "scale" }, true],
  ])("with an approval of %s: %o", (_, part, mods, found) => {
    const elev = approval("inc-1", { targets: [{ apiGroup: "apps", resource: "deployments", names: ["a"], ...part }] });
    const write: Effect = {
      verb: "update",
      group: "apps",
      version: "v1",
      resource: "deployments",
      subresource: "",
      namespace,
      name: "a",
      ...mods,
    };
    expect(isFound(targetKeysOf(elev), write)).toBe(found);
  });

  test("never leads from one agent or namespace to another's approval", () => {
    const write: Effect = { verb: "update", group: "", version: "v1", resource: "pods", subresource: "", name: "a" };
    const keys = targetKeysOf(approval("inc-1", { agent: bot }));
    expect(keys.some((key) => targetKeysFor("spiffe://x", namespace, write).includes(key))).toBe(false);
    expect(keys.some((key) => targetKeysFor(botUser, "payments-dev", write).includes(key))).toBe(false);
  });

  test("holds a hostile approval under no more keys than it has small targets", () => {
    const names = Array.from({ length: 64 }, (_, index) => `n${index}`);
    const targets = Array.from({ length: 32 }, () => ({ apiGroup: "apps", resource: "deployments", names }));
    expect(new Set(targetKeysOf(approval("inc-1", { targets }))).size).toBe(1);
  });
});
