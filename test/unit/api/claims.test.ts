import { describe, expect, test } from "vitest";
import { claimsOverlap, resourceClaim } from "../../../src/api/claims.ts";
import type { ClaimedObject } from "../../../src/api/claims.ts";
import { ownerDirectory } from "../../../src/api/owners.ts";
import type { IdentityOwnerResource } from "../../../src/api/types.gen.ts";
import { owner } from "../../builders/owner.ts";

const web: ClaimedObject = {
  scope: "Namespaced",
  namespace: "prod",
  group: "apps",
  resource: "deployments",
  name: "web",
};
const scale: ClaimedObject = { ...web, subresource: "scale" };
const node: ClaimedObject = { scope: "Cluster", group: "", resource: "nodes", name: "n1" };

/** Names of who owns the object: one, none, or several that conflict. */
function ownersOf(object: ClaimedObject, ...claims: readonly (readonly IdentityOwnerResource[])[]): string {
  const owners = claims.map((resources, index) => owner("abc"[index] ?? "", { resources }));
  const claim = resourceClaim(object, ownerDirectory(owners));
  switch (claim.kind) {
    case "owned":
      return claim.owner.metadata.name;
    case "unowned":
      return "nobody";
    case "conflict":
      return claim.owners.map(({ metadata }) => metadata.name).join("+");
  }
}

const namespaced = (mods: Partial<IdentityOwnerResource> = {}): IdentityOwnerResource => ({
  scope: "Namespaced",
  ...mods,
});
const cluster = (mods: Partial<IdentityOwnerResource> = {}): IdentityOwnerResource => ({ scope: "Cluster", ...mods });
const prod = namespaced({ namespaces: ["prod"] });
const everywhere = namespaced({ namespaces: ["*"] });

describe("which entries claim an object", () => {
  test.each<[string, IdentityOwnerResource, ClaimedObject, boolean]>([
    ["absent fields mean all", namespaced(), web, true],
    [
      "empty lists mean all",
      namespaced({ namespaces: [], apiGroups: [], resources: [], resourceNames: [] }),
      web,
      true,
    ],
    ["stars mean all", namespaced({ namespaces: ["*"], apiGroups: ["*"], resources: ["*"] }), web, true],
    ["the namespace by name", prod, web, true],
    ["another namespace", namespaced({ namespaces: ["dev"] }), web, false],
    ["the group by name", namespaced({ apiGroups: ["apps"] }), web, true],
    ["another group", namespaced({ apiGroups: [""] }), web, false],
    ["the resource by name", namespaced({ resources: ["deployments"] }), web, true],
    ["another resource", namespaced({ resources: ["pods"] }), web, false],
    [
      "a subresource with its object",
      namespaced({ resources: ["deployments"] }),
      { ...web, subresource: "scale" },
      true,
    ],
    ["a subresource alone", namespaced({ resources: ["deployments/scale"] }), { ...web, subresource: "scale" }, true],
    ["not the object by a subresource", namespaced({ resources: ["deployments/scale"] }), web, false],
    ["another subresource", namespaced({ resources: ["deployments/scale"] }), { ...web, subresource: "status" }, false],
    ["an absent scope means both, namespaced objects", {}, web, true],
    ["an absent scope means both, cluster-scoped objects", {}, node, true],
    ["an absent scope with a namespace means no cluster-scoped object", { namespaces: ["prod"] }, node, false],
    ["the resource claims its subresources", namespaced({ resources: ["deployments"] }), scale, true],
    ["a subresource alone", namespaced({ resources: ["deployments/scale"] }), scale, true],
    ["a subresource does not claim its object", namespaced({ resources: ["deployments/scale"] }), web, false],
    ["a subresource does not claim another", namespaced({ resources: ["deployments/status"] }), scale, false],
    ["the object by name", namespaced({ resourceNames: ["web"] }), web, true],
    ["another object", namespaced({ resourceNames: ["api"] }), web, false],
    ["a star is no object name", namespaced({ resourceNames: ["*"] }), web, false],
    ["namespaced objects are not cluster-scoped", cluster(), web, false],
    ["cluster-scoped objects are not namespaced", namespaced(), node, false],
    ["cluster-scoped objects by a cluster entry", cluster({ resources: ["nodes"] }), node, true],
    ["namespaces do not hold cluster-scoped objects", prod, node, false],
    [
      "a named entry does not claim all names",
      namespaced({ resourceNames: ["web"] }),
      { scope: "Namespaced", namespace: "prod", group: "apps", resource: "deployments" },
      false,
    ],
    [
      "a named resource does not claim all resources",
      namespaced({ resources: ["deployments"] }),
      { ...web, resource: "*" },
      false,
    ],
    ["a named group does not claim all groups", namespaced({ apiGroups: ["apps"] }), { ...web, group: "*" }, false],
    [
      "a star claims all groups and resources",
      namespaced({ apiGroups: ["*"] }),
      { ...web, group: "*", resource: "*" },
      true,
    ],
  ])("%s", (_, entry, object, claimed) => {
    expect(ownersOf(object, [entry])).toBe(claimed ? "a" : "nobody");
  });
});

