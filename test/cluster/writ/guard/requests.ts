import { describe, expect, test } from "vitest";
import type { ElevationApproval } from "../../../../src/api/types.gen.ts";
import { type Bench, eventually, outcome } from "../bench.ts";
import {
  type Request,
  approval,
  approvals,
  bot,
  botUser,
  capabilities,
  capability,
  mergePatch,
  rule,
} from "../objects.ts";

/** What a new ElevationApproval may say. */
export function testRequests(bench: () => Bench): void {
  const request = (who: string, object: object, namespace = "payments-prod") =>
    bench().call(who, "POST", approvals(undefined, namespace), object);

  describe("a request", () => {
    test("is stamped with who asks, with a random id and with the agent's uid, whatever it claims", async () => {
      const claimed = approval("stamped", { requestedBy: "bob@example.com" });
      const { spec } = (await bench().must("carol", "POST", approvals(), claimed)).json() as ElevationApproval;
      expect(spec.requestedBy).toBe("carol@example.com");
      expect(spec.requestID).toMatch(/^w-[0-9a-f]{32}$/);
      const account = await bench().must("admin", "GET", "/api/v1/namespaces/agents/serviceaccounts/payments-bot");
      expect(spec.agent.uid).toBe((account.json() as { readonly metadata: { readonly uid: string } }).metadata.uid);
      const { spec: other } = (
        await bench().must("carol", "POST", approvals(), approval("stamped-too"))
      ).json() as ElevationApproval;
      expect(other.requestID).not.toBe(spec.requestID);
    });

    test("cannot have an id that another has", async () => {
      const requestID = "0123456789abcdef";
      await bench().must("carol", "POST", approvals(), approval("first", { requestID }));
      expect(outcome(await request("carol", approval("copy", { requestID })))).toBe("Replayed");
    });

    const refused: readonly (readonly [string, Request])[] = [
      ["CapabilityNotFound", { capabilityName: "nowhere" }],
      ["RuleNotFound", { rules: ["nothing"] }],
      ["DurationTooLong", { duration: "2h" }],
      ["NotBeforeTooLate", { notBefore: "2099-01-01T00:00:00Z" }],
      ["AgentNotFound", { agent: { serviceAccount: { namespace: "agents", name: "nobody" } } }],
      ["AgentNotNamed", { agent: { user: "spiffe://example.org/agent" } }],
      ["DecisionsAtCreation", { decisions: [decision("Approve")] }],
      ["DecisionsAtCreation", { decisions: [decision("Reject")] }],
    ];
    test.each(refused)("is refused as %s: %o", async (code, spec) => {
      expect(outcome(await request("carol", approval("refused", spec)))).toBe(code);
    });

    test("is refused as CoversNothing in a namespace that no rule names", async () => {
      const elsewhere = approval("refused", {}, "elsewhere");
      expect(outcome(await request("admin", elsewhere, "elsewhere"))).toBe("CoversNothing");
    });

    test("needs a ticket of the capability's prefix, and more than the prefix", async () => {
      const spec = {
        approval: [{ risk: "High", approvers: [{ from: "PolicyOwner" }], ticketPrefix: "INC-" }],
      } as const;
      await bench().must("bob", "POST", capabilities(), capability("ticketed", spec));
      const ticketed = (ticket?: string) =>
        approval("ticketed", { capabilityName: "ticketed", ...(ticket === undefined ? {} : { ticket }) });
      await eventually(async () => expect(outcome(await request("carol", ticketed()))).toBe("TicketRequired"));
      for (const ticket of ["INC-", "CHG-1"]) {
        expect(outcome(await request("carol", ticketed(ticket)))).toBe("TicketRequired");
      }
      expect(outcome(await request("carol", ticketed("INC-1")))).toBe("admitted");
    });

    test("of an agent is for itself, undecided and of its own incarnation", async () => {
      await bench().addAgent("other");
      const names = capability("both", {
        agents: [bot, { serviceAccount: { namespace: "agents", name: "other" } }],
        rules: [rule("r")],
      });
      await bench().must("bob", "POST", capabilities(), names);
      const forOther = approval("for-other", {
        capabilityName: "both",
        agent: { serviceAccount: { namespace: "agents", name: "other" } },
      });
      expect(outcome(await request("bot", forOther))).toMatch(/^(AgentsMayOnlyRequest|NeverGrantable)$/);
      const foreign = { ...bot, uid: "00000000-0000-4000-8000-000000000000" };
      expect(outcome(await request("bot", approval("foreign", { agent: foreign })))).toMatch(
        /^(AgentsMayOnlyRequest|NeverGrantable)$/,
      );
      const decided = approval("decided", { decisions: [decision("Approve")] });
      expect(outcome(await request("bot", decided))).toMatch(/^(DecisionsAtCreation|NeverGrantable)$/);
      const own = await request("bot", approval("own"));
      expect(outcome(own)).toBe("admitted");
      expect((own.json() as ElevationApproval).spec.requestedBy).toBe(botUser);
    });

    test.each([
      ["changed", "PATCH", { metadata: { labels: { a: "b" } } }],
      ["deleted", "DELETE", undefined],
    ] as const)("that an agent filed is not %s by it", async (_, method, body) => {
      const headers = method === "PATCH" ? mergePatch : {};
      const refused = outcome(await bench().call("bot", method, approvals("own"), body, headers));
      expect(refused).toMatch(/^(AgentsMayOnlyRequest|NeverGrantable)$/);
    });

    test("is not withdrawn through deletecollection by an agent, nor touched in its status", async () => {
      expect(outcome(await bench().call("bot", "DELETE", approvals()))).toBe("NeverGrantable");
      const status = { status: { phase: "Live" } };
      expect(outcome(await bench().call("bot", "PATCH", approvals("own/status"), status, mergePatch))).toBe(
        "NeverGrantable",
      );
    });
  });
}

function decision(verdict: "Approve" | "Reject"): object {
  return { verdict, by: "alice@example.com", ownerName: "payments", at: "2026-06-01T12:00:00Z" };
}
