import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Phase } from "../../../src/api/lifecycle.ts";
import type { ElevationApproval } from "../../../src/api/types.gen.ts";
import { approval, approveDecision, rejectDecision, withDecisions } from "../../builders/approval.ts";
import type { Vote } from "../../builders/approval.ts";
import { capability, defined } from "../../builders/capability.ts";
import { life } from "../../builders/life.ts";
import { editOwner, users } from "../../builders/owner.ts";
import { created, minute, timestamp } from "../../builders/time.ts";
import { payments, platform, root } from "../../builders/world.ts";

/** One thing that happens: time passes, then somebody decides or a use is counted. */
type Step = { readonly wait: number } & (
  | { readonly kind: "approve"; readonly by: string; readonly ownerName: string }
  | { readonly kind: "reject"; readonly by: string; readonly ownerName: string }
  | { readonly kind: "use" | "nothing" }
);

const cap = defined(
  capability("payments-scaler", {
    approval: [
      {
        risk: "High",
        approvers: [{ from: "ResourceOwner" }, { from: "PolicyOwner", count: 2 }],
        maxUses: 3,
        pendingTTL: "1h",
      },
    ],
  }),
);
const people = ["alice@example.com", "oidc:alice", "bob@example.com", "carol@example.com", "dave@example.com"];
const members = [
  { user: "alice@example.com", aliases: ["oidc:alice"] },
  ...users("bob@example.com", "carol@example.com", "dave@example.com"),
];
const owners = [root, editOwner(platform, { members }), editOwner(payments, { members })];

const wait = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20 * minute }));
const by = fc.constantFrom(...people);
const ownerName = fc.constantFrom("payments", "platform", "platform");
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("approve" as const),
      wait,
      by,
      ownerName,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reject" as const), wait, by, ownerName }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom("use" as const, "nothing" as const), wait }) },
);
interface Requested {
  readonly stale: readonly Vote[];
  readonly duration: string;
  readonly notBefore: number | undefined;
}

/** `stale` have approved under an earlier policy: Writ stamps the present one's digest, so they come before all others. */
const requested: fc.Arbitrary<Requested> = fc.record({
  stale: fc.oneof(
    { weight: 4, arbitrary: fc.constant<readonly Vote[]>([]) },
    { weight: 1, arbitrary: fc.array(fc.record({ by, ownerName }), { maxLength: 2 }) },
  ),
  duration: fc.constantFrom("5m", "30m", "1h"),
  notBefore: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
});

const final: ReadonlySet<Phase> = new Set(["Denied", "Revoked", "Expired", "Exhausted"]);

function request({ duration, notBefore, stale }: Requested): ElevationApproval {
  const start = notBefore === undefined ? {} : { notBefore: timestamp(created + notBefore * minute) };
  const elev = approval("inc-1234", { duration, ...start });
  const votes = stale.map((vote) => ({ ...vote, at: created, policyDigest: "sha256:old" }));
  return withDecisions(elev, ...votes.map((vote) => approveDecision(elev, cap, vote)));
}

function decide(elev: ElevationApproval, step: Step, at: number): ElevationApproval {
  if (step.kind === "reject") return withDecisions(elev, rejectDecision(elev, { ...step, at }));
  return step.kind === "approve" ? withDecisions(elev, approveDecision(elev, cap, { ...step, at })) : elev;
}

test("what has ended stays ended, and the times of an approval stay what they were", () => {
  const reached = new Set<Phase>();
  fc.assert(
    fc.property(requested, fc.array(step, { minLength: 4, maxLength: 14 }), (spec, steps) => {
      let elev = request(spec);
      let [now, uses] = [created, 0];
      let before = life({ approval: elev, capability: cap, owners, now, uses });
      for (const each of steps) {
        now += each.wait;
        elev = decide(elev, each, now);
        if (each.kind === "use") uses++;
        const after = life({ approval: elev, capability: cap, owners, now, uses });
        reached.add(after.phase);
        if (final.has(before.phase)) expect(final).toContain(after.phase);
        if (before.phase === "Denied" || before.phase === "Revoked") expect(after.phase).toBe(before.phase);
        if (before.approvedAt !== undefined) {
          expect(after).toMatchObject({
            approvedAt: before.approvedAt,
            startsAt: before.startsAt,
            expiresAt: before.expiresAt,
          });
        }
        if (after.phase === "Live") {
          expect(after.expiresAt).toBeGreaterThan(now);
          expect(after.startsAt).toBeLessThanOrEqual(now);
          expect(new Set(after.approvals.map(({ person }) => person)).size).toBeGreaterThanOrEqual(3);
        }
        before = after;
      }
    }),
    { numRuns: 200, seed: 7 },
  );
  expect([...reached].sort()).toEqual(
    ["Approved", "Denied", "Exhausted", "Expired", "Invalid", "Live", "Pending", "Revoked"].sort(),
  );
});
