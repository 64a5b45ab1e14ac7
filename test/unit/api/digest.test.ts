import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digestOf, policyDigest, rememberingDigests, specDigest } from "../../../src/api/digest.ts";
import type { AgentCapability, ElevationApproval } from "../../../src/api/types.gen.ts";
import { approval, rejectDecision, withDecisions } from "../../builders/approval.ts";
import { capability, defined, editCapability, rule } from "../../builders/capability.ts";

const cap = capability("payments-scaler", {
  description: "d",
  rules: [rule("scale", { apiVersions: ["v1"], resourceNames: ["web"], risk: "High" }), rule("low", { risk: "Low" })],
  approval: [
    {
      risk: "High",
      approvers: [{ from: "Owner", ownerName: "x", count: 2 }],
      maxDuration: "1h",
      maxUses: 3,
      pendingTTL: "2h",
      ticketPrefix: "INC-",
    },
  ],
  credential: { requireTokenId: true },
  elevation: { clusterRoleName: "writer" },
  requests: "Manual",
});
const elev = approval("inc-1", {
  rules: ["scale"],
  targets: [{ apiGroup: "apps", resource: "deployments", names: ["web"] }],
  change: { salt: "s", digest: "sha256:0" },
  reason: "r",
  ticket: "INC-1",
  onBehalfOf: ["user:carol"],
  notBefore: "2026-06-01T12:00:00Z",
  maxUses: 1,
  credential: { tokenId: "JTI=1" },
});

test("digests are typed, lower case SHA-256", () => {
  expect(digestOf("a", {})).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(digestOf("a", {})).not.toBe(digestOf("b", {}));
});

describe("the policy digest", () => {
  test("does not know definedBy, suspended, and what is outside name and spec", () => {
    const digest = policyDigest(cap);
    expect(policyDigest(defined(cap))).toBe(digest);
    expect(policyDigest(editCapability(cap, { suspended: true }))).toBe(digest);
    expect(
      policyDigest({ ...cap, metadata: { ...cap.metadata, uid: "other", generation: 9, labels: { a: "b" } } }),
    ).toBe(digest);
    expect(policyDigest({ ...cap, status: { observedGeneration: 1 } })).toBe(digest);
  });

  test("changes with the name", () => {
    expect(policyDigest(capability("other", cap.spec))).not.toBe(policyDigest(cap));
  });
});

describe("the spec digest", () => {
  test("does not know decisions, and what is outside namespace, name and spec", () => {
    const digest = specDigest(elev);
    expect(specDigest(withDecisions(elev, rejectDecision(elev, { by: "a", ownerName: "b" })))).toBe(digest);
    expect(specDigest({ ...elev, status: { uses: 3 } })).toBe(digest);
  });

  test("changes with namespace and name", () => {
    const named = specDigest(approval("inc-2", elev.spec));
    const placed = specDigest(approval("inc-1", elev.spec, { namespace: "payments-dev" }));
    expect(new Set([specDigest(elev), named, placed]).size).toBe(3);
  });
});

describe.each<[string, AgentCapability | ElevationApproval, (spec: object) => string]>([
  ["policy", cap, (spec) => policyDigest({ ...cap, spec: spec as AgentCapability["spec"] })],
  ["spec", elev, (spec) => specDigest({ ...elev, spec: spec as ElevationApproval["spec"] })],
])("the %s digest", (_, { spec }, digest) => {
  test("is the same in any order of keys", () => {
    expect(digest(reversed(spec) as object)).toBe(digest(spec));
    expect(JSON.stringify(reversed(spec))).not.toBe(JSON.stringify(spec));
  });

  test("changes with every value and every key", () => {
    const leaves = paths(spec);
    const seen = new Set(leaves.flatMap((path) => [digest(changed(spec, path)), digest(without(spec, path))]));
    expect(seen.size).toBe(2 * leaves.length);
    expect(seen.has(digest(spec))).toBe(false);
  });

  test("changes with any added key", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.jsonValue(), (key, value) => {
        fc.pre(!["decisions", "definedBy", "suspended"].includes(key) && !Object.hasOwn(spec, key));
        fc.pre(JSON.stringify(value).isWellFormed() && !/e\+|\d{16}/.test(JSON.stringify(value)));
        const more = Object.fromEntries([...Object.entries(spec), [key, value]]);
        expect(digest(more)).not.toBe(digest(spec));
      }),
    );
  });
});

type Path = readonly string[];

function entriesOf(value: unknown): [string, unknown][] {
  return value !== null && typeof value === "object" ? Object.entries(value) : [];
}

function paths(value: unknown): Path[] {
  const entries = entriesOf(value);
  if (entries.length === 0) return [[]];
  return entries.flatMap(([key, inner]) => paths(inner).map((path) => [key, ...path]));
}

function edit(
  value: unknown,
  [key, ...rest]: Path,
  how: (entries: [string, unknown][], key: string) => [string, unknown][],
): unknown {
  const entries = entriesOf(value);
  if (key === undefined) return value;
  const edited =
    rest.length === 0
      ? how(entries, key)
      : entries.map(([k, v]): [string, unknown] => [k, k === key ? edit(v, rest, how) : v]);
  return Array.isArray(value) ? edited.map(([, v]) => v) : Object.fromEntries(edited);
}

function changed(value: object, path: Path): object {
  return edit(value, path, (entries, key) => entries.map(([k, v]) => [k, k === key ? `${String(v)}~` : v])) as object;
}

function without(value: object, path: Path): object {
  return edit(value, path, (entries, key) => entries.filter(([k]) => k !== key)) as object;
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  const entries = entriesOf(value);
  return entries.length === 0 ? value : Object.fromEntries(entries.toReversed().map(([k, v]) => [k, reversed(v)]));
}

describe("remembered digests", () => {
  const digests = rememberingDigests();

  test("are those that are computed", () => {
    for (let asked = 0; asked < 2; asked++) {
      expect(digests.policy(cap)).toBe(policyDigest(cap));
      expect(digests.spec(elev)).toBe(specDigest(elev));
    }
  });

  test("belong to one object, never to its name or version", () => {
    const edited = editCapability(cap, { description: "edited, with the same metadata" });
    expect(digests.policy(cap)).not.toBe(digests.policy(edited));
    expect(digests.policy(edited)).toBe(policyDigest(edited));
  });
});
