import { describe, expect, test } from "vitest";
import type { JsonObject, JsonValue } from "../../../../src/decision/admission-request.ts";
import { effectTexts, moreOfUpdate, resourceOf } from "./effect-text.ts";

const deletion = ["delete configmaps web"];

/** What an update of metadata does beside itself. */
function metadataUpdate(before: JsonObject, after: JsonObject, resource = "/configmaps"): readonly string[] {
  return moreOfUpdate(resource, { metadata: { name: "web", ...before } }, { metadata: { name: "web", ...after } });
}

describe("the removal of finalizers", () => {
  const deletionTimestamp = "2026-06-01T12:00:00Z";
  test.each<[string, JsonObject, JsonObject, readonly string[]]>([
    ["the last, while being deleted", { deletionTimestamp, finalizers: ["a"] }, { deletionTimestamp }, deletion],
    [
      "the last, while being deleted, to an empty list",
      { deletionTimestamp, finalizers: ["a"] },
      { deletionTimestamp, finalizers: [] },
      deletion,
    ],
    [
      "all of several at once, while being deleted",
      { deletionTimestamp, finalizers: ["a", "b"] },
      { deletionTimestamp },
      deletion,
    ],
    [
      "the last, with a deletionTimestamp that the client left out",
      { deletionTimestamp, finalizers: ["a"] },
      {},
      deletion,
    ],
    ["the last, of an object that nobody deletes", { finalizers: ["a"] }, {}, []],
    [
      "one of two, while being deleted",
      { deletionTimestamp, finalizers: ["a", "b"] },
      { deletionTimestamp, finalizers: ["b"] },
      [],
    ],
    [
      "none, while being deleted",
      { deletionTimestamp, finalizers: ["a"] },
      { deletionTimestamp, finalizers: ["a"], labels: { x: "y" } },
      [],
    ],
  ])("%s", (_, before, after, expected) => {
    expect(metadataUpdate(before, after)).toEqual(expected);
  });

  test("through a subresource deletes the object all the same", () => {
    expect(
      metadataUpdate({ deletionTimestamp, finalizers: ["a"] }, { deletionTimestamp }, "example.com/widgets/status"),
    ).toEqual(["delete example.com/widgets web"]);
  });
});

describe("owner references", () => {
  const ref = (uid: string, more: JsonObject = {}): JsonObject => ({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name: "web",
    uid,
    ...more,
  });
  test.each<[string, JsonValue | undefined, JsonValue | undefined, readonly string[]]>([
    ["one added", undefined, [ref("1")], deletion],
    ["one more", [ref("1")], [ref("1"), ref("2")], deletion],
    ["one removed", [ref("1"), ref("2")], [ref("2")], deletion],
    ["the last removed", [ref("1")], undefined, deletion],
    ["reordered", [ref("1"), ref("2")], [ref("2"), ref("1")], deletion],
    ["another uid", [ref("1")], [ref("ghost")], deletion],
    ["made blocking", [ref("1")], [ref("1", { blockOwnerDeletion: true })], deletion],
    ["made a controller", [ref("1")], [ref("1", { controller: true })], deletion],
    ["no list at all", [ref("1")], "x", deletion],
    ["as they were", [ref("1"), ref("2")], [ref("1"), ref("2")], []],
    ["as they were, members in another order", [{ uid: "1", name: "a" }], [{ name: "a", uid: "1" }], []],
  ])("%s", (_, before, after, expected) => {
    const refs = (value: JsonValue | undefined): JsonObject => (value === undefined ? {} : { ownerReferences: value });
    expect(metadataUpdate(refs(before), refs(after))).toEqual(expected);
  });

  test("and finalizers that go together are one deletion", () => {
    const deletionTimestamp = "2026-06-01T12:00:00Z";
    expect(metadataUpdate({ deletionTimestamp, finalizers: ["a"], ownerReferences: [ref("1")] }, {})).toEqual(deletion);
  });
});

test("propagationPolicy and preconditions have no effect of their own", () => {
  const options = { kind: "DeleteOptions", propagationPolicy: "Orphan", preconditions: { uid: "x" } };
  expect(effectTexts({ operation: "DELETE", ...resourceOf("/configmaps"), object: null, options })).toEqual([
    "delete configmaps web",
  ]);
});

test("a deletecollection deletes what the old object names", () => {
  const oldObject = { metadata: { name: "victim", uid: "u" } };
  expect(effectTexts({ operation: "DELETE", ...resourceOf("/pods"), name: "", object: null, oldObject })).toEqual([
    "delete pods victim",
  ]);
});
