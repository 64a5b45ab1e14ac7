import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { AdmissionRequest, JsonObject } from "../../../../src/decision/admission-request.ts";
import { changeDigest } from "../../../../src/decision/change/change-digest.ts";
import { normalise } from "../../../../src/decision/write-request.ts";
import { review } from "../../../builders/review.ts";
import { coveredParts } from "./oracle.ts";

const salt = "00112233445566778899aabbccddeeff";
const digest = (request: AdmissionRequest): string => changeDigest(normalise(request), salt);

const name = fc.constantFrom("a", "b", "name", "__proto__", "é");
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, 0, -0, 1, 1.5, "", "0", "a"),
    fc.array(tie("any"), { maxLength: 3 }),
    tie("map"),
  ),
  map: fc.array(fc.tuple(name, tie("any")), { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
}));
const object = fc.record({
  metadata: fc.record(
    {
      name: fc.constantFrom("web", "api"),
      uid: fc.constantFrom("u1", "u2"),
      resourceVersion: fc.constantFrom("1", "2"),
      generation: fc.constantFrom(1, 2),
      managedFields: value.any,
      creationTimestamp: fc.constantFrom(null, "2026-01-01T00:00:00Z"),
      selfLink: fc.constant("/x"),
      labels: value.map,
    },
    { requiredKeys: [] },
  ),
  spec: value.map,
}) as fc.Arbitrary<JsonObject>;
const options = fc.dictionary(
  fc.constantFrom("kind", "dryRun", "fieldManager", "force", "propagationPolicy", "preconditions", "later"),
  fc.constantFrom(true, 1, "Background"),
) as fc.Arbitrary<JsonObject>;

/** What a request is made of; a pair takes each part from one of two. */
const parts = fc.record({
  operation: fc.constantFrom("CREATE", "UPDATE", "UPDATE", "DELETE", "CONNECT"),
  resource: fc.constantFrom(
    { group: "apps", version: "v1", resource: "deployments" },
    { group: "apps", version: "v1beta1", resource: "deployments" },
    { group: "", version: "v1", resource: "namespaces" },
  ),
  subResource: fc.constantFrom("", "", "scale"),
  name: fc.constantFrom("", "web", "api"),
  namespace: fc.constantFrom("", "x", "y"),
  object,
  oldObject: object,
  options: fc.option(options),
  uid: fc.constantFrom("request-1", "request-2"),
  dryRun: fc.boolean(),
  userInfo: fc.constantFrom({ username: "a" }, { username: "b" }),
});
type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never;

function requestOf(given: Parts): AdmissionRequest {
  const isThere = { object: given.operation !== "DELETE", oldObject: ["UPDATE", "DELETE"].includes(given.operation) };
  return review({
    ...given,
    object: isThere.object ? given.object : null,
    oldObject: isThere.oldObject ? given.oldObject : null,
  });
}

const pair = fc
  .record({
    one: parts,
    other: parts,
    taken: fc.uniqueArray(fc.constantFrom(...Object.keys(partNames())), { maxLength: 2 }),
  })
  .map(({ one, other, taken }): [AdmissionRequest, AdmissionRequest] => {
    const mixed = Object.fromEntries(
      Object.entries(one).map(([key, value]) => [key, taken.includes(key) ? other[key as keyof Parts] : value]),
    ) as Parts;
    return [requestOf(one), requestOf(mixed)];
  });

function partNames(): Record<keyof Parts, true> {
  return {
    operation: true,
    resource: true,
    subResource: true,
    name: true,
    namespace: true,
    object: true,
    oldObject: true,
    options: true,
    uid: true,
    dryRun: true,
    userInfo: true,
  };
}

test("two requests have one digest exactly when all covered parts are equal, as an oracle says", () => {
  const seen = { equal: 0, different: 0 };
  fc.assert(
    fc.property(pair, ([one, other]) => {
      const areEqual = coveredParts(one) === coveredParts(other);
      seen[areEqual ? "equal" : "different"] += 1;
      expect(digest(one) === digest(other)).toBe(areEqual);
    }),
    { numRuns: 10_000 },
  );
  expect(Math.min(seen.equal, seen.different)).toBeGreaterThan(1_000);
});
