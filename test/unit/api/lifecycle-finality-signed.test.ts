import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Phase } from "../../../src/api/lifecycle.ts";
import type { ElevationApproval, IdentityOwner } from "../../../src/api/types.gen.ts";
import { approval, approveDecision, withDecisions } from "../../builders/approval.ts";
import { capability, defined } from "../../builders/capability.ts";
import { life } from "../../builders/life.ts";
import { editOwner, users } from "../../builders/owner.ts";
import { signedDecision, signer } from "../../builders/signed.ts";
import { created, hour, minute, second } from "../../builders/time.ts";
import { payments, platform, root } from "../../builders/world.ts";

/** What happens after a wait. Signers' clocks are anywhere: `skew` is how far theirs is from ours. */
type Step = { readonly wait: number } & (
  | { readonly kind: "approve"; readonly by: string; readonly ownerName: string }
  | {
      readonly kind: "sign" | "sign a rejection";
      readonly by: string;
      readonly ownerName: string;
      readonly skew: number;
      readonly validFor: number;
    }
  | { readonly kind: "owners"; readonly owners: number }
  | { readonly kind: "use" }
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
const people = ["alice@example.com", "bob@example.com", "carol@example.com", "dave@example.com"];
const keyed = people.map((name) => signer(name));
const teams = (members: IdentityOwner["spec"]["members"], mods: Partial<IdentityOwner["spec"]> = {}) => [
  root,
  editOwner(platform, { members }),
  editOwner(payments, { members, ...mods }),
];
/** What owners say in turn: everybody's key, some, none; with payments taking signatures alone; with two of them gone. */
const worlds: readonly (readonly IdentityOwner[])[] = [
  teams(keyed),
  teams([...keyed.slice(1), ...users("alice@example.com")]),
  teams(users(...people)),
  teams(keyed, { decisions: "Signed" }),
  teams(keyed.slice(0, 2)),
];

const wait = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 15 * minute }));
const by = fc.constantFrom(...people);
const ownerName = fc.constantFrom("payments", "platform", "platform");
const signing = {
  wait,
  by,
  ownerName,
  skew: fc.oneof(fc.constantFrom(0, 30 * second), fc.integer({ min: -3 * hour, max: 2 * minute })),
  validFor: fc.oneof(fc.integer({ min: minute, max: 4 * hour }), fc.constant(48 * hour)),
};
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("approve" as const), wait, by, ownerName }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("sign" as const), ...signing }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("sign a rejection" as const), ...signing }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("owners" as const), wait, owners: fc.nat(worlds.length - 1) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("use" as const), wait }) },
);

const final: ReadonlySet<Phase> = new Set(["Denied", "Revoked", "Expired", "Exhausted"]);

/** The approval after the step, as the guard lets it happen: nobody approves what is over, or with times that are. */
function after(elev: ElevationApproval, step: Step, now: number, isOver: boolean): ElevationApproval {
  switch (step.kind) {
    case "approve":
      return isOver ? elev : withDecisions(elev, approveDecision(elev, cap, { ...step, at: now }));
    case "sign": {
      const at = now + step.skew;
      const notAfter = at + step.validFor;
      const refused = isOver || at > now + 60 * second || notAfter <= now || now >= created + hour;
      return refused ? elev : withDecisions(elev, signedDecision(elev, cap, { ...step, at, notAfter }));
    }
    case "sign a rejection": {
      const at = now + step.skew;
      const vote = { ...step, at, notAfter: at + step.validFor };
      return withDecisions(elev, signedDecision(elev, cap, { ...vote, verdict: "Reject" }));
    }
    case "owners":
    case "use":
      return elev;
  }
}

test("with signatures, keys that come and go and clocks that jump, what has ended stays ended", () => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(
      fc.constantFrom("5m", "30m", "1h"),
      fc.array(step, { minLength: 6, maxLength: 18 }),
      (duration, steps) => {
        let elev = approval("inc-1234", { duration });
        let owners = worlds[0] ?? [];
        let [now, uses] = [created, 0];
        let before = life({ approval: elev, capability: cap, owners, now, uses });
        for (const each of steps) {
          now += each.wait;
          const arriving = life({ approval: elev, capability: cap, owners, now, uses });
          elev = after(elev, each, now, final.has(arriving.phase));
          if (each.kind === "use") uses++;
          if (each.kind === "owners") owners = worlds[each.owners] ?? owners;
          const state = life({ approval: elev, capability: cap, owners, now, uses });
          reached.add(state.phase).add(state.reason);
          if (final.has(before.phase)) expect(final).toContain(state.phase);
          if (before.phase === "Denied" || before.phase === "Revoked") expect(state.phase).toBe(before.phase);
          if (before.approvedAt !== undefined) {
            // One who signed earlier than the others may be added later: the approval begins and ends no later for it.
            expect(state.approvedAt).toBeLessThanOrEqual(before.approvedAt);
            expect(state.startsAt).toBeLessThanOrEqual(before.startsAt ?? 0);
          }
          if (state.phase === "Live") {
            expect(state.expiresAt).toBeGreaterThan(now);
            expect(new Set(state.approvals.map(({ person }) => person)).size).toBeGreaterThanOrEqual(3);
            for (const vote of state.approvals) if (vote.kind === "signed") expect(vote.notAfter).toBeGreaterThan(now);
          }
          if (state.nextChangeAt !== undefined) expect(state.nextChangeAt).toBeGreaterThan(now);
          before = state;
        }
      },
    ),
    { numRuns: 200, seed: 4 },
  );
  for (const one of ["Live", "Pending", "Approved", "Denied", "Revoked", "Expired", "Exhausted", "Invalid"]) {
    expect(reached).toContain(one);
  }
  for (const one of ["SignatureExpired", "SignatureNotVerified", "SignatureRequired", "ApproverNotMember"]) {
    expect(reached).toContain(one);
  }
});

test("time alone changes the phase at no instant that nextChangeAt leaves out", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 3, maxLength: 8 }), (steps) => {
      let elev = approval("inc-1234", { duration: "30m" });
      let owners = worlds[0] ?? [];
      let now = created;
      for (const each of steps) {
        now += each.wait;
        elev = after(elev, each, now, false);
        if (each.kind === "owners") owners = worlds[each.owners] ?? owners;
      }
      const at = (instant: number) => life({ approval: elev, capability: cap, owners, now: instant });
      const state = at(now);
      const until = state.nextChangeAt ?? now + 90 * 24 * hour;
      for (const part of [0.25, 0.5, 0.75]) {
        expect(at(Math.floor(now + (until - now) * part)).phase).toBe(state.phase);
      }
      expect(at(until - 1).phase).toBe(state.phase);
    }),
    { numRuns: 150, seed: 12 },
  );
});
