import { describe, expect, test } from "vitest";
import { formatFieldPath } from "../../../../src/api/field-path.ts";
import type { JsonValue } from "../../../../src/decision/admission-request.ts";
import { changedPaths } from "../../../../src/decision/change/changed-paths.ts";

/** The places at which two values differ, as rules write them. */
function differing(before: JsonValue | undefined, after: JsonValue | undefined): readonly string[] {
  return changedPaths(before, after).map(({ path }) => formatFieldPath(path));
}

type Row = readonly [string, JsonValue | undefined, JsonValue | undefined, readonly string[]];

describe("members", () => {
  test.each<Row>([
    ["the same", { a: 1, b: { c: 2 } }, { b: { c: 2 }, a: 1 }, []],
    ["a value", { a: 1, b: 2 }, { a: 1, b: 3 }, ["b"]],
    ["a type", { a: 1 }, { a: "1" }, ["a"]],
    ["null is not absent", { a: null }, {}, ["a"]],
    ["null is not an empty object", { a: null }, { a: {} }, ["a"]],
    ["a deep value", { a: { b: { c: 1, d: 2 } } }, { a: { b: { c: 3, d: 2 } } }, ["a.b.c"]],
    ["an added map is told by its leaves", { a: {} }, { a: { x: { y: 1, z: 2 } } }, ["a.x.y", "a.x.z"]],
    ["an added map where none was", {}, { a: { x: 1 } }, ["a.x"]],
    ["a removed map is told by its leaves", { a: { x: { y: 1, z: 2 } } }, {}, ["a.x.y", "a.x.z"]],
    ["an empty object that comes", {}, { a: {} }, ["a"]],
    ["an empty object that goes", { a: {} }, {}, ["a"]],
    ["an empty object within one that comes", {}, { a: { b: {}, c: 1 } }, ["a.b", "a.c"]],
    ["an object in place of a value", { a: 1 }, { a: { b: 1 } }, ["a"]],
    ["a value in place of an object", { a: { b: 1 } }, { a: 1 }, ["a"]],
    ["a list in place of an object", { a: { b: 1 } }, { a: [1] }, ["a"]],
    ["an object in place of a list", { a: [1] }, { a: { b: 1 } }, ["a"]],
    ["a list in place of nothing", {}, { a: [1] }, ["a"]],
    ["an empty list that comes", {}, { a: [] }, ["a"]],
    ["empty on both sides", { a: [], containers: [], b: {} }, { a: [], containers: [], b: {} }, []],
    ["an empty list that goes", { a: [] }, {}, ["a"]],
    ["a whole object", undefined, { a: 1 }, ["a"]],
    ["names with dots and slashes", { a: { "x.y/z": "1" } }, { a: { "x.y/z": "2" } }, ['a["x.y/z"]']],
    ["names of Object.prototype", {}, { a: { constructor: 1, toString: 2 } }, ["a.constructor", "a.toString"]],
  ])("%s", (_, before, after, expected) => {
    expect(differing(before, after)).toEqual(expected);
  });

  test("an own __proto__ is a member like any other", () => {
    const parse = (text: string): JsonValue => JSON.parse(text) as JsonValue;
    expect(differing(parse('{"__proto__": {"a": 1}}'), parse('{"__proto__": {"a": 2}}'))).toEqual(["__proto__.a"]);
    expect(differing({}, parse('{"__proto__": {"a": 2}}'))).toEqual(["__proto__.a"]);
    expect(differing(parse('{"__proto__": {}}'), {})).toEqual(["__proto__"]);
  });
});

