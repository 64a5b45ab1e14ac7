import { describe, expect, test } from "vitest";
import { formatFieldPath, parseFieldPath } from "../../../../src/api/field-path.ts";
import type { FieldPath } from "../../../../src/api/field-path.ts";
import type { JsonObject, JsonValue } from "../../../../src/decision/admission-request.ts";
import { ownershipProblem } from "../../../../src/decision/change/field-ownership.ts";

type Fields = JsonObject;
const own: Fields = {};

function entry(manager: string, fieldsV1: Fields, more: JsonObject = {}): JsonObject {
  return { manager, operation: "Apply", apiVersion: "apps/v1", fieldsType: "FieldsV1", time: "t", fieldsV1, ...more };
}
const update = (manager: string, fieldsV1: Fields): JsonObject => entry(manager, fieldsV1, { operation: "Update" });

const path = (text: string): FieldPath => {
  const result = parseFieldPath(text);
  if (result.kind === "error") throw new Error(result.message);
  return result.path;
};

/** The path whose ownership is moved without a change of what stands there; "" when there is none. */
function moved(before: JsonValue, after: JsonValue, ...changed: readonly string[]): string {
  const object = (managedFields: JsonValue): JsonObject => ({ metadata: { managedFields } });
  const problem = ownershipProblem(object(before), object(after), changed.map(path));
  return problem === undefined ? "" : formatFieldPath(problem) || "(object)";
}

const container = (name: string, ...fields: readonly string[]): Fields => ({
  [`k:${JSON.stringify({ name })}`]: { ".": own, ...Object.fromEntries(fields.map((field) => [`f:${field}`, own])) },
});
const pod = (...containers: readonly Fields[]): Fields => ({
  "f:spec": { "f:template": { "f:spec": { "f:containers": Object.assign({}, ...containers) as Fields } } },
});
const labels = (...names: readonly string[]): Fields => ({
  "f:metadata": { "f:labels": Object.fromEntries(names.map((name) => [name === "." ? name : `f:${name}`, own])) },
});
const replicas: Fields = { "f:spec": { "f:replicas": own } };

const web = container("web", "name", "image");
const guard = container("guard", "name", "image");
const guardPath = "spec.template.spec.containers[name=guard]";
const webImage = "spec.template.spec.containers[name=web].image";
const flux = entry("flux", pod(web));
const security = entry("security", pod(guard));
const before = [flux, security];
const agent = (fields: Fields): JsonObject => update("agent", fields);

describe("ownership follows what is changed", () => {
  test.each<[string, JsonValue, JsonValue, readonly string[]]>([
    ["a label is added by a patch", before, [...before, agent(labels("x"))], ["metadata.labels.x"]],
    ["the first label is added", before, [...before, agent(labels(".", "x"))], ["metadata.labels.x"]],
    ["the last label is removed", [...before, agent(labels(".", "x"))], before, ["metadata.labels.x"]],
    ["a label is changed by a PUT that sends the old managedFields", before, before, ["metadata.labels.x"]],
    ["only the time differs", before, [{ ...flux, time: "later" }, security], []],
    ["the order of entries differs", before, before.toReversed(), []],
    [
      "an image is taken over by an update",
      before,
      [entry("flux", pod(container("web", "name"))), security, agent(pod({ 'k:{"name":"web"}': { "f:image": own } }))],
      [webImage],
    ],
    [
      "an image is applied, with the name of its container",
      before,
      [entry("flux", pod(container("web", "name"))), security, entry("agent", pod(web))],
      [webImage],
    ],
    [
      "an apply leaves a container whose image others took over",
      [...before, entry("agent", pod(container("web", "name")))],
      [...before, entry("agent", replicas)],
      ["spec.replicas"],
    ],
    ["a container is added", [flux], [flux, agent(pod(guard))], [`${guardPath}.name`, `${guardPath}.image`]],
    ["a container is removed", before, [flux], [`${guardPath}.name`, `${guardPath}.image`]],
    ["the whole list is changed", before, [entry("flux", pod(guard))], ["spec.template.spec.containers"]],
    [
      "a value is added to a set",
      [agent({ "f:metadata": { "f:finalizers": { 'v:"a"': own } } })],
      [agent({ "f:metadata": { "f:finalizers": { 'v:"a"': own, 'v:"b"': own } } })],
      ["metadata.finalizers"],
    ],
    [
      "an atomic map is changed in a member",
      before,
      [...before, agent({ "f:spec": { "f:selector": own } })],
      ["spec.selector.app"],
    ],
    [
      "a list is told by other keys than managers use",
      [],
      [agent({ "f:ports": { 'k:{"name":"http"}': { "f:port": own } } })],
      ["ports[port=80].port"],
    ],
    [
      "the first apply books what was there",
      [],
      [update("before-first-apply", pod(guard)), entry("a", replicas)],
      ["spec.replicas"],
    ],
    [
      "the oldest of too many updaters are merged",
      Array.from({ length: 11 }, (_, n) => update(`u${n}`, labels(`l${n}`))),
      [
        update("ancient-changes", labels("l0", "l1", "l2")),
        ...Array.from({ length: 8 }, (_, n) => update(`u${n + 3}`, labels(`l${n + 3}`))),
        agent(replicas),
      ],
      ["spec.replicas"],
    ],
  ])("when %s", (_, old, next, changed) => {
    expect(moved(old, next, ...changed)).toBe("");
  });
});

