import { describe, expect, test } from "vitest";
import { rememberUses } from "../../../../src/admission/consume/remembered-uses.ts";
import type { AdmissionRequest } from "../../../../src/decision/admission-request.ts";
import { review, writeRequest } from "../../../builders/review.ts";
import { approved } from "../../../builders/world.ts";

const use = { ordinal: 3, of: 5 } as const;
const metadata = { name: "web", namespace: "payments-prod", uid: "web-uid", resourceVersion: "7" };
const update: Partial<AdmissionRequest> = {
  object: { metadata, spec: { replicas: 2 } },
  oldObject: { metadata, spec: { replicas: 1 } },
};

/** What is known of `second` once `first` was counted. */
function known(first: Partial<AdmissionRequest>, second: Partial<AdmissionRequest>, approval = approved): unknown {
  const remembered = rememberUses(10);
  remembered.add(writeRequest(first), approved, use);
  return remembered.find(writeRequest(second), approval);
}

const credential = (...ids: readonly string[]): AdmissionRequest["userInfo"] => ({
  ...review().userInfo,
  extra: { "authentication.kubernetes.io/credential-id": ids },
});
const stored = (mods: object): Partial<AdmissionRequest> => ({
  ...update,
  oldObject: { metadata: { ...metadata, ...mods }, spec: { replicas: 1 } },
});

describe("the same use", () => {
  test("is the same change of the same stored version by the same credential under the same approval", () => {
    expect(known(update, update)).toMatchObject(use);
    expect(known(update, { ...update, uid: "another-review", options: { fieldManager: "other" } })).toMatchObject(use);
  });

  test("is the same deletion of the same stored version", () => {
    const deletion: Partial<AdmissionRequest> = { ...update, operation: "DELETE", object: null };
    expect(known(deletion, deletion)).toMatchObject(use);
  });

  test.each<readonly [string, Partial<AdmissionRequest>]>([
    ["another change", { ...update, object: { metadata, spec: { replicas: 3 } } }],
    ["another version of the object", stored({ resourceVersion: "8" })],
    ["another object of the same name", stored({ uid: "another-uid" })],
    ["another credential", { ...update, userInfo: credential("JTI=other") }],
    ["a deletion of what was updated", { ...update, operation: "DELETE", object: null }],
    ["a subresource", { ...update, subResource: "scale" }],
    ["other options", { ...update, options: { propagationPolicy: "Orphan" } }],
  ])("is not %s", (_, other) => {
    expect(known(update, other)).toBeUndefined();
  });

  test("is not one under another approval of the same name", () => {
    const again = { ...approved, metadata: { ...approved.metadata, uid: "another" } };
    expect(known(update, update, again)).toBeUndefined();
  });

  test.each<readonly [string, Partial<AdmissionRequest>]>([
    ["a creation", { ...update, operation: "CREATE", oldObject: null }],
    ["a creation that shows an old object", { ...update, operation: "CREATE" }],
    ["a connection", { ...update, operation: "CONNECT" }],
    [
      "an eviction",
      {
        ...update,
        operation: "CREATE",
        resource: { group: "", version: "v1", resource: "pods" },
        subResource: "eviction",
      },
    ],
    [
      "a token",
      {
        ...update,
        operation: "CREATE",
        resource: { group: "", version: "v1", resource: "serviceaccounts" },
        subResource: "token",
      },
    ],
    ["what has no stored uid", stored({ uid: "" })],
    ["what has no stored version", stored({ resourceVersion: "" })],
    ["a credential without id", { ...update, userInfo: credential() }],
    ["a change without canonical form", { ...update, object: { metadata, spec: { replicas: 2 ** 60 } } }],
  ])("is never %s", (_, request) => {
    expect(known(request, request)).toBeUndefined();
  });
});

test("only so many are remembered: the oldest are forgotten", () => {
  const remembered = rememberUses(2);
  const at = (resourceVersion: string) => writeRequest(stored({ resourceVersion }));
  for (const version of ["1", "2", "3"]) remembered.add(at(version), approved, use);
  expect(["1", "2", "3"].map((version) => remembered.find(at(version), approved) !== undefined)).toEqual([
    false,
    true,
    true,
  ]);
});
