import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type ControlPlane, startControlPlane } from "../../control-plane/control-plane.ts";
import {
  type WritObject,
  approval,
  approve,
  capability,
  create,
  files,
  installCrds,
  owner,
  reject,
  withValues,
} from "./kinds.ts";

let controlPlane: ControlPlane;
beforeAll(async () => {
  controlPlane = await startControlPlane();
  await installCrds(controlPlane);
});
afterAll(() => controlPlane?.stop());

const lowRule = { name: "r", operations: ["UPDATE"], apiGroups: [""], resources: ["nodes"], scope: "Cluster" };
const existing = "must be an existing RFC 3339 instant in UTC such as 2027-03-31T00:00:00Z";
const length = "must be longer than 0s and at most 8760h";
const notAPerson = 'names that begin with "system:" are refused';
const oneSubject = "exactly one of serviceAccount and user is required";
const system = 'user must not begin with "system:": write a service account as serviceAccount';
const exactNames = "names: leave the field out to mean all";

const later = "2027-02-25T09:00:00.000Z";
const tooLate = "2027-02-25T09:00:00.001Z";
const { attestation: _attestation, reason: _reason, ...unattested } = approve;
const signed = {
  ...unattested,
  signature: "-----BEGIN SSH SIGNATURE-----\n",
  notAfter: "2026-12-27T09:00:00.000Z",
};
const { verdict: _verdict, ...definition } = signed;
const signedDefinition = { ...definition, notAfter: later };

describe("accepted", () => {
  const user = { user: "spiffe://example.org/bot" };
  const accepted: readonly (readonly [string, WritObject])[] = [
    ["an owner with every field", owner],
    ["an owner with members alone", withValues(owner, { spec: { members: [{ group: "payments-leads" }] } })],
    ["a capability with every field", capability],
    ["a capability that a member is about to define", withValues(capability, { "spec.definedBy": {} })],
    ["a capability without definedBy", withValues(capability, { "spec.definedBy": undefined })],
    ["a rule without risk under a High entry", withValues(capability, { "spec.rules.0.risk": undefined })],
    ["an approval with every field", approval],
    ["an approval of a user without uid", withValues(approval, { "spec.agent": user })],
    ["an approval for 365 days", withValues(approval, { "spec.duration": "8760h" })],
    ["an owner that takes signatures alone", withValues(owner, { "spec.decisions": "Signed" })],
    ["a member's key", withValues(owner, { "spec.members.0.sshKeys": ["ssh-ed25519 AAAA alice"] })],
    ["a signed definition", withValues(capability, { "spec.definedBy": signedDefinition })],
    ["a signed approval that counts for 30 days", withValues(approval, { "spec.decisions.0": signed })],
    [
      "a signed rejection without a policy",
      withValues(approval, { "spec.decisions.1": { ...reject, signature: "x", notAfter: "2026-12-01T00:00:00Z" } }),
    ],
    ["an approval without decisions", withValues(approval, { "spec.decisions": undefined })],
  ];
  test.for(accepted)("%s", async ([, object]) => {
    const answer = await create(controlPlane, object, true);
    expect(answer.causes).toEqual([]);
    expect(answer.status).toBe(201);
    expect(answer.body["spec"]).toEqual(object.spec);
  });
});

/** Values at paths that break one rule; the field that the error names; a part of its message. */
type Refusal = readonly [Readonly<Record<string, unknown>>, string, string];

