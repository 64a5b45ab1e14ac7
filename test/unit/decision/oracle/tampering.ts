import { creation, minute } from "./base.ts";
import type { Approval, Draft } from "./draft.ts";
import type { Random } from "./random.ts";
import { defineCapability } from "./signing.ts";
import type { Keys, World } from "./signing.ts";

/** A change to signed objects: nobody has decided on what they say now. */
export type Tampering = (world: World, random: Random, draft: Draft, keys: Keys) => void;

type Decision = NonNullable<Approval["spec"]["decisions"]>[number];

const approval = (world: World): Approval | undefined =>
  world.approvals.find(({ metadata }) => metadata.name === "wanted");
const capability = (world: World): World["capabilities"][number] | undefined =>
  world.capabilities.find(({ metadata }) => metadata.name === "scaler");
const someDecision = (world: World, random: Random): Decision | undefined => {
  const decisions = approval(world)?.spec.decisions ?? [];
  return decisions.length === 0 ? undefined : random.pick(decisions);
};

export const tamperings: Readonly<Record<string, Tampering>> = {
  "tampered: policy edited": (world, random) => {
    const spec = capability(world)?.spec;
    if (!spec) return;
    if (random.chance(50)) spec.description = "edited";
    else
      spec.rules.push({
        name: "added",
        operations: ["DELETE"],
        apiGroups: ["apps"],
        resources: ["*"],
        scope: "Cluster",
      });
  },
  "tampered: policy edited and defined anew": (world, _random, draft, keys) => {
    const one = capability(world);
    const definition = draft.definitions.get("scaler");
    if (!one || !definition) return;
    one.spec.description = "edited";
    delete one.spec.definedBy;
    defineCapability(world, one, definition, keys);
  },
  "tampered: policy edited and edited back": (world, _random, draft, keys) => {
    const one = capability(world);
    const definition = draft.definitions.get("scaler");
    if (!one || !definition) return;
    delete one.spec.definedBy;
    defineCapability(world, one, { ...definition, at: creation + minute }, keys);
  },
  "tampered: policy suspended and released": (world) => {
    const one = capability(world);
    if (one) one.spec.suspended = false;
  },
  "tampered: definition": (world, random) => {
    const definedBy = capability(world)?.spec.definedBy;
    if (!definedBy) return;
    const field = random.pick(["by", "at", "ownerName"] as const);
    if (field === "at") definedBy.at = "2026-05-04T07:00:01Z";
    else definedBy[field] = random.pick(["alice", "bob", "platform", "shop"]);
  },
  "tampered: definition of another capability": (world) => {
    const [one, other] = world.capabilities;
    if (one && other?.spec.definedBy) one.spec.definedBy = structuredClone(other.spec.definedBy);
  },
  "tampered: decision": (world, random) => {
    const decision = someDecision(world, random);
    if (!decision) return;
    const field = random.pick(["by", "ownerName", "at", "reason", "verdict"] as const);
    switch (field) {
      case "by":
        decision.by = random.pick(["alice", "bob", "carol", "dave", "oidc:alice"]);
        break;
      case "ownerName":
        decision.ownerName = random.pick(["platform", "shop", "staff"]);
        break;
      case "at":
        decision.at = new Date(creation + random.below(60) * minute).toISOString();
        break;
      case "reason":
        if (random.chance(50)) decision.reason = "another";
        else delete decision.reason;
        break;
      case "verdict":
        decision.verdict = random.pick(["Approve", "Reject"]);
        break;
    }
  },
  "tampered: a decision's policy digest": (world, random) => {
    const decision = someDecision(world, random);
    const digests = [...world.digested.keys()];
    if (decision && digests.length > 0) decision.policyDigest = random.pick(digests);
  },
  "tampered: attestations swapped": (world, random) => {
    const [one, other] = random.shuffled(approval(world)?.spec.decisions ?? []);
    if (!one?.attestation || !other?.attestation) return;
    [one.attestation, other.attestation] = [other.attestation, one.attestation];
  },
  "tampered: end of a signature": (world, random) => {
    const decision = someDecision(world, random);
    const longer = (at: string | undefined): string => new Date(Date.parse(at ?? "") + 24 * 3_600_000).toISOString();
    if (decision?.notAfter !== undefined && random.chance(70)) decision.notAfter = longer(decision.notAfter);
    const definedBy = capability(world)?.spec.definedBy;
    if (definedBy?.notAfter !== undefined && random.chance(70)) definedBy.notAfter = longer(definedBy.notAfter);
  },
  "tampered: signatures swapped": (world, random) => {
    const [one, other] = random.shuffled((approval(world)?.spec.decisions ?? []).filter(({ signature }) => signature));
    if (!one?.signature || !other?.signature) return;
    [one.signature, other.signature] = [other.signature, one.signature];
  },
  "tampered: a signature beside an attestation": (world, random) => {
    const [one, other] = random.shuffled(approval(world)?.spec.decisions ?? []);
    if (one?.signature === undefined || other?.attestation === undefined) return;
    one.attestation = other.attestation;
  },
  "tampered: decision copied to another name": (world, random) => {
    const decision = someDecision(world, random);
    const by = random.pick(["alice", "bob", "carol", "dave"]);
    if (decision) approval(world)?.spec.decisions?.push({ ...decision, by });
  },
  "tampered: approval created anew": (world) => {
    const one = approval(world);
    if (one) one.metadata.uid = "approval-wanted-again";
  },
  "tampered: approval says something else": (world, random) => {
    const spec = approval(world)?.spec;
    if (!spec) return;
    const field = random.pick([
      "duration",
      "reason",
      "ticket",
      "requestedBy",
      "targets",
      "rules",
      "notBefore",
    ] as const);
    if (field === "duration") spec.duration = random.pick(["30m", "45m", "1h"]);
    else if (field === "targets" || field === "rules" || field === "notBefore") delete spec[field];
    else spec[field] = random.pick(["INC-2", "a drill", "erin"]);
  },
};
