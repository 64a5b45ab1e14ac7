import { describe, expect, test } from "vitest";
import type { AdmissionRequest, JsonObject } from "../../../../src/decision/admission-request.ts";
import { changeDigest } from "../../../../src/decision/change/change-digest.ts";
import { normalise } from "../../../../src/decision/write-request.ts";
import { CanonicalJsonError } from "../../../../src/ledger/canonical-json.ts";
import { review } from "../../../builders/review.ts";

const salt = "00112233445566778899aabbccddeeff";
const digest = (request: AdmissionRequest): string => changeDigest(normalise(request), salt);

const old = {
  metadata: { name: "web", namespace: "payments-prod", uid: "web-uid", resourceVersion: "7", labels: { a: "1" } },
  spec: { replicas: 1, paused: false, containers: [{ name: "a" }, { name: "b" }], args: ["x"] },
};
const update = review({
  oldObject: old,
  object: { ...old, spec: { ...old.spec, replicas: 3, args: ["x", "y"] } },
  options: { kind: "UpdateOptions", apiVersion: "meta.k8s.io/v1" },
});
const written = (mods: object, metadata: object = {}): AdmissionRequest => {
  const object = update.object as typeof old;
  return {
    ...update,
    object: {
      ...object,
      metadata: { ...object.metadata, ...metadata },
      spec: { ...object.spec, ...mods },
    },
  };
};
const create = (mods: Partial<AdmissionRequest> & { readonly object: JsonObject }): AdmissionRequest =>
  review({ operation: "CREATE", oldObject: null, name: "", ...mods });

describe("an update has another digest", () => {
  test.each<[string, AdmissionRequest]>([
    ["for another operation", { ...update, operation: "CONNECT" }],
    ["in another group", { ...update, resource: { ...update.resource, group: "" } }],
    ["in another version", { ...update, resource: { ...update.resource, version: "v2" } }],
    ["of another resource", { ...update, resource: { ...update.resource, resource: "statefulsets" } }],
    ["of a subresource", { ...update, subResource: "scale" }],
    ["in another namespace", { ...update, namespace: "payments-dev" }],
    ["of another name", { ...update, name: "api" }],
    ["of an object created anew", { ...update, oldObject: { ...old, metadata: { ...old.metadata, uid: "other" } } }],
    ["with an option that counts", { ...update, options: { propagationPolicy: "Orphan" } }],
    ["with an option that Writ does not know", { ...update, options: { ignoreEverything: true } }],
    ["to another value", written({ replicas: 4 })],
    ["to a text in place of a number", written({ replicas: "3" })],
    ["to null", written({ replicas: null })],
    ["from another value", { ...update, oldObject: { ...old, spec: { ...old.spec, replicas: 2 } } }],
    ["from another list", { ...update, oldObject: { ...old, spec: { ...old.spec, args: ["z"] } } }],
    ["with one change more", written({ paused: true })],
    ["with one change less", written({ args: ["x"] })],
    ["with a member more", written({ extra: {} })],
    ["with elements in another order", written({ containers: [{ name: "b" }, { name: "a" }] })],
    ["with a label more", written({}, { labels: { a: "1", b: "2" } })],
    ["with an owner", written({}, { ownerReferences: [] })],
    ["with a member named __proto__", written(JSON.parse('{"__proto__":{"x":1}}') as object)],
  ])("%s", (_, request) => {
    expect(digest(request)).not.toBe(digest(update));
  });

  test("under another salt", () => {
    expect(changeDigest(normalise(update), `${salt}0`)).not.toBe(digest(update));
  });
});

describe("an update has the same digest", () => {
  const both = (metadata: object, spec: object): AdmissionRequest => ({
    ...written(spec, metadata),
    oldObject: { ...old, metadata: { ...old.metadata, ...metadata }, spec: { ...old.spec, ...spec } },
  });
  test.each<[string, AdmissionRequest]>([
    ["in another request", { ...update, uid: "another" }],
    ["by another user", { ...update, userInfo: { username: "somebody" } }],
    ["as a dry run", { ...update, dryRun: true, options: { kind: "UpdateOptions", dryRun: ["All"] } }],
    ["as a patch", { ...update, options: { kind: "PatchOptions", force: true, fieldManager: "m" } }],
    ["with fields validated", { ...update, options: { fieldValidation: "Strict" } }],
    ["without options", { ...update, options: null }],
    [
      "with what the API server writes",
      written(
        {},
        {
          managedFields: [{ manager: "m" }],
          resourceVersion: "8",
          generation: 9,
          creationTimestamp: "2026-01-01T00:00:00Z",
          selfLink: "/x",
          uid: "web-uid",
        },
      ),
    ],
    ["whatever stays as it is", both({ labels: { a: "2" } }, { paused: true, other: [1] })],
    ["with members in another order", written({ containers: old.spec.containers, replicas: 3 })],
  ])("%s", (_, request) => {
    expect(digest(request)).toBe(digest(update));
  });
});