const ownerRefusals: readonly Refusal[] = [
  [{ spec: undefined }, "spec", "Required value"],
  [{ "spec.members": undefined }, "spec.members", "Required value"],
  [{ "spec.members": [] }, "spec.members", "at least 1 items"],
  [{ "spec.members": [{}] }, "spec.members[0]", "exactly one of user and group is required"],
  [{ "spec.members.0.group": "g" }, "spec.members[0]", "exactly one of user and group is required"],
  [{ "spec.members.1.aliases": ["a"] }, "spec.members[1].aliases", "aliases is allowed only with user"],
  [{ "spec.members.0.user": "system:admin" }, "spec.members[0].user", notAPerson],
  [{ "spec.members.0.user": "" }, "spec.members[0].user", "at least 1 chars"],
  [{ "spec.members.0.user": "alice\n" }, "spec.members[0].user", "should match"],
  [{ "spec.members.1.group": "system:authenticated" }, "spec.members[1].group", notAPerson],
  [{ "spec.members.0.aliases": ["system:x"] }, "spec.members[0].aliases[0]", notAPerson],
  [{ "spec.members.1": { user: "alice@example.com" } }, "spec.members", "members must name each user once"],
  [{ "spec.members.0.sshKeys": ["not a key"] }, "spec.members[0].sshKeys[0]", "should match"],
  [{ "spec.members.0.sshKeys": Array(9).fill("ssh-ed25519 AAAA") }, "spec.members[0].sshKeys", "at most 8 items"],
  [{ "spec.members.1.sshKeys": ["ssh-ed25519 AAAA"] }, "spec.members[1].sshKeys", "sshKeys is allowed only with user"],
  [{ "spec.contacts.0.kind": "pigeon" }, "spec.contacts[0].kind", "Unsupported value"],
  [{ "spec.identities.0": {} }, "spec.identities[0]", oneSubject],
  [{ "spec.identities.0.user": "x" }, "spec.identities[0]", oneSubject],
  [{ "spec.identities.1.user": "system:serviceaccount:agents:bot" }, "spec.identities[1].user", system],
  [{ "spec.identities.0.serviceAccount.name": undefined }, "spec.identities[0].serviceAccount.name", "Required value"],
  [{ "spec.identities.0.serviceAccount.name": "A" }, "spec.identities[0].serviceAccount.name", "should match"],
  [
    { "spec.identities.0.serviceAccount.namespace": "*" },
    "spec.identities[0].serviceAccount.namespace",
    "should match",
  ],
  [{ "spec.resources.0.scope": "Both" }, "spec.resources[0].scope", "Unsupported value"],
  [{ "spec.resources.1.namespaces": ["a"] }, "spec.resources[1].namespaces", "only with scope Namespaced"],
  [{ "spec.resources.0.namespaces": ["pay*"] }, "spec.resources[0].namespaces[0]", "should match"],
  [{ "spec.resources.0.apiGroups": ["Apps"] }, "spec.resources[0].apiGroups[0]", "should match"],
  [{ "spec.resources.0.resources": ["*/*"] }, "spec.resources[0].resources[0]", "should match"],
  [{ "spec.resources.0.resourceNames": ["*"] }, "spec.resources[0].resourceNames[0]", exactNames],
  [{ "spec.decisions": "Any" }, "spec.decisions", "Unsupported value"],
  [{ "spec.reviewBy": "next year" }, "spec.reviewBy", "should match"],
  [{ "spec.reviewBy": "2027-02-30T00:00:00Z" }, "spec.reviewBy", existing],
  [{ "spec.suspended": "yes" }, "spec.suspended", "must be of type boolean"],
];

