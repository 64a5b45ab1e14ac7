import { describe, expect, test } from "vitest";
import { isProtected } from "../../../src/api/protected-set.ts";

describe("isProtected", () => {
  test.each([
    ["rbac.authorization.k8s.io", "clusterrolebindings"],
    ["rbac.authorization.k8s.io", "anything"],
    ["admissionregistration.k8s.io", "validatingwebhookconfigurations"],
    ["apiextensions.k8s.io", "customresourcedefinitions"],
    ["apiregistration.k8s.io", "apiservices"],
    ["certificates.k8s.io", "certificatesigningrequests/approval"],
    ["", "serviceaccounts/token"],
    ["", "secrets"],
    ["", "secrets/anything"],
    ["", "namespaces"],
    ["", "namespaces/finalize"],
    ["batch", "cronjobs"],
    ["argoproj.io", "applications"],
    ["kustomize.toolkit.fluxcd.io", "kustomizations"],
    ["pkg.crossplane.io", "providers"],
  ])("%s %s", (group, resource) => {
    expect(isProtected(group, resource, [])).toBe(true);
  });

  test.each([
    ["", "serviceaccounts"],
    ["", "configmaps"],
    ["apps", "secrets"],
    ["batch", "jobs"],
    ["x.argoproj.io", "applications"],
    ["toolkit.fluxcd.io.example.org", "kustomizations"],
    ["xtoolkit.fluxcd.io", "kustomizations"],
    ["example.org", "namespaces"],
  ])("not %s %s", (group, resource) => {
    expect(isProtected(group, resource, [])).toBe(false);
  });

  test("configuration adds to the set and takes nothing away", () => {
    const more = [{ apiGroup: "example.org", resource: "*" }];
    expect(isProtected("example.org", "widgets", more)).toBe(true);
    expect(isProtected("", "secrets", more)).toBe(true);
  });
});
