import { expect, test } from "vitest";
import type { AgentCapabilityRule } from "../../../src/api/types.gen.ts";
import { judge } from "../../builders/judge.ts";
import { approvedBy } from "../../builders/approval.ts";
import { capability, defined, rule } from "../../builders/capability.ts";
import { pending } from "../../builders/world.ts";

test("a rule whose schema cannot be used covers nothing, however it came to stand there", () => {
  const withSchema = (schema: NonNullable<AgentCapabilityRule["schema"]>) => {
    const scaler = defined(capability("payments-scaler", { rules: [rule("scale", { apiVersions: ["v1"], schema })] }));
    const approved = approvedBy(
      pending,
      scaler,
      { by: "alice@example.com", ownerName: "payments" },
      { by: "bob@example.com", ownerName: "platform" },
    );
    return judge({ capabilities: [scaler], approvals: [approved] });
  };
  expect(withSchema({ type: "object" }).code).toBe("Approved");
  expect(withSchema({ pattern: "(a+)+$" }).code).toBe("SchemaViolated");
});
