import * as fc from "fast-check";
import { expect, test } from "vitest";
import { lifecycle } from "../../../src/api/lifecycle.ts";
import { ownerDirectory } from "../../../src/api/owners.ts";
import { rememberingLifecycle } from "../../../src/api/remembered-lifecycle.ts";
import { bot } from "../../builders/agents.ts";
import { approval, approveDecision, approvedBy, withDecisions } from "../../builders/approval.ts";
import { editCapability } from "../../builders/capability.ts";
import { installation, ours } from "../../builders/installation.ts";
import { editOwner, owner, users } from "../../builders/owner.ts";
import { signedCapability, signedDecision, signer } from "../../builders/signed.ts";
import { after, minute, timestamp } from "../../builders/time.ts";
import { approved, payments, platform, root, scaler } from "../../builders/world.ts";

const alice = signer("alice@example.com");
const limited = approval("inc-1234", { maxUses: 3 });
const bySignature = withDecisions(
  limited,
  approveDecision(limited, scaler, { by: "bob@example.com", ownerName: "platform" }),
  signedDecision(limited, scaler, { by: "alice@example.com", ownerName: "payments", notAfter: after(20 * minute) }),
);
const byThree = approvedBy(
  approval("inc-1234"),
  scaler,
  { by: "alice@example.com", ownerName: "payments" },
  { by: "bob@example.com", ownerName: "platform" },
  { by: "sam@example.com", ownerName: "shop" },
);

const members = [alice, ...users("bob@example.com")];
const policies = editOwner(platform, { members: [signer("bob@example.com")] });
const resources = editOwner(payments, { members });
const soon = { reviewBy: timestamp(after(10 * minute)) };
const directories = [
  [root, policies, resources],
  [root, policies, editOwner(resources, soon)],
  [root, editOwner(policies, soon), resources],
  [root, policies, editOwner(resources, { suspended: true })],
  // The agent answers to people who stand in no line of the quorum.
  [root, policies, editOwner(resources, { identities: [] }), owner("robots", { identities: [bot], ...soon })],
  // Payments approved, and owns nothing any more.
  [
    root,
    policies,
    editOwner(resources, { resources: [], identities: [], ...soon }),
    owner("shop", { members: users("sam@example.com"), identities: [bot], resources: payments.spec.resources ?? [] }),
  ],
].map((owners) => ownerDirectory(owners));
const capabilities = [
  editCapability(scaler, { suspended: true }),
  signedCapability(scaler, { notAfter: after(15 * minute) }),
  undefined,
];
const approvals = [approved, bySignature, byThree];

/** Trusts another key, and so none of the attestations. */
const theirs = installation({ seed: 2 });

const pick = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const question = fc.record({
  approval: pick(approvals),
  capability: fc.oneof({ weight: 4, arbitrary: fc.constant(scaler) }, { weight: 3, arbitrary: pick(capabilities) }),
  owners: pick(directories),
  trust: fc.oneof(
    { weight: 4, arbitrary: fc.constant(ours.trust) },
    { weight: 1, arbitrary: fc.constant(theirs.trust) },
  ),
  now: fc.integer({ min: after(0), max: after(40 * minute) }),
  uses: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
});

test("whatever was asked before, and however the clock was set, it says what the lifecycle says", () => {
  const seen = { lives: 0 };
  fc.assert(
    fc.property(fc.array(question, { minLength: 30, maxLength: 80, size: "max" }), (questions) => {
      const remembering = rememberingLifecycle();
      for (const each of questions) {
        const state = lifecycle(each);
        if (state.phase === "Live") seen.lives += 1;
        expect(remembering(each)).toEqual(state);
      }
    }),
    { numRuns: 200, seed: 5 },
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
