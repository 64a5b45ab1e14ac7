import { describe, expect, test } from "vitest";
import { type Bench, outcome, warnings } from "../bench.ts";
import { bot, mergePatch, owner, owners, patchSpec, path } from "../objects.ts";

/** Who may create and change IdentityOwners. bob holds the verb `claim`; alice is a member of payments. */
export function testOwners(bench: () => Bench): void {
  describe("an IdentityOwner", () => {
    test("needs claim to be created, whatever RBAC allows", async () => {
      expect(outcome(await bench().call("carol", "POST", owners(), owner("mine")))).toBe("ClaimRequired");
      expect(outcome(await bench().call("bob", "POST", owners(), owner("bobs")))).toBe("admitted");
      const own = owner("mine", { members: [{ user: "alice@example.com" }] });
      expect(outcome(await bench().call("alice", "POST", owners(), own))).toBe("ClaimRequired");
    });

    test("needs claim on that very name", async () => {
      await bench().must("admin", "POST", path("clusterroles", undefined), {
        metadata: { name: "claims-mine" },
        rules: [{ apiGroups: ["writ.dev"], resources: ["identityowners"], resourceNames: ["mine"], verbs: ["claim"] }],
      });
      await bench().must("admin", "POST", path("clusterrolebindings", undefined), {
        metadata: { name: "claims-mine" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "claims-mine" },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "carol@example.com" }],
      });
      expect(outcome(await bench().call("carol", "POST", owners(), owner("yours")))).toBe("ClaimRequired");
      expect(outcome(await bench().call("carol", "POST", owners(), owner("mine")))).toBe("admitted");
    });

    const changes: readonly (readonly [string, object])[] = [
      ["members", { members: [{ group: "payments-leads" }, { user: "mallory@example.com" }] }],
      ["identities", { identities: [{ serviceAccount: { namespace: "agents", name: "other" } }] }],
      ["resources", { resources: [{ scope: "Namespaced", namespaces: ["elsewhere"] }] }],
      ["reviewBy", { reviewBy: "2099-01-01T00:00:00Z" }],
      ["decisions", { decisions: "Authenticated" }],
    ];
    test.each(changes)("lets nobody without claim change its %s, member or not", async (_, spec) => {
      for (const who of ["alice", "carol"]) {
        expect(outcome(await patchSpec(bench(), who, owners("payments"), spec))).toBe("ClaimRequired");
      }
      const dry = `${owners("payments")}?dryRun=All`;
      expect(outcome(await patchSpec(bench(), "bob", dry, spec))).toBe("admitted");
    });

    test("lets members change its contacts, and strangers not", async () => {
      const contacts = [{ kind: "email", value: "payments-oncall@example.com" }];
      expect(outcome(await patchSpec(bench(), "alice", owners("payments"), { contacts }))).toBe("admitted");
      const mine = { contacts: [{ kind: "email", value: "carol@example.com" }] };
      expect(outcome(await patchSpec(bench(), "carol", owners("payments"), mine))).toBe("ClaimRequired");
    });

    test("is suspended by members, and released by claim alone", async () => {
      const suspend = (who: string, suspended: boolean) => patchSpec(bench(), who, owners("payments"), { suspended });
      expect(outcome(await suspend("carol", true))).toBe("ClaimRequired");
      expect(outcome(await suspend("alice", true))).toBe("admitted");
      expect(outcome(await suspend("alice", false))).toBe("ClaimRequired");
      expect(outcome(await suspend("bob", false))).toBe("admitted");
    });

    test("is released by no removal of the field either", async () => {
      await bench().must("alice", "PATCH", owners("payments"), { spec: { suspended: true } }, mergePatch);
      const release = await patchSpec(bench(), "alice", owners("payments"), { suspended: null });
      expect(outcome(release)).toBe("ClaimRequired");
      await bench().must("bob", "PATCH", owners("payments"), { spec: { suspended: null } }, mergePatch);
    });

    test("needs claim when suspending comes with another power", async () => {
      const both = { suspended: true, members: [{ user: "alice@example.com" }] };
      expect(outcome(await patchSpec(bench(), "alice", owners("payments"), both))).toBe("ClaimRequired");
    });

    test("takes labels and the removal of finalizers from whoever RBAC lets", async () => {
      const metadata = (body: object) =>
        bench().call("carol", "PATCH", owners("payments"), { metadata: body }, mergePatch);
      expect(outcome(await metadata({ labels: { a: "b" }, finalizers: ["example.com/hold"] }))).toBe("admitted");
      expect(outcome(await metadata({ finalizers: null }))).toBe("admitted");
    });

    test.each([
      ["a service account of another namespace", { serviceAccount: { namespace: "kube-system", name: "bot" } }],
      ["one of Writ's own", { serviceAccount: { namespace: "writ-system", name: "writ-operator" } }],
    ])("cannot claim %s as an agent", async (_, identity) => {
      const claims = owner("outside", { identities: [identity] });
      expect(outcome(await bench().call("bob", "POST", owners(), claims))).toBe("IdentityOutsideAgentSet");
    });

    test.each([
      ["identities", { identities: [{ serviceAccount: { namespace: "agents", name: "other" } }] }],
      ["resources", { resources: [{ scope: "Cluster" }] }],
    ])("that is the root owner claims no %s", async (_, spec) => {
      expect(outcome(await patchSpec(bench(), "bob", owners("cluster"), spec))).toBe("RootOwnerClaims");
    });

    test("that claims another's agent or objects is admitted with a warning", async () => {
      const rival = owner("rival", {
        identities: [bot],
        resources: [{ scope: "Namespaced", namespaces: ["payments-prod"] }],
      });
      const response = await bench().call("bob", "POST", `${owners()}?dryRun=All`, rival);
      expect(outcome(response)).toBe("admitted");
      expect(warnings(response)).toContain('claimed by IdentityOwner \\"robots\\" too');
      expect(warnings(response)).toContain('IdentityOwner \\"payments\\" claims some of the same resources');
    });

    test.each([
      ["created", "POST", owners(), owner("by-agent")],
      ["changed", "PATCH", owners("payments"), { spec: { suspended: true } }],
      ["labelled", "PATCH", owners("payments"), { metadata: { labels: { c: "d" } } }],
      ["deleted", "DELETE", owners("payments"), undefined],
    ] as const)("is not %s by an agent", async (_, method, target, body) => {
      const headers = method === "PATCH" ? mergePatch : {};
      const refused = outcome(await bench().call("bot", method, target, body, headers));
      expect(["AgentsMayOnlyRequest", "NeverGrantable"]).toContain(refused);
    });
  });
}