const capabilityRefusals: readonly Refusal[] = [
  [{ "spec.policyOwnerName": undefined }, "spec.policyOwnerName", "Required value"],
  [{ "spec.agents": [] }, "spec.agents", "at least 1 items"],
  [{ "spec.agents.0.user": "x" }, "spec.agents[0]", oneSubject],
  [{ "spec.agents.1.user": "system:node:a" }, "spec.agents[1].user", system],
  [{ "spec.rules": [] }, "spec.rules", "at least 1 items"],
  [{ "spec.rules.1.name": "scale" }, "spec.rules[1]", "Duplicate value"],
  [{ "spec.rules.0.name": "Scale it" }, "spec.rules[0].name", "should match"],
  [{ "spec.rules.0.risk": "Medium" }, "spec.rules[0].risk", "Unsupported value"],
  [{ "spec.rules.0.operations": undefined }, "spec.rules[0].operations", "Required value"],
  [{ "spec.rules.0.operations": [] }, "spec.rules[0].operations", "at least 1 items"],
  [{ "spec.rules.0.operations": ["*"] }, "spec.rules[0].operations[0]", "Unsupported value"],
  [{ "spec.rules.0.operations": ["CONNECT"] }, "spec.rules[0].operations[0]", "Unsupported value"],
  [{ "spec.rules.0.operations": ["UPDATE", "UPDATE"] }, "spec.rules[0].operations[1]", "Duplicate value"],
  [{ "spec.rules.0.apiGroups": [] }, "spec.rules[0].apiGroups", "at least 1 items"],
  [{ "spec.rules.0.apiGroups": ["apps", "writ.dev"] }, "spec.rules[0].apiGroups", "must not name writ.dev"],
  [{ "spec.rules.0.apiGroups": ["*.dev"] }, "spec.rules[0].apiGroups[0]", "should match"],
  [{ "spec.rules.0.apiVersions": ["*"] }, "spec.rules[0].apiVersions[0]", "should match"],
  [{ "spec.rules.0.resources": [] }, "spec.rules[0].resources", "at least 1 items"],
  [{ "spec.rules.0.resources": ["*/*"] }, "spec.rules[0].resources", "must name subresources literally"],
  [{ "spec.rules.0.resources": ["pods/*"] }, "spec.rules[0].resources", "must name subresources literally"],
  [{ "spec.rules.0.resources": ["*/scale"] }, "spec.rules[0].resources[0]", "should match"],
  [{ "spec.rules.0.scope": undefined }, "spec.rules[0].scope", "Required value"],
  [{ "spec.rules.0.namespaces": undefined }, "spec.rules[0].namespaces", "required with scope Namespaced"],
  [{ "spec.rules.0.namespaces": [] }, "spec.rules[0].namespaces", "at least 1 items"],
  [{ "spec.rules.1.namespaces": ["a"] }, "spec.rules[1].namespaces", "only with scope Namespaced"],
  [{ "spec.rules.0.namespaces": ["a-*"] }, "spec.rules[0].namespaces[0]", "should match"],
  [{ "spec.rules.0.resourceNames": ["*"] }, "spec.rules[0].resourceNames[0]", exactNames],
  [
    { "spec.rules.0.fields": ["spec.replicas"], "spec.rules.0.operations": ["CREATE", "UPDATE"] },
    "spec.rules[0].fields",
    "operations must be UPDATE alone",
  ],
  [
    { "spec.rules.0.schema": { properties: {} }, "spec.rules.0.operations": ["DELETE"] },
    "spec.rules[0].schema",
    "operations must be CREATE or UPDATE",
  ],
  [{ "spec.rules.1.schema": {} }, "spec.rules[1].apiVersions", "apiVersions is required with fields or schema"],
  [{ "spec.approval": undefined }, "spec.approval", "Required value"],
  [{ "spec.approval": [] }, "spec.approval", "at least 1 items"],
  [{ "spec.approval.0.risk": "High" }, "spec.approval[1]", "Duplicate value"],
  [{ "spec.approval.0.approvers": [] }, "spec.approval[0].approvers", "at least 1 items"],
  [
    { "spec.approval.0.approvers": Array.from({ length: 9 }, () => ({ from: "PolicyOwner" })) },
    "spec.approval[0].approvers",
    "Too many",
  ],
  [{ "spec.approval.0.approvers.0.from": "Anyone" }, "spec.approval[0].approvers[0].from", "Unsupported value"],
  [{ "spec.approval.0.approvers.0.from": "Owner" }, "spec.approval[0].approvers[0].ownerName", "ownerName is required"],
  [{ "spec.approval.0.approvers.0.ownerName": "x" }, "spec.approval[0].approvers[0].ownerName", "allowed only with it"],
  [{ "spec.approval.0.approvers.0.count": 0 }, "spec.approval[0].approvers[0].count", "greater than or equal to 1"],
  [{ "spec.approval.0.approvers.0.count": 11 }, "spec.approval[0].approvers[0].count", "less than or equal to 10"],
  [{ "spec.approval.0.maxDuration": "8761h" }, "spec.approval[0].maxDuration", length],
  [{ "spec.approval.0.maxDuration": "1d" }, "spec.approval[0].maxDuration", "should match"],
  [{ "spec.approval.0.pendingTTL": "0s" }, "spec.approval[0].pendingTTL", length],
  [{ "spec.approval.0.pendingTTL": "" }, "spec.approval[0].pendingTTL", "at least 2 chars"],
  [{ "spec.approval.0.maxUses": 0 }, "spec.approval[0].maxUses", "greater than or equal to 1"],
  [
    { "spec.approval": [{ risk: "Low", approvers: [{ from: "PolicyOwner" }] }], "spec.rules": [lowRule] },
    "spec.approval",
    "approval must have an entry for every risk that a rule has",
  ],
  [{ "spec.credential": { maxLifetime: "0h" } }, "spec.credential.maxLifetime", length],
  [{ "spec.elevation": { clusterRoleName: "edit" } }, "spec.elevation", "elevation is not enforced"],
  [{ "spec.requests": "Automatic" }, "spec.requests", "requests: Automatic is not enforced"],
  [{ "spec.definedBy.signature": "x" }, "spec.definedBy.signature", "attestation or signature, not both"],
  [{ "spec.definedBy": { ...signedDefinition, notAfter: undefined } }, "spec.definedBy.notAfter", "given together"],
  [{ "spec.definedBy": { notAfter: later } }, "spec.definedBy.notAfter", "given together"],
  [{ "spec.definedBy": { ...signedDefinition, at: undefined } }, "spec.definedBy.signature", "required with signature"],
  [{ "spec.definedBy": { ...signedDefinition, by: undefined } }, "spec.definedBy.signature", "required with signature"],
  [
    { "spec.definedBy": { ...signedDefinition, policyDigest: undefined } },
    "spec.definedBy.signature",
    "required with signature",
  ],
  [
    { "spec.definedBy": { ...signedDefinition, ownerName: undefined } },
    "spec.definedBy.signature",
    "required with signature",
  ],
  [{ "spec.definedBy": { ...signedDefinition, notAfter: approve.at } }, "spec.definedBy.notAfter", "later than at"],
  [{ "spec.definedBy": { ...signedDefinition, notAfter: tooLate } }, "spec.definedBy.notAfter", "at most 90 days"],
  [
    { "spec.definedBy": { ...signedDefinition, notAfter: "2026-02-30T00:00:00Z" } },
    "spec.definedBy.notAfter",
    existing,
  ],
  [{ "spec.definedBy.policyDigest": "sha256:0" }, "spec.definedBy.policyDigest", "should match"],
  [{ "spec.definedBy.at": "2026-13-01T00:00:00Z" }, "spec.definedBy.at", existing],
];

