import { createRuleSchemas } from "../../../../src/decision/schema/rule-schemas.ts";
import { generateKeyPairSync } from "node:crypto";
import { rememberingSshVerifier } from "../../../../src/api/ssh/remembering-verifier.ts";
import { rememberingLifecycle } from "../../../../src/api/remembered-lifecycle.ts";
import { verifySshSignature } from "../../../../src/api/ssh/verify-signature.ts";
import { signedDecisionStatement } from "../../../../src/api/signed-decision.ts";
import type { SignedStatement } from "../../../../src/api/signed-statement.ts";
import type { KeyObject } from "node:crypto";
import { attestationSigner, attestationVerifier, rememberingVerifier } from "../../../../src/api/attestation.ts";
import type { AttestationPayload, AttestationSigner, Statement } from "../../../../src/api/attestation.ts";
import { definitionStatement, signedDefinitionStatement } from "../../../../src/api/definition.ts";
import { decisionStatement } from "../../../../src/api/decisions.ts";
import { digestOf, policyDigest, rememberingDigests } from "../../../../src/api/digest.ts";
import type { DecisionSettings } from "../../../../src/decision/facts.ts";
import type { AgentCapability } from "../../../../src/api/types.gen.ts";
import type { Approval, Capability, Draft, Mutable, Owner, Vote } from "./draft.ts";
import type { OracleWorld, SignedRecord, SshRecord } from "./oracle.ts";
import { keyOf, signatureOf } from "./ssh-keys.ts";

const clusterId = "3f1c9d52-0000-4000-8000-000000000001";

/** A signed world; its objects are the draft's and may be tampered with. */
export interface World extends OracleWorld {
  now: number;
  readonly request: Draft["request"];
  readonly owners: Owner[];
  readonly capabilities: Capability[];
  readonly approvals: Approval[];
  readonly signed: Map<string, SignedRecord>;
  readonly sshSigned: Map<string, SshRecord>;
  readonly digested: Map<string, AgentCapability>;
}

export interface Keys {
  readonly genuine: AttestationSigner;
  readonly forger: AttestationSigner;
  readonly settings: DecisionSettings;
}

export function newKeys(): Keys {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const forger = generateKeyPairSync("ed25519").privateKey;
  return {
    genuine: attestationSigner(privateKey),
    forger: attestationSigner(forger),
    settings: settingsWith(publicKey),
  };
}

function settingsWith(publicKey: KeyObject): DecisionSettings {
  return {
    trust: {
      clusterId,
      verify: rememberingVerifier(attestationVerifier([publicKey]), 1000),
      verifySignature: rememberingSshVerifier(verifySshSignature, 1000),
      digests: rememberingDigests(),
      clusterApprovalNamespace: "writ-approvals",
    },
    agents: { namespaces: ["agents"], group: "writ.dev:agents" },
    systemNamespace: "writ-system",
    clusterApprovalNamespace: "writ-approvals",
    rootOwnerName: "cluster",
    protectedResources: [],
    schemas: createRuleSchemas(),
    lifecycle: rememberingLifecycle(),
  };
}

/** Defines the capabilities and signs the decisions as the draft says, noting in the world what is genuine. */
export function signAll({ definitions, votes, ...draft }: Draft, keys: Keys): World {
  const { now, request, owners, capabilities, approvals } = draft;
  const world: World = {
    now,
    request,
    owners,
    capabilities,
    approvals,
    clusterId,
    signed: new Map(),
    sshSigned: new Map(),
    digested: new Map(),
  };
  for (const capability of capabilities) {
    const definition = definitions.get(capability.metadata.name);
    if (definition) defineCapability(world, capability, definition, keys);
  }
  for (const approval of approvals) {
    const capability = capabilities.find((one) => one.metadata.name === approval.spec.capabilityName);
    const asked = structuredClone(approval);
    for (const vote of votes.get(approval.metadata.name) ?? []) {
      addDecision(world, approval, asked, capability, vote, keys);
    }
  }
  return world;
}

