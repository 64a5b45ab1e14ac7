import { describe, expect, test } from "vitest";
import type { AdmissionRequest, JsonObject } from "../../../src/decision/admission-request.ts";
import { review, writeRequest } from "../../builders/review.ts";

const userInfo = review().userInfo;

describe("the target", () => {
  const namespaces = { group: "", version: "v1", resource: "namespaces" };
  const named = (name: string): JsonObject => ({ metadata: { name, uid: `${name}-uid`, resourceVersion: "1" } });

  test.each<[string, Partial<AdmissionRequest>, object]>([
    [
      "an update",
      {},
      {
        group: "apps",
        version: "v1",
        resource: "deployments",
        subresource: "",
        namespace: "payments-prod",
        name: "web",
        uid: "web-uid",
        oldResourceVersion: "7",
      },
    ],
    ["a subresource", { subResource: "scale" }, { subresource: "scale" }],
    ["a cluster-scoped object", { namespace: "" }, { namespace: undefined }],
    [
      "a Namespace object, whose review names itself as namespace",
      { resource: namespaces, namespace: "prod", name: "prod" },
      { namespace: undefined, name: "prod" },
    ],
    [
      "a Namespace's subresource",
      { resource: namespaces, subResource: "finalize", namespace: "prod", name: "prod" },
      { namespace: undefined },
    ],
    [
      "namespaces of another group, which are namespaced",
      { resource: { ...namespaces, group: "x" }, namespace: "prod" },
      { namespace: "prod" },
    ],
    [
      "a deletecollection, whose name stands in the old object",
      { name: "", operation: "DELETE", object: null, oldObject: named("api") },
      { name: "api", uid: "api-uid" },
    ],
    [
      "a create with a name",
      { name: "", operation: "CREATE", object: named("new"), oldObject: null },
      { name: "new", oldResourceVersion: undefined },
    ],
    [
      "a create whose name will be generated",
      { name: "", operation: "CREATE", object: { metadata: { generateName: "web-" } }, oldObject: null },
      { name: "", uid: undefined },
    ],
    ["no object at all", { name: "", object: null, oldObject: null }, { name: "", uid: undefined }],
    [
      "metadata that is no object",
      { name: "", object: { metadata: "web" }, oldObject: { metadata: [1] } },
      { name: "", uid: undefined },
    ],
    ["a name that is no text", { name: "", object: { metadata: { name: 5 } }, oldObject: null }, { name: "" }],
    ["the old object's uid rather than the new one's", { object: named("other") }, { uid: "web-uid" }],
  ])("%s", (_, mods, target) => {
    expect(writeRequest(mods).target).toMatchObject(target);
  });
});

describe("the requester", () => {
  const prefix = "authentication.kubernetes.io";
  test("carries what the API server knows of the credential", () => {
    const extra = {
      [`${prefix}/credential-id`]: ["JTI=1"],
      [`${prefix}/pod-name`]: ["p"],
      [`${prefix}/pod-uid`]: ["u"],
      [`${prefix}/node-name`]: ["n"],
      "writ.dev/act-chain": ["planner", "human"],
    };
    expect(writeRequest({ userInfo: { ...userInfo, extra } }).requester).toMatchObject({
      credentialId: "JTI=1",
      podName: "p",
      podUid: "u",
      nodeName: "n",
      delegation: ["planner", "human"],
    });
  });

  test("has no uid, groups or credential when there are none", () => {
    expect(writeRequest({ userInfo: { username: "x", uid: "" } }).requester).toEqual({
      userName: "x",
      uid: undefined,
      groups: [],
      credentialId: undefined,
      podName: undefined,
      podUid: undefined,
      nodeName: undefined,
      delegation: [],
    });
  });

  test("takes no extra from a prototype", () => {
    const extra = JSON.parse(`{"__proto__": {"${prefix}/credential-id": ["JTI=1"]}}`) as Record<string, string[]>;
    expect(writeRequest({ userInfo: { ...userInfo, extra } }).requester.credentialId).toBeUndefined();
  });
});

test("a review that does not speak of a dry run is none", () => {
  const { dryRun: _, ...rest } = review();
  expect(writeRequest(rest).dryRun).toBe(false);
  expect(writeRequest({ dryRun: true }).dryRun).toBe(true);
});
