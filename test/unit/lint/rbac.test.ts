import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { allows, indexRbac, ruleAllows } from "../../../src/lint/rbac.ts";
import type {
  AccessRequest,
  Identity,
  PolicyRule,
  RbacBinding,
  RbacObjects,
  RbacRole,
} from "../../../src/lint/rbac.ts";
import { granted, powers } from "../../../src/lint/powers.ts";

/**
 * The authorizer again, written the long way: every binding, every subject and every rule, one after the other, as
 * Kubernetes' documentation words it. It shares nothing with the one under test.
 */
function naive(objects: RbacObjects, who: Identity, request: AccessRequest): boolean {
  for (const cluster of [true, false]) {
    for (const binding of cluster ? objects.clusterRoleBindings : objects.roleBindings) {
      const place = cluster ? undefined : binding.metadata.namespace;
      if (!cluster && ("path" in request || request.namespace !== place)) continue;
      let isSubject = false;
      for (const { kind, name, namespace } of binding.subjects ?? []) {
        if (kind === "User" && name === who.username) isSubject = true;
        if (kind === "Group" && who.groups.some((group) => group === name)) isSubject = true;
        const accountNamespace = namespace !== undefined && namespace !== "" ? namespace : (place ?? "");
        if (kind !== "ServiceAccount" || accountNamespace === "") continue;
        if (who.username === ["system", "serviceaccount", accountNamespace, name].join(":")) isSubject = true;
      }
      if (!isSubject) continue;
      const { kind, name } = binding.roleRef;
      const role =
        kind === "ClusterRole"
          ? objects.clusterRoles.find((candidate) => candidate.metadata.name === name)
          : cluster
            ? undefined
            : objects.roles.find(({ metadata }) => metadata.name === name && metadata.namespace === place);
      for (const rule of role?.rules ?? []) if (naiveRule(rule, request)) return true;
    }
  }
  return false;
}

function naiveRule(rule: PolicyRule, request: AccessRequest): boolean {
  const any = (list: readonly string[] | null | undefined, ...wanted: string[]): boolean =>
    (list ?? []).filter((entry) => wanted.includes(entry)).length > 0;
  if (!any(rule.verbs, "*", request.verb)) return false;
  if ("path" in request) {
    return (rule.nonResourceURLs ?? []).some((url) =>
      url.endsWith("*") ? request.path.startsWith(url.slice(0, -1)) : request.path === url,
    );
  }
  const full = request.subresource === "" ? request.resource : `${request.resource}/${request.subresource}`;
  const wildcard = request.subresource === "" ? "*" : `*/${request.subresource}`;
  if (!any(rule.apiGroups, "*", request.group) || !any(rule.resources, "*", full, wildcard)) return false;
  return (rule.resourceNames ?? []).length === 0 || any(rule.resourceNames, request.name);
}

const pick = (...values: string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const lists = (...values: string[]): fc.Arbitrary<string[]> =>
  fc.array(pick(...values), { minLength: 1, maxLength: 2 });
const names = ["a", "b"] as const;
const namespace = pick("n1", "n2");

const policyRule: fc.Arbitrary<PolicyRule> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record(
      {
        verbs: lists("get", "create", "impersonate", "*"),
        apiGroups: lists("", "apps", "*"),
        resources: lists("pods", "pods/exec", "*/exec", "users", "secrets", "*"),
        resourceNames: fc.option(lists(...names), { nil: null, freq: 1 }),
      },
      { requiredKeys: ["verbs"] },
    ),
  },
  fc.record({ verbs: lists("get", "*"), nonResourceURLs: lists("/metrics", "/logs/*", "*") }),
);
const subject = fc.oneof(
  fc.record({ kind: pick("User"), name: pick("a", "system:serviceaccount:n1:a") }),
  fc.record({ kind: pick("Group"), name: pick("g1", "system:authenticated") }),
  fc.record({ kind: pick("ServiceAccount"), name: pick(...names), namespace: pick("", "n1", "n2") }),
  fc.record({ kind: pick("ServiceAccount"), name: pick(...names) }),
);
const role = (place: fc.Arbitrary<string> | undefined): fc.Arbitrary<RbacRole> =>
  fc.record({
    metadata: place ? fc.record({ name: pick(...names), namespace: place }) : fc.record({ name: pick(...names) }),
    rules: fc.option(fc.array(policyRule, { minLength: 1, maxLength: 4 }), { nil: null, freq: 10 }),
  });