describe("a new object", () => {
  const configMap = { group: "", version: "v1", resource: "configmaps" };
  const job = { group: "batch", version: "v1", resource: "jobs" };
  const generated = (name: string, generateName = "gen-", data = "b"): string =>
    digest(create({ resource: configMap, name, object: { metadata: { name, generateName }, data: { a: data } } }));

  test("has no uid and no time of its own yet", () => {
    const made = (uid: string, creationTimestamp: string): string =>
      digest(create({ object: { metadata: { name: "web", uid, creationTimestamp }, spec: {} } }));
    expect(made("1", "2026-01-01T00:00:00Z")).toBe(made("2", "2026-01-02T00:00:00Z"));
  });

  test("has no name of its own where the API server chooses it", () => {
    expect(generated("gen-bcdfg")).toBe(generated("gen-x2456"));
    expect(generated("gen-bcdfg")).not.toBe(generated("gen-bcdfg", "gen-", "c"));
    expect(generated("other-bcdfg", "other-")).not.toBe(generated("gen-bcdfg"));
    const long = "n".repeat(60);
    expect(generated(`${long.slice(0, 58)}bcdfg`, long)).toBe(generated(`${long.slice(0, 58)}hjklm`, long));
  });

  test.each(["gen-abcde", "gen-bcdf", "gen-bcdfgh", "bcdfg", "gen-BCDFG", "gen-"])(
    "has the name %s, which is none that the API server makes",
    (name) => {
      expect(generated(name)).not.toBe(generated("gen-bcdfg"));
      expect(generated(name)).not.toBe(generated(`${name}-other`));
    },
  );

  const jobOf = (uid: string, label: string, resource = job): string => {
    const labels = { "batch.kubernetes.io/controller-uid": label, "controller-uid": label };
    const spec = {
      selector: { matchLabels: { "batch.kubernetes.io/controller-uid": label } },
      template: { metadata: { labels } },
    };
    return digest(create({ resource, name: "j", object: { metadata: { name: "j", uid }, spec } }));
  };

  test("that is a Job does not know its own uid where the API server repeats it", () => {
    expect(jobOf("u1", "u1")).toBe(jobOf("u2", "u2"));
    expect(jobOf("u1", "u1")).not.toBe(jobOf("u1", "u3"));
    expect(jobOf("u1", "u3")).not.toBe(jobOf("u1", "u4"));
    for (const other of [configMap, { ...job, group: "example.com" }]) {
      expect(jobOf("u1", "u1", other)).not.toBe(jobOf("u2", "u2", other));
    }
  });
});

describe("a created subresource", () => {
  const pods = { group: "", version: "v1", resource: "pods" };
  const evict = (deleteOptions: JsonObject): string =>
    digest(create({ resource: pods, subResource: "eviction", object: { metadata: { name: "p" }, deleteOptions } }));
  const bind = (metadata: JsonObject): string =>
    digest(create({ resource: pods, subResource: "binding", object: { metadata: { name: "p", ...metadata } } }));

  test("that evicts has the digest of its rehearsal, and another with other options", () => {
    expect(evict({ dryRun: ["All"], gracePeriodSeconds: 1 })).toBe(evict({ gracePeriodSeconds: 1 }));
    expect(evict({ gracePeriodSeconds: 1 })).not.toBe(evict({ gracePeriodSeconds: 2 }));
    expect(evict({ preconditions: { uid: "p1" } })).not.toBe(evict({ preconditions: { uid: "p2" } }));
  });

  test("that binds a pod means the pod of that uid and version", () => {
    expect(new Set([bind({}), bind({ uid: "p1" }), bind({ uid: "p2" }), bind({ resourceVersion: "1" })]).size).toBe(4);
    expect(bind({ creationTimestamp: "2026-01-01T00:00:00Z" })).toBe(bind({}));
  });
});

describe("a deletion", () => {
  const remove = (oldObject: JsonObject, options: JsonObject = {}): string =>
    digest(review({ operation: "DELETE", object: null, oldObject, options }));

  test("is told by uid and options, not by what the object holds", () => {
    expect(remove({ ...old, status: { ready: 1 } })).toBe(remove(old));
    expect(remove({ ...old, metadata: { ...old.metadata, uid: "other" } })).not.toBe(remove(old));
    expect(remove(old, { dryRun: ["All"], kind: "DeleteOptions" })).toBe(remove(old));
  });

  test.each<JsonObject>([
    { propagationPolicy: "Orphan" },
    { preconditions: { resourceVersion: "7" } },
    { preconditions: { uid: "web-uid" } },
    { gracePeriodSeconds: 0 },
    { orphanDependents: true },
    { ignoreStoreReadErrorWithClusterBreakingPotential: true },
  ])("has another digest with %j", (options) => {
    expect(remove(old, options)).not.toBe(remove(old));
  });

  test("of many at once has the name of each", () => {
    const one = review({ operation: "DELETE", object: null, oldObject: old, name: "" });
    expect(digest(one)).toBe(digest({ ...one, name: "web" }));
  });
});

describe("there is no digest", () => {
  test.each([
    ["", "neither hexadecimal nor base64"],
    ["short", "30 bits"],
    ["0123456789abcdef0123456789abcde", "124 bits"],
    ["AAAAAAAAAAAAAAAAAAAAz", "126 bits"],
    ["AAAAAAAAAAA AAAAAAAAAAAA", "neither hexadecimal nor base64"],
    [`${"A".repeat(30)}\n`, "neither hexadecimal nor base64"],
    ["A".repeat(129), "129 characters"],
  ])("with the salt %j", (salt, message) => {
    expect(() => changeDigest(normalise(update), salt)).toThrow(message);
  });

  test.each(["0123456789abcdef0123456789abcdef", "AAAAAAAAAAAAAAAAAAAAAw==", "_-AAAAAAAAAAAAAAAAAAAz"])(
    "but there is with the salt %j",
    (salt) => {
      expect(changeDigest(normalise(update), salt)).toMatch(/^sha256:[0-9a-f]{64}$/);
    },
  );

  test("of a value that has no canonical form, as long as it changes", () => {
    expect(() => digest(written({ replicas: 1e300 }))).toThrow(CanonicalJsonError);
    expect(() =>
      digest({ ...written({ big: 1e300 }), oldObject: { ...old, spec: { ...old.spec, big: 1e300 } } }),
    ).not.toThrow();
  });
});
