import { describe, expect, test } from "vitest";
import type { JsonObject, JsonValue } from "../../../../src/decision/admission-request.ts";
import { moreOfUpdate, podUses, usesOfCreated } from "./effect-text.ts";

function parse(text: string): JsonObject {
  return JSON.parse(text) as JsonObject;
}

describe("hostile objects", () => {
  test("a pod spec below __proto__ is found like any other", () => {
    const object = parse('{"__proto__": {"spec": {"containers": [], "serviceAccountName": "deployer"}}}');
    expect(usesOfCreated("example.com/widgets", object)).toEqual(["use serviceaccounts deployer"]);
  });

  test("__proto__ within a pod spec names nothing for the spec itself", () => {
    const spec = parse('{"containers": [], "__proto__": {"automountServiceAccountToken": false, "hostPID": true}}');
    expect(podUses(spec)).toEqual(["use serviceaccounts default"]);
  });

  test("members of Object.prototype are no Secrets and no owner references", () => {
    const spec = parse('{"containers": [], "automountServiceAccountToken": false, "secretRef": "constructor"}');
    expect(podUses(spec)).toEqual([]);
    expect(
      moreOfUpdate("/configmaps", { metadata: {} }, parse('{"metadata": {"__proto__": {"finalizers": []}}}')),
    ).toEqual([]);
  });

  test.each<[string, JsonValue]>([
    ["texts", ["a", "b"]],
    ["numbers and null", [1, null, true]],
    ["lists", [[], [[]]]],
  ])("containers that are %s still make a pod spec", (_, containers) => {
    expect(podUses({ containers })).toEqual(["use serviceaccounts default"]);
  });

  test.each<JsonValue>([null, "x", 1, true, [], {}])("metadata, spec and parts of a spec may be %j", (value) => {
    const odd: JsonObject = { metadata: value, spec: value, type: value, target: value };
    for (const resource of ["/pods", "/secrets", "/pods/binding", "/serviceaccounts/token", "apps/deployments"]) {
      expect(() => [
        usesOfCreated(resource, odd),
        moreOfUpdate(resource, odd, {}),
        moreOfUpdate(resource, {}, odd),
      ]).not.toThrow();
    }
    const spec: JsonObject = {
      containers: [],
      serviceAccountName: value,
      volumes: value,
      imagePullSecrets: value,
      nodeName: value,
      secretRef: value,
    };
    expect(() => podUses(spec)).not.toThrow();
  });

  test("a member whose name looks like a path hides no pod spec", () => {
    const harmless = { containers: [], automountServiceAccountToken: false };
    const harmful = { containers: [], serviceAccountName: "deployer" };
    for (const object of [
      { a: { b: harmful }, "a/b": harmless },
      { "a/b": harmless, a: { b: harmful } },
      { "a/b": harmful, a: { b: harmless } },
      { a: { b: harmless }, "a/b": harmful },
      { "a~1b": harmless, "a/b": harmful },
      { "a/b": harmful, "a~1b": harmless },
      { a: [harmful], "a/0": harmless },
      { "a/0": harmless, a: [harmful] },
    ]) {
      expect(usesOfCreated("example.com/widgets", object), JSON.stringify(object)).toEqual([
        "use serviceaccounts deployer",
      ]);
    }
  });

  test("10,000 containers are walked, each Secret found", () => {
    const containers = Array.from({ length: 10_000 }, (_, index) => ({
      name: `c${index}`,
      env: [{ name: "P", valueFrom: { secretKeyRef: { name: `s${index % 100}`, key: "p" } } }],
    }));
    expect(podUses({ containers, automountServiceAccountToken: false })).toHaveLength(100);
  });

  test("512 levels are walked to the bottom", () => {
    let object: JsonObject = { containers: [], serviceAccountName: "deployer" };
    let list: JsonValue = [{ secretRef: { name: "s1" } }];
    for (let level = 0; level < 512; level += 1) {
      object = { nested: object };
      list = [list];
    }
    expect(usesOfCreated("example.com/widgets", object)).toEqual(["use serviceaccounts deployer"]);
    expect(podUses({ containers: [], automountServiceAccountToken: false, deep: list })).toEqual(["use secrets s1"]);
    expect(moreOfUpdate("example.com/widgets", object, object)).toEqual([]);
  });
});
