import { describe, expect, test } from "vitest";
import { collectionPath, objectPath, type ResourceRef, resourceName } from "../../../src/kube/resource.ts";

const pods: ResourceRef = { group: "", version: "v1", plural: "pods", namespaced: true };
const owners: ResourceRef = { group: "writ.dev", version: "v1alpha1", plural: "identityowners", namespaced: false };

describe("API paths", () => {
  test("of the core group and of others, with and without a namespace", () => {
    expect(collectionPath(pods)).toBe("/api/v1/pods");
    expect(collectionPath(pods, "a")).toBe("/api/v1/namespaces/a/pods");
    expect(objectPath(pods, "a", "b")).toBe("/api/v1/namespaces/a/pods/b");
    expect(objectPath(owners, undefined, "cluster")).toBe("/apis/writ.dev/v1alpha1/identityowners/cluster");
  });

  test("keep a hostile name inside of its segment", () => {
    expect(objectPath(pods, "a", "../secrets?x=1#y")).toBe("/api/v1/namespaces/a/pods/..%2Fsecrets%3Fx%3D1%23y");
    for (const name of ["", ".", ".."]) expect(() => objectPath(pods, "a", name)).toThrow("expected a name");
  });

  test("need a namespace exactly where the kind has one", () => {
    expect(() => objectPath(pods, undefined, "b")).toThrow("pods are namespaced");
    expect(() => collectionPath(owners, "a")).toThrow("cluster-scoped");
  });

  test("are named in logs as kubectl names kinds", () => {
    expect([pods, owners].map((resource) => resourceName(resource))).toEqual(["pods", "identityowners.writ.dev"]);
  });
});