const approvalRefusals: readonly Refusal[] = [
  [{ "spec.capabilityName": undefined }, "spec.capabilityName", "Required value"],
  [{ "spec.capabilityName": "a/b" }, "spec.capabilityName", "should match"],
  [{ "spec.rules": [] }, "spec.rules", "at least 1 items"],
  [{ "spec.rules": ["a", "a"] }, "spec.rules[1]", "Duplicate value"],
  [{ "spec.agent": undefined }, "spec.agent", "Required value"],
  [{ "spec.agent": {} }, "spec.agent", oneSubject],
  [{ "spec.agent.user": "x" }, "spec.agent", oneSubject],
  [{ "spec.agent": { user: "system:serviceaccount:a:b" } }, "spec.agent.user", system],
  [{ "spec.agent.uid": undefined }, "spec.agent.uid", "uid is required with serviceAccount"],
  [{ "spec.agent.uid": "7d5e" }, "spec.agent.uid", "should match"],
  [{ "spec.targets": [] }, "spec.targets", "at least 1 items"],
  [{ "spec.targets.0.apiGroup": undefined }, "spec.targets[0].apiGroup", "Required value"],
  [{ "spec.targets.0.resource": "*" }, "spec.targets[0].resource", "should match"],
  [{ "spec.targets.0.names": [] }, "spec.targets[0].names", "at least 1 items"],
  [{ "spec.targets.0.names": ["*"] }, "spec.targets[0].names", exactNames],
  [{ "spec.onBehalfOf": ["carol"] }, "spec.onBehalfOf[0]", "should match"],
  [{ "spec.requestedBy": undefined }, "spec.requestedBy", "Required value"],
  [{ "spec.requestID": undefined }, "spec.requestID", "Required value"],
  [{ "spec.requestID": "short" }, "spec.requestID", "at least 16 chars"],
  [{ "spec.notBefore": "2026-11-27" }, "spec.notBefore", "should match"],
  [{ "spec.notBefore": "2026-11-31T00:00:00Z" }, "spec.notBefore", existing],
  [{ "spec.duration": undefined }, "spec.duration", "Required value"],
  [{ "spec.duration": "0s" }, "spec.duration", length],
  [{ "spec.duration": "30m1h" }, "spec.duration", "should match"],
  [{ "spec.change": { salt: "0123456789abcdef", digest: approve.policyDigest } }, "spec.change.salt", "at least 22"],
  [{ "spec.maxUses": 0 }, "spec.maxUses", "greater than or equal to 1"],
  [{ "spec.maxUses": 1_000_001 }, "spec.maxUses", "less than or equal to 1000000"],
  [{ "spec.decisions.0.verdict": "Maybe" }, "spec.decisions[0].verdict", "Unsupported value"],
  [{ "spec.decisions.0.by": undefined }, "spec.decisions[0].by", "Required value"],
  [{ "spec.decisions.0.ownerName": undefined }, "spec.decisions[0].ownerName", "Required value"],
  [{ "spec.decisions.0.at": undefined }, "spec.decisions[0].at", "Required value"],
  [{ "spec.decisions.0.at": "2026-11-27T25:00:00Z" }, "spec.decisions[0].at", existing],
  [{ "spec.decisions.0.policyDigest": undefined }, "spec.decisions[0].policyDigest", "required with verdict Approve"],
  [{ "spec.decisions.0.attestation": undefined }, "spec.decisions[0].attestation", "required with verdict Approve"],
  [{ "spec.decisions.0.signature": "x" }, "spec.decisions[0].signature", "attestation or signature, not both"],
  [{ "spec.decisions.0": { ...signed, notAfter: undefined } }, "spec.decisions[0].notAfter", "given together"],
  [{ "spec.decisions.0.notAfter": later }, "spec.decisions[0].notAfter", "given together"],
  [{ "spec.decisions.1.signature": "x" }, "spec.decisions[1].notAfter", "given together"],
  [{ "spec.decisions.0": { ...signed, policyDigest: undefined } }, "spec.decisions[0].policyDigest", "required with"],
  [{ "spec.decisions.0": { ...signed, notAfter: approve.at } }, "spec.decisions[0].notAfter", "later than at"],
  [
    { "spec.decisions.0": { ...signed, notAfter: "2026-12-27T09:00:00.001Z" } },
    "spec.decisions[0].notAfter",
    "at most 30 days",
  ],
  [{ "spec.decisions.0": { ...signed, notAfter: "2026-02-30T00:00:00Z" } }, "spec.decisions[0].notAfter", existing],
  [{ "spec.decisions.0": { ...signed, notAfter: "tomorrow" } }, "spec.decisions[0].notAfter", "should match"],
  [{ "spec.decisions.0": { ...signed, signature: "x".repeat(8193) } }, "spec.decisions[0].signature", "8192"],
  [{ "spec.decisions.1": { ...approve, reason: "twice" } }, "spec.decisions[1]", "Duplicate value"],
  [
    { "spec.decisions": Array.from({ length: 97 }, (_, i) => ({ ...approve, by: `member-${i}` })) },
    "spec.decisions",
    "at most 96 with verdict Approve",
  ],
];

