import * as fc from "fast-check";
import { expect, test } from "vitest";
import { lifecycle } from "../../../src/api/lifecycle.ts";
import type { LifecycleInput } from "../../../src/api/lifecycle.ts";
import { ownerDirectory } from "../../../src/api/owners.ts";
import { rememberingLifecycle } from "../../../src/api/remembered-lifecycle.ts";
import { approval, approveDecision, withDecisions } from "../../builders/approval.ts";
import { editCapability } from "../../builders/capability.ts";
import { ours } from "../../builders/installation.ts";
import { editOwner, users } from "../../builders/owner.ts";
import { signedDecision, signer } from "../../builders/signed.ts";
import { after, minute, timestamp } from "../../builders/time.ts";
import { approved, payments, platform, root, scaler } from "../../builders/world.ts";

const alice = signer("alice@example.com");
const limited = approval("inc-1234", { maxUses: 3 });
const bySignature = withDecisions(
  limited,
  approveDecision(limited, scaler, { by: "bob@example.com", ownerName: "platform" }),
  signedDecision(limited, scaler, { by: "alice@example.com", ownerName: "payments", notAfter: after(20 * minute) }),
);
const members = [alice, ...users("bob@example.com")];
const directories = [
  [root, platform, editOwner(payments, { members })],
  [root, platform, editOwner(payments, { members, reviewBy: timestamp(after(10 * minute)) })],
  [root, editOwner(platform, { reviewBy: timestamp(after(12 * minute)) }), editOwner(payments, { members })],
  [root, platform, editOwner(payments, { members, suspended: true })],
].map((owners) => ownerDirectory(owners));
const capabilities = [scaler, editCapability(scaler, { suspended: true }), undefined];
const approvals = [approved, bySignature];

const pick = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const question = fc.record({
  approval: pick(approvals),
  capability: fc.oneof({ weight: 6, arbitrary: fc.constant(scaler) }, { weight: 1, arbitrary: pick(capabilities) }),
  owners: pick(directories),
  now: fc.integer({ min: after(0), max: after(40 * minute) }),
  uses: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
});

test("whatever was asked before, and however the clock was set, it says what the lifecycle says", () => {
  const seen = { lives: 0 };
  fc.assert(
    fc.property(fc.array(question, { minLength: 2, maxLength: 30 }), (questions) => {
      const remembering = rememberingLifecycle();
      for (const each of questions) {
        const input: LifecycleInput = { ...each, trust: ours.trust };
        const state = lifecycle(input);
        if (state.phase === "Live") seen.lives += 1;
        expect(remembering(input)).toEqual(state);
      }
    }),
    { numRuns: 300, seed: 5 },
  );
  expect(seen.lives).toBeGreaterThan(500);
});

test("a live approval is judged once until the instant at which time may change it", () => {
  const judged: number[] = [];
  const remembering = rememberingLifecycle((input) => {
    judged.push(input.now);
    return lifecycle(input);
  });
  const [owners = ownerDirectory([])] = directories;
  const ask = (now: number): string =>
    remembering({ approval: approved, capability: scaler, owners, now, uses: 0, trust: ours.trust }).phase;
  expect([after(5 * minute), after(6 * minute), after(31 * minute) - 1].map(ask)).toEqual(["Live", "Live", "Live"]);
  expect(judged).toEqual([after(5 * minute)]);
  expect(ask(after(31 * minute))).toBe("Expired");
  expect(ask(after(4 * minute))).toBe("Live");
  expect(judged).toHaveLength(3);
});