describe("ownership is moved", () => {
  const all = entry("flux", pod(web, guard));
  test.each<[string, JsonValue, JsonValue, readonly string[], string]>([
    ["a container is handed to another manager", before, [all], ["metadata.labels.x"], guardPath],
    ["another manager becomes an owner as well", before, [all, security], ["metadata.labels.x"], guardPath],
    ["one of two owners is dropped", [all, security], [all], ["metadata.labels.x"], guardPath],
    [
      "all of it is reset",
      before,
      [agent(labels("x"))],
      ["metadata.labels.x"],
      "spec.template.spec.containers[name=web]",
    ],
    ["it is reset to an empty entry", before, [{}], ["metadata.labels.x"], "spec.template.spec.containers[name=web]"],
    ["it is removed", before, null, [], "spec.template.spec.containers[name=web]"],
    [
      "an unchanged field is applied by force",
      before,
      [flux, entry("security", pod(container("guard", "name"))), entry("agent", pod(container("guard", "image")))],
      ["metadata.labels.x"],
      `${guardPath}.image`,
    ],
    ["a neighbour is taken over with a change", before, [all], [webImage], guardPath],
    [
      "what holds the change is taken over with all else in it",
      before,
      [...before, entry("x", { "f:spec": { "f:template": own } })],
      [webImage],
      "spec.template",
    ],
    [
      "a value of a set is taken over beside one that the manager has",
      [entry("x", { "f:f": { 'v:"a"': own } }), entry("y", { "f:f": { 'v:"b"': own } })],
      [entry("x", { "f:f": { 'v:"a"': own, 'v:"b"': own } })],
      ["g"],
      "f",
    ],
    ["an entry gets another version", before, [flux, { ...security, apiVersion: "apps/v9" }], [], guardPath],
    ["an entry gets another operation", before, [flux, { ...security, operation: "Update" }], [], guardPath],
    ["an entry gets a subresource", before, [flux, { ...security, subresource: "status" }], [], guardPath],
    [
      "a few updaters are merged",
      [update("u", labels("a"))],
      [update("ancient-changes", labels("a"))],
      [],
      "metadata.labels.a",
    ],
    ["it claims to be a first apply", [flux], [flux, update("before-first-apply", replicas)], [], "spec.replicas"],
    ["a hostile name is gained", before, [...before, agent({ "f:__proto__": own })], ["spec"], "__proto__"],
  ])("when %s", (_, old, next, changed, expected) => {
    expect(moved(old, next, ...changed)).toBe(expected);
  });

  test.each<[string, JsonValue]>([
    ["no list", "moved"],
    ["an entry that is no object", [null]],
    ["one entry twice", [flux, flux]],
    ["another fieldsType", [{ ...flux, fieldsType: "FieldsV2" }]],
    ["a step of no known kind", [agent({ spec: own })]],
    ["keys that are no JSON", [agent({ "k:{": own })]],
    ["keys that are no object", [agent({ "k:[]": own })]],
    ["a position that is none", [agent({ "i:x": own })]],
    ["a step that is no object", [agent({ "f:spec": null })]],
    ["a manager that is no text", [{ ...flux, manager: 1 }]],
  ])("as far as can be told from %s", (_, next) => {
    expect(moved([], next, "spec")).toBe("metadata.managedFields");
  });
});

test("deep fields and many fields are walked", () => {
  let deep: Fields = {};
  for (let depth = 0; depth < 500; depth++) deep = { "f:a": deep };
  expect(moved([], [agent(deep)], "b")).toBe(Array(500).fill("a").join("."));
  const names = Array.from({ length: 5000 }, (_, n) => `l${n}`);
  expect(moved([], [agent(labels(...names))], ...names.map((name) => `metadata.labels.${name}`))).toBe("");
});
