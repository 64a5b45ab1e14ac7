import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../../src/decision/admission-request.ts";
import { describeChange } from "../../../../src/decision/change/describe-change.ts";
import { canonicalJson } from "../../../../src/ledger/canonical-json.ts";
import { writeRequest } from "../../../builders/review.ts";

const secrets = { group: "", version: "v1", resource: "secrets" };
const secretText = "aHVudGVyMg==";

const updated = (before: JsonObject, after: JsonObject, mods: Parameters<typeof writeRequest>[0] = {}) =>
  describeChange(writeRequest({ oldObject: { spec: before }, object: { spec: after }, ...mods }));

test("a change is described by path and values, without what the API server writes", () => {
  const request = writeRequest({
    oldObject: { metadata: { generation: 1, name: "web" }, spec: { replicas: 1, gone: [1] } },
    object: { metadata: { generation: 2, name: "web" }, spec: { replicas: 3, "example.com/x": "new" } },
  });
  expect(describeChange(request)).toEqual({
    changes: [
      { path: "spec.replicas", kind: "changed", before: "1", after: "3" },
      { path: "spec.gone", kind: "removed", before: "[1]" },
      { path: 'spec["example.com/x"]', kind: "added", after: '"new"' },
    ],
    omitted: 0,
  });
});

test("a container is followed by its name", () => {
  const containers = (image: string): JsonObject => ({ containers: [{ name: "web", image }] });
  expect(updated(containers("a"), containers("b")).changes.map(({ path }) => path)).toEqual([
    "spec.containers[name=web].image",
  ]);
});

describe("of a Secret only keys are named", () => {
  const annotations = { "kubectl.kubernetes.io/last-applied-configuration": `{"data":{"password":"${secretText}"}}` };
  const data = (value: string): JsonObject => ({ metadata: { name: "s" }, data: { password: value } });
  test.each([
    ["created", { operation: "CREATE" as const, oldObject: null, object: data(secretText) }],
    ["changed", { oldObject: data("b2xk"), object: data(secretText) }],
    ["emptied", { oldObject: data(secretText), object: { metadata: { name: "s" }, data: {} } }],
    [
      "annotated",
      { oldObject: data("b2xk"), object: { metadata: { name: "s", annotations }, data: { password: "b2xk" } } },
    ],
    [
      "of another group",
      { resource: { ...secrets, group: "example.com" }, oldObject: data("b2xk"), object: data(secretText) },
    ],
    [
      "in a version to come",
      { resource: { ...secrets, version: "v2" }, oldObject: data("b2xk"), object: data(secretText) },
    ],
    [
      "by stringData",
      { oldObject: { stringData: { password: "b2xk" } }, object: { stringData: { password: secretText } } },
    ],
  ])("when it is %s", (_, mods) => {
    const described = describeChange(writeRequest({ resource: secrets, ...mods }));
    expect(described.changes.length).toBeGreaterThan(0);
    expect(described.changes.every((change) => !("before" in change) && !("after" in change))).toBe(true);
    expect(JSON.stringify(described)).not.toContain(secretText);
    expect(JSON.stringify(described)).toMatch(/password|annotations/);
  });
});

test("a deletion has no changed places", () => {
  expect(describeChange(writeRequest({ operation: "DELETE", object: null }))).toEqual({ changes: [], omitted: 0 });
});

describe("a description is bounded", () => {
  test("in number, and says how many are left out", () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`k${index}`, index]));
    const described = updated({}, many);
    expect(described.changes).toHaveLength(32);
    expect(described.omitted).toBe(968);
  });

  test("in size, in whatever characters, and can always be recorded", () => {
    for (const letter of ["x", '"', "\\", "\u0000", "\u{1F600}", "\uFFFF", "é", "\u2028", "\uD800"]) {
      const after = Object.fromEntries(
        Array.from({ length: 60 }, (_, index) => [
          `${"x".repeat(index % 2)}${letter.repeat(4000)}${index}`,
          letter.repeat(4000),
        ]),
      );
      const text = canonicalJson(updated({}, after));
      expect(Buffer.byteLength(text)).toBeLessThan(48 * 1024);
    }
  });

  test("to one line without control or format characters", () => {
    const { changes } = updated(
      { env: [] },
      { "a\nb\u202E": "c\r\nd\u202E\u0007", env: [{ name: "x\nallowed: yes", value: "v" }] },
    );
    expect(changes).toHaveLength(3);
    for (const { path, after } of changes) expect(`${path}${after ?? ""}`).not.toMatch(/\p{C}/u);
  });
});
