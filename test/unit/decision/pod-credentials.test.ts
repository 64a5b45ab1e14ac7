import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../src/decision/admission-request.ts";
import { usesOf } from "../../../src/decision/effects/pod-uses.ts";

const pod = (source: JsonObject): JsonObject => ({
  serviceAccountName: "deployer",
  automountServiceAccountToken: false,
  containers: [{ name: "web" }],
  volumes: [{ name: "v", projected: { sources: [source] } }],
});

describe("a pod that mounts no token by itself", () => {
  test.each([
    ["a projected token", { serviceAccountToken: { path: "token" } }],
    ["a projected certificate", { podCertificate: { signerName: "example.com/pods", keyType: "ED25519" } }],
  ])("uses its account by %s", (_, source) => {
    expect(usesOf(pod(source)).serviceAccount).toBe("deployer");
  });

  test("uses no account by a projected ConfigMap", () => {
    expect(usesOf(pod({ configMap: { name: "settings" } })).serviceAccount).toBeUndefined();
  });
});