export function defineCapability(world: World, capability: Capability, vote: Vote, keys: Keys): void {
  const definedBy = {
    by: vote.by,
    ownerName: vote.ownerName,
    at: new Date(vote.at).toISOString(),
    policyDigest: digestNow(world, capability),
  };
  capability.spec.definedBy = definedBy;
  if (vote.signature) {
    const signed = { ...definedBy, notAfter: new Date(vote.signature.notAfter).toISOString() };
    capability.spec.definedBy = signed;
    const cluster = vote.signing === "foreign" ? "another-cluster" : clusterId;
    const own = signedDefinitionStatement(capability.metadata.name, signed, cluster);
    if (!own || vote.signing === "unsigned") return;
    const spoilt = vote.signing === "replayed" ? { ...own, policyDigest: digestOf("other", {}) } : own;
    capability.spec.definedBy.signature = signBySsh(world, spoilt, vote);
    return;
  }
  const statement = definitionStatement(definedBy, vote.signing === "foreign" ? "another-cluster" : clusterId);
  if (!statement || vote.signing === "unsigned") return;
  const spoilt = vote.signing === "replayed" ? { ...statement, policyDigest: digestOf("other", {}) } : statement;
  capability.spec.definedBy.attestation = attest(world, spoilt, vote, keys);
}

function addDecision(
  world: World,
  approval: Approval,
  asked: Approval,
  capability: Capability | undefined,
  vote: Vote,
  keys: Keys,
): void {
  const decision: NonNullable<Approval["spec"]["decisions"]>[number] = {
    verdict: vote.verdict,
    by: vote.by,
    ownerName: vote.ownerName,
    at: new Date(vote.at).toISOString(),
    ...(capability === undefined ? {} : { policyDigest: digestNow(world, capability) }),
    reason: "as discussed",
  };
  const decisions = (approval.spec.decisions ??= []);
  const key = (one: Mutable<typeof decision>): string => `${one.by} ${one.ownerName} ${one.verdict}`;
  // The API server keeps the list as a map of these three.
  if (decisions.some((one) => key(one) === key(decision))) return;
  if (vote.signature) {
    decision.notAfter = new Date(vote.signature.notAfter).toISOString();
    if (vote.signing !== "unsigned") {
      const cluster = vote.signing === "foreign" ? "another-cluster" : clusterId;
      const own = signedDecisionStatement(approval, decision, cluster);
      const spoilt = vote.signing === "replayed" ? { ...own, requestID: "another-request" } : own;
      decision.signature = signBySsh(world, spoilt, vote, asked);
    }
  } else if (vote.signing !== "unsigned") {
    const cluster = vote.signing === "foreign" ? "another-cluster" : clusterId;
    const statement = decisionStatement(approval, decision, cluster);
    const spoilt = vote.signing === "replayed" ? { ...statement, approvalUid: "another-uid" } : statement;
    decision.attestation = attest(world, spoilt, vote, keys, asked);
  }
  decisions.push(decision);
}

function signBySsh(world: World, statement: SignedStatement, vote: Vote, asked?: Approval): string {
  const name = vote.signing === "forged" ? "a stranger" : (vote.signature?.key ?? "");
  const signature = signatureOf(statement, name);
  world.sshSigned.set(signature, {
    statement,
    keyLine: keyOf(name).line,
    ...(asked === undefined ? {} : { approval: asked }),
  });
  return signature;
}

function attest(world: World, statement: Statement, vote: Vote, keys: Keys, asked?: Approval): string {
  const payload: AttestationPayload = {
    credentialId: "X509SHA256=00",
    member: vote.member,
    userInfoDigest: digestOf("test", { username: vote.by }),
  };
  const attestation = (vote.signing === "forged" ? keys.forger : keys.genuine).attest(statement, payload);
  if (vote.signing !== "forged") {
    world.signed.set(attestation, { statement, payload, ...(asked === undefined ? {} : { approval: asked }) });
  }
  return attestation;
}

function digestNow(world: World, capability: Capability): string {
  const digest = policyDigest(capability);
  if (!world.digested.has(digest)) world.digested.set(digest, structuredClone(capability));
  return digest;
}