describe("whose claim wins", () => {
  test.each<[string, string, ClaimedObject, (readonly IdentityOwnerResource[])[]]>([
    ["a named namespace over a star, whoever comes first", "a", web, [[prod], [everywhere]]],
    ["a named namespace over a star, whoever comes last", "b", web, [[everywhere], [prod]]],
    ["a named namespace over none named", "b", web, [[namespaced()], [prod]]],
    ["a namespace named beside a star", "a", web, [[namespaced({ namespaces: ["*", "prod"] })], [everywhere]]],
    ["the best entry of an owner", "a", web, [[everywhere, prod], [everywhere]]],
    ["two stars conflict", "a+b", web, [[everywhere], [namespaced()]]],
    ["two named namespaces conflict", "a+b", web, [[prod], [prod]]],
    [
      "a named object is no more precise than its namespace",
      "a+b",
      web,
      [[prod], [namespaced({ namespaces: ["prod"], resourceNames: ["web"] })]],
    ],
    ["a conflict below a more precise claim does not matter", "c", web, [[everywhere], [everywhere], [prod]]],
    ["three conflict", "a+b+c", web, [[prod], [prod], [prod]]],
    ["two entries of one owner do not conflict", "a", web, [[prod, prod]]],
    ["cluster-wide claims conflict", "a+b", node, [[cluster()], [cluster({ resources: ["nodes"] })]]],
    ["a namespace named like the cluster object gives no claim", "b", node, [[prod], [cluster()]]],
    ["nobody", "nobody", web, [[], [namespaced({ namespaces: ["dev"] })]]],
  ])("%s", (_, expected, object, claims) => {
    expect(ownersOf(object, ...claims)).toBe(expected);
  });
});

describe("whether two owners claim some object equally precisely", () => {
  test.each<[string, IdentityOwnerResource, IdentityOwnerResource, boolean]>([
    ["the same entry", prod, prod, true],
    ["everything and everything", {}, {}, true],
    ["a named namespace is more precise than all", prod, everywhere, false],
    ["different namespaces", prod, namespaced({ namespaces: ["dev"] }), false],
    ["different scopes", namespaced(), cluster(), false],
    ["a scope and both scopes", cluster(), {}, true],
    ["different groups", namespaced({ apiGroups: ["apps"] }), namespaced({ apiGroups: [""] }), false],
    ["a group and every group", namespaced({ apiGroups: ["apps"] }), namespaced({ apiGroups: ["*"] }), true],
    ["different resources", namespaced({ resources: ["pods"] }), namespaced({ resources: ["secrets"] }), false],
    ["different objects", namespaced({ resourceNames: ["a"] }), namespaced({ resourceNames: ["b"] }), false],
    ["an object and every object", namespaced({ resourceNames: ["a"] }), namespaced({ resourceNames: [] }), true],
  ])("%s", (_, left, right, expected) => {
    const [a, b] = [owner("a", { resources: [left] }), owner("b", { resources: [right] })];
    expect(claimsOverlap(a, b)).toBe(expected);
    expect(claimsOverlap(b, a)).toBe(expected);
  });
});