describe("lists with merge keys", () => {
  const web = { name: "web", image: "web:1" };
  const log = { name: "log", image: "log:1" };
  const port = { containerPort: 80, protocol: "TCP", name: "http" };
  test.each<Row>([
    [
      "an element by name",
      { containers: [web, log] },
      { containers: [{ ...web, image: "web:2" }, log] },
      ["containers[name=web].image"],
    ],
    [
      "an element wherever it stands",
      { containers: [web] },
      { containers: [log, { ...web, image: "web:2" }] },
      ["containers[name=web].image", "containers[name=log].name", "containers[name=log].image"],
    ],
    [
      "an added element",
      { containers: [web] },
      { containers: [web, log] },
      ["containers[name=log].name", "containers[name=log].image"],
    ],
    [
      "a removed element",
      { containers: [web, log] },
      { containers: [log] },
      ["containers[name=web].name", "containers[name=web].image"],
    ],
    ["an added list", {}, { containers: [web] }, ["containers[name=web].name", "containers[name=web].image"]],
    ["a removed list", { containers: [web] }, {}, ["containers[name=web].name", "containers[name=web].image"]],
    [
      "a renamed element",
      { containers: [{ name: "a" }] },
      { containers: [{ name: "b" }] },
      ["containers[name=a].name", "containers[name=b].name"],
    ],
    ["another order", { containers: [web, log] }, { containers: [log, web] }, ["containers"]],
    [
      "another order and more",
      { containers: [web, log] },
      { containers: [log, { ...web, image: "x" }] },
      ["containers"],
    ],
    ["duplicates", { containers: [web] }, { containers: [web, { ...web, image: "x" }] }, ["containers"]],
    ["duplicates before", { containers: [web, web] }, { containers: [web] }, ["containers"]],
    ["an element without a name", { containers: [web] }, { containers: [{ image: "x" }] }, ["containers"]],
    ["an element that is no object", { containers: [web] }, { containers: ["web"] }, ["containers"]],
    ["an element whose name is no text", { containers: [web] }, { containers: [{ name: ["web"] }] }, ["containers"]],
    [
      "initContainers",
      { initContainers: [web] },
      { initContainers: [{ ...web, image: "x" }] },
      ["initContainers[name=web].image"],
    ],
    [
      "ephemeralContainers",
      { ephemeralContainers: [] },
      { ephemeralContainers: [web] },
      ["ephemeralContainers[name=web].name", "ephemeralContainers[name=web].image"],
    ],
    [
      "lists within elements",
      { containers: [{ ...web, env: [{ name: "A", value: "1" }] }] },
      { containers: [{ ...web, env: [{ name: "A", value: "2" }] }] },
      ["containers[name=web].env[name=A].value"],
    ],
    [
      "lists without keys within elements",
      { containers: [{ ...web, args: ["a"] }] },
      { containers: [{ ...web, args: ["a", "b"] }] },
      ["containers[name=web].args"],
    ],
    [
      "mounts by path",
      { volumeMounts: [{ mountPath: "/a", name: "v" }] },
      { volumeMounts: [{ mountPath: "/a", name: "w" }] },
      ["volumeMounts[mountPath=/a].name"],
    ],
    [
      "ports by number and protocol",
      { ports: [port] },
      { ports: [{ ...port, name: "web" }] },
      ["ports[containerPort=80,protocol=TCP].name"],
    ],
    [
      "one port with two protocols",
      { ports: [port, { ...port, protocol: "UDP" }] },
      { ports: [port, { ...port, protocol: "UDP", name: "x" }] },
      ["ports[containerPort=80,protocol=UDP].name"],
    ],
    [
      "ports of a Service",
      { ports: [{ port: 80, protocol: "TCP", targetPort: 1 }] },
      { ports: [{ port: 80, protocol: "TCP", targetPort: 2 }] },
      ["ports[port=80,protocol=TCP].targetPort"],
    ],
    [
      "ports without protocol",
      { ports: [{ port: 80, targetPort: 1 }] },
      { ports: [{ port: 80, targetPort: 2 }] },
      ["ports[port=80].targetPort"],
    ],
    [
      "ports that only one side can be told apart by",
      { ports: [{ port: 80 }] },
      { ports: [{ port: 80 }, { port: 80, x: 1 }] },
      ["ports"],
    ],
    [
      "conditions by type",
      { conditions: [{ type: "Ready", status: "True" }] },
      { conditions: [{ type: "Ready", status: "False" }] },
      ["conditions[type=Ready].status"],
    ],
  ])("%s", (_, before, after, expected) => {
    expect(differing(before, after)).toEqual(expected);
  });
});

describe("other lists are whole", () => {
  test.each<Row>([
    ["of texts", { args: ["a", "b"] }, { args: ["a", "c"] }, ["args"]],
    ["in another order", { args: ["a", "b"] }, { args: ["b", "a"] }, ["args"]],
    ["of objects with names", { items: [{ name: "a", x: 1 }] }, { items: [{ name: "a", x: 2 }] }, ["items"]],
    ["within lists", { steps: [[{ name: "a" }]] }, { steps: [[{ name: "b" }]] }, ["steps"]],
    [
      "named like Object.prototype's",
      { constructor: [{ name: "a" }] },
      { constructor: [{ name: "b" }] },
      ["constructor"],
    ],
    ["the same, with members in another order", { items: [{ a: 1, b: 2 }] }, { items: [{ b: 2, a: 1 }] }, []],
  ])("%s", (_, before, after, expected) => {
    expect(differing(before, after)).toEqual(expected);
  });
});

test("10,000 containers and 512 levels are compared", () => {
  const containers = (image: string): JsonValue =>
    Array.from({ length: 10_000 }, (_, index) => ({ name: `c${index}`, image: index === 9_999 ? image : "x" }));
  expect(differing({ containers: containers("a") }, { containers: containers("b") })).toEqual([
    "containers[name=c9999].image",
  ]);
  const deep = (leaf: JsonValue): JsonValue =>
    Array.from({ length: 512 }).reduce<JsonValue>((inner) => ({ a: inner }), leaf);
  expect(changedPaths(deep(1), deep(2)).map(({ path }) => path.length)).toEqual([512]);
  expect(changedPaths(deep(1), deep(1))).toEqual([]);
});
