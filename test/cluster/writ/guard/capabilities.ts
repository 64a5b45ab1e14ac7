import { describe, expect, test } from "vitest";
import type { AgentCapability } from "../../../../src/api/types.gen.ts";
import { type Bench, outcome, warnings } from "../bench.ts";
import { capabilities, capability, mergePatch, patchSpec, rule } from "../objects.ts";

/** Who defines and suspends AgentCapabilities, and what no rule may say. bob is a member of platform. */
export function testCapabilities(bench: () => Bench): void {
  const definition = async (name: string): Promise<AgentCapability["spec"]["definedBy"]> => {
    const { spec } = (await bench().must("admin", "GET", capabilities(name))).json() as AgentCapability;
    return spec.definedBy;
  };

  describe("an AgentCapability", () => {
    test("is defined by the member who applies it, whatever definedBy they claim", async () => {
      const forged = { by: "mallory@example.com", at: "2020-01-01T00:00:00Z" };
      await bench().must("bob", "POST", capabilities(), capability("by-bob", { definedBy: forged }));
      expect(await definition("by-bob")).toMatchObject({ by: "bob@example.com", ownerName: "platform" });
      expect((await definition("by-bob"))?.attestation).toMatch(/^v1\./);
    });

    test("that somebody else applies is admitted with a warning and not in force until a member confirms its digest", async () => {
      const response = await bench().call("admin", "POST", capabilities(), capability("piped"));
      expect(outcome(response)).toBe("admitted");
      expect(warnings(response)).toContain("not in force");
      expect(await definition("piped")).toBeUndefined();
      const digest = /sha256:[0-9a-f]{64}/.exec(warnings(response));
      const wrong = { definedBy: { policyDigest: `sha256:${"0".repeat(64)}` } };
      const refusal = await patchSpec(bench(), "bob", capabilities("piped"), wrong);
      expect(outcome(refusal)).toBe("DigestMismatch");
      const [right] = /sha256:[0-9a-f]{64}/.exec(refusal.text) ?? [];
      if (digest) expect(right).toBe(digest[0]);
      const confirmed = { definedBy: { policyDigest: right } };
      expect(outcome(await patchSpec(bench(), "carol", capabilities("piped"), confirmed))).toBe("ForgedDefinition");
      const defined = await patchSpec(bench(), "bob", capabilities("piped"), confirmed);
      expect([outcome(defined), warnings(defined)]).toEqual(["admitted", ""]);
      expect(await definition("piped")).toMatchObject({ by: "bob@example.com", policyDigest: right });
    });

    test("is defined by a member's empty definedBy", async () => {
      await bench().must("admin", "POST", capabilities(), capability("empty"));
      expect(outcome(await patchSpec(bench(), "bob", capabilities("empty"), { definedBy: {} }))).toBe("admitted");
      expect(await definition("empty")).toMatchObject({ by: "bob@example.com" });
    });

    test("that a stranger edits keeps a stale definition, which a member renews, an unchanged one by dropping its attestation", async () => {
      const response = await patchSpec(bench(), "admin", capabilities("empty"), { description: "edited" });
      expect(warnings(response)).toContain("not in force");
      const [digest] = /sha256:[0-9a-f]{64}/.exec(
        (
          await patchSpec(bench(), "bob", capabilities("empty"), {
            definedBy: { policyDigest: `sha256:${"0".repeat(64)}` },
          })
        ).text,
      ) ?? [""];
      await patchSpec(bench(), "bob", capabilities("empty"), { definedBy: { policyDigest: digest } });
      expect(await definition("empty")).toMatchObject({ by: "bob@example.com", policyDigest: digest });
      const again = { definedBy: { policyDigest: digest, attestation: null } };
      expect(outcome(await patchSpec(bench(), "dave", capabilities("empty"), again))).toBe("admitted");
      expect(await definition("empty")).toMatchObject({ by: "dave@example.com", policyDigest: digest });
    });

    test("carries no definition of another capability, of another member or of nobody", async () => {
      const real = await definition("by-bob");
      for (const definedBy of [real, { ...real, by: "dave@example.com" }, { attestation: "v1.x.y.z" }]) {
        const copied = capability("copied", {
          ...(definedBy === undefined ? {} : { definedBy }),
          rules: [rule("more")],
        });
        const response = await bench().call("admin", "POST", capabilities(), copied);
        // Not even a genuine one of another content: what a member defined, that member alone brings.
        expect(outcome(response)).toBe("ForgedDefinition");
        await bench().call("admin", "DELETE", capabilities("copied"));
      }
    });

    test("is not defined by who impersonates a member", async () => {
      const headers = { "impersonate-user": "bob@example.com", "impersonate-group": "platform-leads" };
      const response = await bench().call("admin", "POST", capabilities(), capability("masked"), headers);
      expect(outcome(response)).toBe("CredentialRequired");
    });

    test("is suspended and released by members of its policy owner alone", async () => {
      const suspend = (who: string, suspended: boolean) =>
        patchSpec(bench(), who, capabilities("by-bob"), { suspended });
      for (const who of ["alice", "carol", "admin"])
        expect(outcome(await suspend(who, true))).toBe("MembershipRequired");
      const before = await definition("by-bob");
      expect(outcome(await suspend("bob", true))).toBe("admitted");
      expect(outcome(await suspend("alice", false))).toBe("MembershipRequired");
      expect(outcome(await suspend("dave", false))).toBe("admitted");
      expect(await definition("by-bob")).toEqual(before);
    });

    test("is suspended by a member with impersonation too: revoking needs nothing but membership", async () => {
      const headers = { ...mergePatch, "impersonate-user": "bob@example.com", "impersonate-group": "platform-leads" };
      const suspend = (suspended: boolean) =>
        bench().call("admin", "PATCH", capabilities("by-bob"), { spec: { suspended } }, headers);
      expect(outcome(await suspend(true))).toBe("admitted");
      expect(outcome(await suspend(false))).toBe("admitted");
    });

    test("is not released by handing it to another policy owner", async () => {
      await patchSpec(bench(), "bob", capabilities("by-bob"), { suspended: true });
      const take = { suspended: false, policyOwnerName: "payments" };
      expect(outcome(await patchSpec(bench(), "alice", capabilities("by-bob"), take))).toBe("MembershipRequired");
      await patchSpec(bench(), "bob", capabilities("by-bob"), { suspended: false });
    });

    test.each([
      ["LowRiskProtected", "Low and names secrets", { rules: [rule("r", { risk: "Low", resources: ["secrets"] })] }],
      [
        "LowRiskProtected",
        "Low and names a subresource of the protected set",
        { rules: [rule("r", { risk: "Low", resources: ["serviceaccounts/token"] })] },
      ],
      [
        "LowRiskProtected",
        "Low and names roles",
        { rules: [rule("r", { risk: "Low", apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"] })] },
      ],
      ["OwnNamespaceInRule", "names writ-system", { rules: [rule("r", { namespaces: ["writ-system"] })] }],
      ["OwnNamespaceInRule", "names writ-approvals", { rules: [rule("r", { namespaces: ["writ-approvals"] })] }],
      [
        "IdentityOutsideAgentSet",
        "is for a service account that is no agent",
        { agents: [{ serviceAccount: { namespace: "default", name: "bot" } }] },
      ],
    ] as const)("is refused as %s when it %s", async (code, _, spec) => {
      for (const who of ["bob", "admin"]) {
        expect(outcome(await bench().call(who, "POST", capabilities(), capability("refused", spec)))).toBe(code);
      }
      expect(outcome(await patchSpec(bench(), "bob", capabilities("by-bob"), spec))).toBe(code);
    });

    test("may name secrets in a High rule", async () => {
      const high = capability("high", { rules: [rule("r", { resources: ["secrets"] })] });
      expect(outcome(await bench().call("bob", "POST", `${capabilities()}?dryRun=All`, high))).toBe("admitted");
    });

    test("is neither created nor changed by an agent", async () => {
      expect(outcome(await bench().call("bot", "POST", capabilities(), capability("by-agent")))).toMatch(
        /^(AgentsMayOnlyRequest|NeverGrantable)$/,
      );
      expect(outcome(await patchSpec(bench(), "bot", capabilities("by-bob"), { description: "x" }))).toMatch(
        /^(AgentsMayOnlyRequest|NeverGrantable)$/,
      );
    });
  });
}
