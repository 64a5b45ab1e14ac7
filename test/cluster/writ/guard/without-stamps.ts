import { beforeAll, describe, expect, test } from "vitest";
import { type Bench, eventually, outcome } from "../bench.ts";
import { approval, approvals, bot, capabilities, capability, patchSpec } from "../objects.ts";

/** The guard trusts no stamp: whoever removes the mutating webhook gains nothing. Must be tested last. */
export function testWithoutStamps(bench: () => Bench): void {
  describe("with the stamps' webhook configuration removed", () => {
    const account = { uid: "" };
    const request = (name: string, spec: object) =>
      bench().call(
        "carol",
        "POST",
        approvals(),
        approval(name, { agent: { ...bot, uid: account.uid }, requestID: `${name}-0123456789abcdef`, ...spec }),
      );

    beforeAll(async () => {
      const configurations = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
      await bench().must("admin", "DELETE", `${configurations}/writ-stamps`);
      const found = await bench().must("admin", "GET", "/api/v1/namespaces/agents/serviceaccounts/payments-bot");
      account.uid = (found.json() as { readonly metadata: { readonly uid: string } }).metadata.uid;
      // The API server drops the configuration a moment later; stamps would have corrected requestedBy.
      await eventually(async () =>
        expect(outcome(await request("gone", { requestedBy: "bob@example.com" }))).toBe("NotStamped"),
      );
    });

    test("who asks in another's name is refused, who asks in their own is not", async () => {
      expect(outcome(await request("another", { requestedBy: "bob@example.com" }))).toBe("NotStamped");
      expect(outcome(await request("honest", { requestedBy: "carol@example.com" }))).toBe("admitted");
    });

    test("a decision without a genuine attestation is refused", async () => {
      await request("decided", { requestedBy: "carol@example.com" });
      const decision = {
        verdict: "Approve",
        ownerName: "payments",
        by: "alice@example.com",
        at: new Date().toISOString(),
        policyDigest: `sha256:${"0".repeat(64)}`,
        attestation: "v1.x.y.z",
      };
      const forge = (who: string, mods: object) =>
        patchSpec(bench(), who, approvals("decided"), { decisions: [{ ...decision, ...mods }] });
      expect(outcome(await forge("alice", {}))).toBe("DigestMismatch");
      expect(outcome(await forge("alice", { verdict: "Reject" }))).toBe("ForgedDecision");
      expect(outcome(await forge("bob", { verdict: "Reject" }))).toBe("ForgedDecision");
    });

    test("a capability is not in force by a definition that nobody attested", async () => {
      const definedBy = {
        by: "bob@example.com",
        ownerName: "platform",
        at: new Date().toISOString(),
        policyDigest: `sha256:${"0".repeat(64)}`,
        attestation: "v1.x.y.z",
      };
      for (const who of ["bob", "admin"]) {
        const forged = capability("forged", { definedBy });
        expect(outcome(await bench().call(who, "POST", capabilities(), forged))).toBe("ForgedDefinition");
      }
    });
  });
}
