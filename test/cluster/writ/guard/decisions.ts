import { describe, expect, test } from "vitest";
import type { ElevationApproval, ElevationApprovalDecision } from "../../../../src/api/types.gen.ts";
import { type Bench, eventually, outcome, warnings } from "../bench.ts";
import {
  approval,
  approvals,
  capabilities,
  capability,
  decide,
  jsonPatch,
  mergePatch,
  owner,
  owners,
  patchSpec,
} from "../objects.ts";

/** How people decide, and who cannot. */
export function testDecisions(bench: () => Bench): void {
  let count = 0;
  /** A fresh request of carol's; gives its path. */
  const pending = async (spec: object = {}): Promise<string> => {
    const name = `decide-${(count += 1)}`;
    await bench().must("carol", "POST", approvals(), approval(name, spec));
    return approvals(name);
  };
  const read = async (target: string): Promise<ElevationApproval> =>
    (await bench().must("admin", "GET", target)).json() as ElevationApproval;
  const decisions = async (target: string): Promise<readonly ElevationApprovalDecision[]> =>
    (await read(target)).spec.decisions ?? [];
  const deciders = async (target: string): Promise<readonly string[]> =>
    (await decisions(target)).map(({ by, verdict }) => `${verdict} ${by}`);
  const approve = { verdict: "Approve", ownerName: "payments" };

  describe("a decision", () => {
    test.each([
      ["a merge patch", mergePatch, { spec: { decisions: [approve] } }],
      ["a JSON patch that adds", jsonPatch, [{ op: "add", path: "/spec/decisions/-", value: approve }]],
    ])("is made by %s of verdict and ownerName", async (_, headers, body) => {
      const target = await pending();
      expect(outcome(await bench().call("alice", "PATCH", target, body, headers))).toBe("admitted");
      const [made] = await decisions(target);
      expect(made).toMatchObject({ ...approve, by: "alice@example.com" });
      expect(made?.policyDigest).toMatch(/^sha256:/);
      expect(made?.attestation).toMatch(/^v1\./);
      expect(Math.abs(Date.parse(made?.at ?? "") - Date.now())).toBeLessThan(60_000);
    });

    test("is made by a PUT of the edited object, as kubectl edit does", async () => {
      const target = await pending();
      // A status that is written meanwhile makes it a conflict, as for kubectl edit.
      await eventually(async () => {
        const object = await read(target);
        const edited = { ...object, spec: { ...object.spec, decisions: [approve] } };
        expect(outcome(await bench().call("alice", "PUT", target, edited))).toBe("admitted");
      });
      expect(await deciders(target)).toEqual(["Approve alice@example.com"]);
    });

    test("is made by server-side apply, which a second approver's apply leaves alone", async () => {
      const target = await pending();
      const apply = (who: string, by: string, ownerName: string) =>
        bench().call(
          who,
          "PATCH",
          `${target}?fieldManager=${who}`,
          {
            apiVersion: "writ.dev/v1alpha1",
            kind: "ElevationApproval",
            spec: { decisions: [{ verdict: "Approve", ownerName, by }] },
          },
          { "content-type": "application/apply-patch+yaml" },
        );
      expect(outcome(await apply("alice", "alice@example.com", "payments"))).toBe("admitted");
      expect(outcome(await apply("bob", "bob@example.com", "platform"))).toBe("admitted");
      expect(outcome(await apply("alice", "alice@example.com", "payments"))).toBe("admitted");
      expect(await deciders(target)).toEqual(["Approve alice@example.com", "Approve bob@example.com"]);
    });

    test("is made by plain kubectl patch", async () => {
      const target = await pending();
      const patch = JSON.stringify({ spec: { decisions: [approve] } });
      const name = target.split("/").at(-1) ?? "";
      const args = ["patch", "elev", name, "-n", "payments-prod", "--type=merge", "-p", patch];
      expect(await bench().cluster.kubectl(args, { context: "alice" })).toMatchObject({ code: 0 });
      expect(await deciders(target)).toEqual(["Approve alice@example.com"]);
    });

    test("by a merge patch keeps those that are there, byte for byte", async () => {
      const target = await pending();
      await decide(bench(), "alice", target, "Approve", "payments");
      const before = await decisions(target);
      expect(outcome(await decide(bench(), "bob", target, "Approve", "platform"))).toBe("admitted");
      expect((await decisions(target)).slice(0, 1)).toEqual(before);
      expect(await deciders(target)).toEqual(["Approve alice@example.com", "Approve bob@example.com"]);
    });

    test("and another at the same time both stand", async () => {
      const target = await pending();
      const both = await Promise.all([
        decide(bench(), "alice", target, "Approve", "payments"),
        decide(bench(), "bob", target, "Approve", "platform"),
        decide(bench(), "frank", target, "Reject", "robots"),
      ]);
      expect(both.map(outcome).filter((told) => told !== "ApprovalOver").length).toBeGreaterThan(0);
      const made = await deciders(target);
      both.forEach((response, i) => {
        const by = ["Approve alice@example.com", "Approve bob@example.com", "Reject frank@example.com"][i];
        expect(made.includes(by ?? "")).toBe(outcome(response) === "admitted");
      });
      expect(made).toContain("Reject frank@example.com");
    });

    test("that is repeated changes nothing and says so", async () => {
      const target = await pending();
      await decide(bench(), "alice", target, "Approve", "payments");
      const { metadata, spec } = await read(target);
      const again = await decide(bench(), "alice", target, "Approve", "payments");
      expect(outcome(again)).toBe("admitted");
      expect(warnings(again)).toContain("you had decided so already");
      const after = await read(target);
      expect([after.metadata.generation, after.spec]).toEqual([metadata.generation, spec]);
    });

    test.each([
      ["a JSON patch", jsonPatch, [{ op: "remove", path: "/spec/decisions/0" }]],
      ["a merge patch of an empty list", mergePatch, { spec: { decisions: [] } }],
      ["a merge patch of null", mergePatch, { spec: { decisions: null } }],
    ])("is not removed by %s", async (_, headers, body) => {
      const target = await pending();
      await decide(bench(), "alice", target, "Approve", "payments");
      const response = await bench().call("alice", "PATCH", target, body, headers);
      expect(outcome(response)).toBe("422 Invalid");
      expect(response.text).toContain("decisions only grow");
      expect(await deciders(target)).toEqual(["Approve alice@example.com"]);
    });

    test.each([
      ["who", { by: "bob@example.com" }],
      ["when", { at: "2020-01-01T00:00:00Z" }],
      ["why", { reason: "because" }],
    ])("is not changed afterwards in %s decided", async (_, change) => {
      const target = await pending();
      await decide(bench(), "alice", target, "Approve", "payments");
      const [made] = await decisions(target);
      const response = await patchSpec(bench(), "alice", target, { decisions: [{ ...made, ...change }] });
      expect(outcome(response)).toMatch(/^(422 Invalid|ForgedDecision)$/);
      expect(await decisions(target)).toEqual([made]);
    });

    test("in another's name is refused", async () => {
      const target = await pending();
      const forged = { decisions: [{ ...approve, by: "erin@example.com" }] };
      expect(outcome(await patchSpec(bench(), "alice", target, forged))).toBe("ForgedDecision");
    });

    test("takes time, digest and attestation from nobody", async () => {
      const source = await pending();
      await decide(bench(), "alice", source, "Approve", "payments");
      const [original] = await decisions(source);
      const target = await pending();
      const { policyDigest } = original ?? {};
      const forged = { ...approve, at: "2020-01-01T00:00:00Z", policyDigest, attestation: original?.attestation };
      expect(outcome(await patchSpec(bench(), "alice", target, { decisions: [forged] }))).toBe("admitted");
      const [made] = await decisions(target);
      expect(made?.at).not.toBe("2020-01-01T00:00:00Z");
      expect(made?.attestation).not.toBe(original?.attestation);
    });

    test("copied from another approval is refused to everybody else", async () => {
      const source = await pending();
      await decide(bench(), "alice", source, "Approve", "payments");
      const copied = { decisions: await decisions(source) };
      for (const who of ["bob", "carol", "admin"]) {
        expect(outcome(await patchSpec(bench(), who, await pending(), copied))).toBe("ForgedDecision");
      }
    });

    test("confirms the digest that it names", async () => {
      const target = await pending();
      const stale = { ...approve, policyDigest: `sha256:${"0".repeat(64)}` };
      expect(outcome(await patchSpec(bench(), "alice", target, { decisions: [stale] }))).toBe("DigestMismatch");
      const stop = { decisions: [{ ...stale, verdict: "Reject" }] };
      expect(outcome(await patchSpec(bench(), "alice", target, stop))).toBe("admitted");
    });

    test.each(["Approve", "Reject"] as const)(
      "%s by impersonation is refused: nobody could be held to it",
      async (verdict) => {
        const name = (await pending()).split("/").at(-1) ?? "";
        const patch = JSON.stringify({ spec: { decisions: [{ verdict, ownerName: "payments" }] } });
        const as = ["--as=alice@example.com", "--as-group=payments-leads"];
        const args = ["patch", "elev", name, "-n", "payments-prod", "--type=merge", "-p", patch, ...as];
        const result = await bench().cluster.kubectl(args);
        expect(result.code).toBe(1);
        expect(result.stderr).toContain("CredentialRequired");
      },
    );

    test("by a service account that no agent is, even one that a group makes a member, is refused", async () => {
      await bench().must("admin", "POST", "/api/v1/namespaces/elsewhere/serviceaccounts", { metadata: { name: "ci" } });
      await bench().must("admin", "POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
        metadata: { name: "ci" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
        subjects: [{ kind: "ServiceAccount", namespace: "elsewhere", name: "ci" }],
      });
      const token = await bench().cluster.token({ namespace: "elsewhere", serviceAccount: "ci" });
      const response = await bench().cluster.request(await pending(), {
        method: "PATCH",
        credentials: { token },
        headers: mergePatch,
        body: { spec: { decisions: [approve] } },
      });
      expect(outcome(response)).toBe("NotAPerson");
    });

    test("by an agent of the group writ.dev:agents who is listed as a member is refused", async () => {
      await bench().addPerson("mask", "spiffe://example.org/mask", ["writ.dev:agents", "payments-leads"]);
      const refused = outcome(await decide(bench(), "mask", await pending(), "Approve", "payments"));
      expect(refused).toMatch(/^(NotAPerson|NeverGrantable|AgentsMayOnlyRequest)$/);
    });

    test.each([
      ["NotAMember", "carol", "payments"],
      ["NotAMember", "alice", "platform"],
      ["NotAMember", "alice", "nowhere"],
      ["NotAnApprover", "bob", "cluster"],
      ["NotAnApprover", "frank", "robots"],
    ])("is refused as %s to %s of owner %s", async (code, who, ownerName) => {
      expect(outcome(await decide(bench(), who, await pending(), "Approve", ownerName))).toBe(code);
    });

    test("of rejection is open to the identity owner, who has no line in the quorum", async () => {
      const target = await pending();
      expect(outcome(await decide(bench(), "frank", target, "Reject", "robots"))).toBe("admitted");
      expect(outcome(await decide(bench(), "alice", target, "Approve", "payments"))).toBe("ApprovalOver");
      expect(outcome(await decide(bench(), "alice", target, "Reject", "payments"))).toBe("admitted");
    });

    test("of rejection is open to who requested it and while everything is suspended", async () => {
      await bench().must("alice", "POST", approvals(), approval("own-reject"));
      await patchSpec(bench(), "alice", owners("payments"), { suspended: true });
      expect(outcome(await decide(bench(), "alice", approvals("own-reject"), "Reject", "payments"))).toBe("admitted");
      await patchSpec(bench(), "bob", owners("payments"), { suspended: false });
    });

    test("of rejection is open to who approved, whatever became of the capability since", async () => {
      await bench().must("bob", "POST", capabilities(), capability("passing"));
      await eventually(async () => {
        const request = approval("passing", { capabilityName: "passing" });
        expect(outcome(await bench().call("carol", "POST", approvals(), request))).toBe("admitted");
      });
      await decide(bench(), "alice", approvals("passing"), "Approve", "payments");
      await decide(bench(), "bob", approvals("passing"), "Approve", "platform");
      await bench().must("admin", "DELETE", capabilities("passing"));
      // Created again it would count again: nobody may have to wait for that.
      expect(outcome(await decide(bench(), "bob", approvals("passing"), "Reject", "platform"))).toBe("admitted");
      expect(outcome(await decide(bench(), "alice", approvals("passing"), "Reject", "payments"))).toBe("admitted");
      expect(outcome(await decide(bench(), "bob", approvals("passing"), "Reject", "cluster"))).toBe("NotAnApprover");
    });

    test("of rejection needs a member of an owner with a say", async () => {
      await bench().must("bob", "POST", owners(), owner("bystanders", { members: [{ user: "carol@example.com" }] }));
      const target = await pending();
      expect(outcome(await decide(bench(), "carol", target, "Reject", "bystanders"))).toBe("NotAnApprover");
      expect(outcome(await decide(bench(), "carol", target, "Reject", "payments"))).toBe("NotAMember");
    });

    test("is not made with a dry run", async () => {
      const target = await pending();
      expect(outcome(await decide(bench(), "alice", `${target}?dryRun=All`, "Approve", "payments"))).toBe("admitted");
      expect(await decisions(target)).toEqual([]);
    });

    test("leaves everything else of the approval as it was requested", async () => {
      const target = await pending();
      const response = await patchSpec(bench(), "alice", target, { duration: "1h", decisions: [approve] });
      expect(outcome(response)).toBe("422 Invalid");
      expect(response.text).toContain("duration cannot change after creation");
    });

    test("is not stood in the way by finalizers and labels, which anybody with RBAC may change", async () => {
      const target = await pending();
      const metadata = (body: object) => bench().call("carol", "PATCH", target, { metadata: body }, mergePatch);
      expect(outcome(await metadata({ labels: { a: "b" }, finalizers: ["example.com/hold"] }))).toBe("admitted");
      expect(outcome(await bench().call("alice", "DELETE", target))).toBe("admitted");
      expect(outcome(await metadata({ finalizers: null }))).toBe("admitted");
      expect(outcome(await bench().call("admin", "GET", target))).toBe("404 NotFound");
    });
  });
}