const binding = (place: fc.Arbitrary<string> | undefined): fc.Arbitrary<RbacBinding> =>
  fc.record({
    metadata: place ? fc.record({ name: pick("x"), namespace: place }) : fc.record({ name: pick("x") }),
    roleRef: fc.record({ kind: pick("Role", "ClusterRole", "ClusterRole"), name: pick("a", "a", "b", "absent") }),
    subjects: fc.option(fc.array(subject, { minLength: 1, maxLength: 4 }), { nil: null, freq: 10 }),
  });
const uniqueRoles = (place: fc.Arbitrary<string> | undefined): fc.Arbitrary<RbacRole[]> =>
  fc.uniqueArray(role(place), {
    minLength: 1,
    maxLength: 4,
    selector: ({ metadata }) => `${metadata.namespace ?? ""}/${metadata.name}`,
  });
const objects: fc.Arbitrary<RbacObjects> = fc.record({
  clusterRoles: uniqueRoles(undefined),
  roles: uniqueRoles(namespace),
  clusterRoleBindings: fc.array(binding(undefined), { minLength: 1, maxLength: 4 }),
  roleBindings: fc.array(binding(namespace), { minLength: 1, maxLength: 5 }),
});
const identity: fc.Arbitrary<Identity> = fc.record({
  username: pick("a", "system:serviceaccount:n1:a", "system:serviceaccount:n2:b"),
  groups: fc.array(pick("g1", "system:authenticated"), { minLength: 1, maxLength: 2 }),
});
const request: fc.Arbitrary<AccessRequest> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record(
      {
        verb: pick("get", "create", "impersonate", "*"),
        group: pick("", "apps"),
        resource: pick("pods", "users", "secrets"),
        subresource: pick("", "", "exec"),
        namespace,
        name: pick("", ...names),
      },
      { requiredKeys: ["verb", "group", "resource", "subresource", "name"] },
    ),
  },
  fc.record({ verb: pick("get"), path: pick("/metrics", "/logs/x", "/logs", "/other") }),
);

describe("the evaluator", () => {
  test("agrees with a naive one on any objects, identity and request", () => {
    let allowed = 0;
    fc.assert(
      fc.property(objects, identity, request, (objects, who, request) => {
        const expected = naive(objects, who, request);
        if (expected) allowed += 1;
        expect(allows(indexRbac(objects), who, request)).toBe(expected);
      }),
      { numRuns: 10_000 },
    );
    expect(allowed).toBeGreaterThan(500);
  });

  test("every right in the table of powers is one that the evaluator allows when the rule names it", () => {
    for (const { id, rights } of powers) {
      for (const right of rights) {
        const subresource = right.subresource === "*" ? "x" : (right.subresource ?? "");
        const resource = subresource === "" ? right.resource : `${right.resource}/${subresource}`;
        for (const verb of right.verbs) {
          const rule = { verbs: [verb], apiGroups: [right.group], resources: [resource] };
          const asked = { verb, group: right.group, resource: right.resource, subresource, name: "x" };
          expect(ruleAllows(rule, asked), `${id} ${verb} ${resource}`).toBe(true);
          const ref = { kind: "Role", name: "x" } as const;
          const subject = { kind: "User", name: "x" };
          const grant = { namespace: undefined, rule, ruleIndex: 0, binding: ref, subject, role: ref };
          expect(granted(grant, right), `${id} ${verb} ${resource}`).toEqual([verb]);
        }
      }
    }
  });
});
