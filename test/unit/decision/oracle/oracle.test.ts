import { array, assert, constantFrom, nat, noShrink, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { decide } from "../../../../src/decision/decide.ts";
import { effectsOf } from "../../../../src/decision/effects/effects.ts";
import type { ReasonCode } from "../../../../src/decision/reason.ts";
import { snapshotOf } from "../../../../src/decision/snapshot.ts";
import type { Verdict } from "../../../../src/decision/verdict.ts";
import { baseDraft } from "./base.ts";
import { draftMutations } from "./mutations.ts";
import { oracleDenies } from "./oracle.ts";
import { randomOf } from "./random.ts";
import { newKeys, signAll } from "./signing.ts";
import type { Keys, World } from "./signing.ts";
import { tamperings } from "./tampering.ts";

const cases = 10_000;
const changes = [...Object.keys(draftMutations), ...Object.keys(tamperings)];

/** The world of a seed with the named changes: those to the draft before it is signed, the tampering afterwards. */
function worldOf(seed: number, names: readonly string[], keys: Keys): World {
  const draft = baseDraft(seed);
  for (const name of names) draftMutations[name]?.(draft, randomOf(seed, name));
  const world = signAll(draft, keys);
  for (const name of names) tamperings[name]?.(world, randomOf(seed, name), draft, keys);
  return world;
}

function judge({ request, owners, capabilities, approvals, now }: World, { settings }: Keys): Verdict {
  return decide({ request, snapshot: snapshotOf(owners, capabilities, approvals), settings, now });
}

describe("the chain of checks against an independent oracle", () => {
  test(`gives the same verdict in ${cases} worlds, nearly all of them allowed or a few changes away from it`, () => {
    const keys = newKeys();
    let allowed = 0;
    /** Allowed worlds of each sort: without enough of them the agreement would say little. */
    const sorts = {
      "several effects": 0,
      "several rules together": 0,
      "under fields": 0,
      "bound to a credential": 0,
      signed: 0,
      "signed definition": 0,
      "for an owner who wants signatures": 0,
      "for some uses": 0,
    };
    const told = new Set<ReasonCode>();
    assert(
      property(noShrink(nat()), array(constantFrom(...changes), { maxLength: 3, size: "max" }), (seed, names) => {
        const world = worldOf(seed, names, keys);
        const refusal = oracleDenies(world);
        const verdict = judge(world, keys);
        told.add(verdict.code);
        if (refusal === undefined) allowed += 1;
        if (verdict.kind === "allow" && verdict.code === "Approved") {
          const { rules, approval } = verdict.basis;
          if (effectsOf(world.request).length > 1) sorts["several effects"] += 1;
          if (rules.length > 1) sorts["several rules together"] += 1;
          if (rules.some(({ fields }) => fields)) sorts["under fields"] += 1;
          if (verdict.basis.lifecycle.terms?.maxUses !== undefined) sorts["for some uses"] += 1;
          if (approval.spec.credential) sorts["bound to a credential"] += 1;
          const { lifecycle, capability, approvingOwners } = verdict.basis;
          if (lifecycle.approvals.some(({ kind }) => kind === "signed")) sorts.signed += 1;
          if (capability.spec.definedBy?.signature) sorts["signed definition"] += 1;
          if (approvingOwners.some(({ spec }) => spec.decisions === "Signed"))
            sorts["for an owner who wants signatures"] += 1;
        }
        if ((verdict.kind === "allow") === (refusal === undefined)) return;
        const chain = verdict.kind === "allow" ? verdict.code : `${verdict.code}: ${verdict.message}`;
        throw new Error(`the oracle says "${refusal ?? "allow"}", the chain says "${chain}"`);
      }),
      { numRuns: cases, seed: 20_260_504 },
    );
    expect(allowed / cases, "share of allowed worlds").toBeGreaterThan(0.2);
    expect(allowed / cases, "share of allowed worlds").toBeLessThan(0.5);
    for (const [sort, count] of Object.entries(sorts)) {
      expect(count / cases, `share of worlds allowed, ${sort}`).toBeGreaterThan(0.02);
    }
    expect(reachable.filter((code) => !told.has(code))).toEqual([]);
  }, 180_000);
});

/** Codes without which the worlds would have become too much alike. */
const reachable: readonly ReasonCode[] = [
  "Approved",
  "OwnRequest",
  "NotAnAgent",
  "ConnectNotGrantable",
  "NeverGrantable",
  "Frozen",
  "NoIdentityOwner",
  "ConflictingIdentityOwners",
  "IdentityOwnerNotLive",
  "NoCapability",
  "NoRule",
  "FieldNotCovered",
  "CapabilityNotDefined",
  "CapabilityChanged",
  "DefinitionNotAttested",
  "DefinitionNotSigned",
  "DefinitionNotVerified",
  "DefinitionExpired",
  "DefinerNotMember",
  "CapabilitySuspended",
  "CapabilityBeingDeleted",
  "PolicyOwnerNotLive",
  "NoApproval",
  "ApprovalPending",
  "ApprovalNotYetValid",
  "ApprovalRejected",
  "ApprovalExpired",
  "ApprovalExhausted",
  "ApprovalInvalid",
  "ApprovalSuspended",
  "AgentUidMismatch",
  "CredentialUnbound",
  "CredentialMismatch",
  "RiskNotApproved",
  "ConflictingClaim",
  "ResourceOwnerNotAsked",
];