const tables = [
  { object: owner, refusals: ownerRefusals },
  { object: capability, refusals: capabilityRefusals },
  { object: approval, refusals: approvalRefusals },
];
const rows = tables.flatMap(({ object, refusals }) =>
  refusals.map(([values, field, message]) => ({ object, values, field, message, kind: object.kind })),
);

describe("refused, with the field and the rule", () => {
  test.for(rows)("$kind $field: $message", async ({ object, values, field, message }) => {
    const answer = await create(controlPlane, withValues(object, values), true);
    expect(answer.status).toBe(422);
    const named = answer.causes.filter((cause) => cause.startsWith(`${field}: `));
    expect(named.join("\n"), answer.causes.join("\n")).toContain(message);
  });

  test("every rule of the CRDs has a row", () => {
    const declared = rulesOf(files.map(({ file }) => readFileSync(file, "utf8")));
    const untested = declared.filter(
      ({ kind, field, message }) =>
        !rows.some(
          (row) =>
            row.kind === kind && row.field.replaceAll(/\[\d+\]/g, "[]") === field && message.includes(row.message),
        ),
    );
    expect(untested).toEqual([]);
    expect(declared.length).toBeGreaterThan(40);
  });
});

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly "x-kubernetes-validations"?: readonly { rule: string; message: string; fieldPath?: string }[];
}

/** Every rule that one object alone can break, with the field that its error names. */
function rulesOf(crds: readonly string[]) {
  return crds.flatMap((text) => {
    const { spec } = parse(text) as {
      spec: { names: { kind: string }; versions: readonly { schema: { openAPIV3Schema: Schema } }[] };
    };
    const { kind } = spec.names;
    return spec.versions.flatMap(({ schema }) =>
      walk(schema.openAPIV3Schema, "").map(({ field, message }) => ({ kind, field, message })),
    );
  });
}

function walk(schema: Schema, path: string): readonly { readonly field: string; readonly message: string }[] {
  return [
    ...(schema["x-kubernetes-validations"] ?? [])
      .filter(({ rule }) => !rule.includes("oldSelf"))
      .map(({ message, fieldPath }) => ({ field: path + (fieldPath ?? ""), message })),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, of]) =>
      walk(of, path === "" ? name : `${path}.${name}`),
    ),
    ...(schema.items === undefined ? [] : walk(schema.items, `${path}[]`)),
  ];
}
