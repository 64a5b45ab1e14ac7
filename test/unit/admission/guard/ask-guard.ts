import { createGuard } from "../../../../src/admission/guard/guard.ts";
import type { GuardOptions } from "../../../../src/admission/guard/guard.ts";
import type { Answer } from "../../../../src/admission/handler.ts";
import type { LiveReader } from "../../../../src/admission/live-reader.ts";
import { userInfoDigest } from "../../../../src/api/attestation.ts";
import { decisionStatement } from "../../../../src/api/decisions.ts";
import { policyDigest } from "../../../../src/api/digest.ts";
import type { WritObject } from "../../../../src/api/kinds.ts";
import type { AgentCapability, ElevationApproval, ElevationApprovalDecision } from "../../../../src/api/types.gen.ts";
import type { AdmissionRequest, JsonObject, UserInfo } from "../../../../src/decision/admission-request.ts";
import { createLogger } from "../../../../src/telemetry/logger.ts";
import { ours } from "../../../builders/installation.ts";
import { review } from "../../../builders/review.ts";
import { after, minute, timestamp } from "../../../builders/time.ts";
import { scaler, snapshot } from "../../../builders/world.ts";
import type { World } from "../../../builders/world.ts";

/** A person with a credential of their own. */
export function person(username: string): UserInfo {
  const extra = { "authentication.kubernetes.io/credential-id": [`X509SHA256=${username}`] };
  return { username, groups: ["system:authenticated"], extra };
}

export interface Question extends Partial<World> {
  readonly object: WritObject;
  /** Absent: a creation. */
  readonly old?: WritObject;
  readonly user: UserInfo;
  /** Whether the user holds `claim`; default not. */
  readonly claims?: boolean;
  readonly options?: Partial<GuardOptions>;
}

const plurals = {
  IdentityOwner: "identityowners",
  AgentCapability: "agentcapabilities",
  ElevationApproval: "elevationapprovals",
} as const;

/** What the guard answers in the world of the builders, two minutes after its creation, with an API server that answers. */
export async function askGuard({
  object,
  old,
  user,
  claims = false,
  options = {},
  ...mods
}: Question): Promise<Answer> {
  const present = snapshot(mods);
  const reader: LiveReader = {
    read: async ({ owners, capabilities }) => ({
      owners: new Map(owners.map((name) => [name, present.owners.get(name)])),
      capabilities: new Map(capabilities.map((name) => [name, present.capability(name)])),
      approvals: new Map(),
      clockSkew: 0,
    }),
  };
  const guard = createGuard({
    settings: ours.settings,
    cache: { snapshot: () => present, problems: () => [] },
    reader,
    mayClaim: async () => claims,
    requestIds: { reserve: async () => ({ kind: "reserved" }) },
    announce: async () => undefined,
    record: async () => ({ writer: "w0", index: 0n, leafHash: Buffer.alloc(32) }),
    clock: () => after(2 * minute),
    log: createLogger({ level: "silent", name: "test" }),
    ...options,
  });
  const request: AdmissionRequest = review({
    resource: { group: "writ.dev", version: "v1alpha1", resource: plurals[object.kind] },
    operation: old === undefined ? "CREATE" : "UPDATE",
    object: plain(object),
    oldObject: old === undefined ? null : plain(old),
    userInfo: user,
  });
  return guard({ request, caller: { kind: "path" }, arrivedAt: 0, deadline: 4000 });
}

function plain(object: WritObject): JsonObject {
  return JSON.parse(JSON.stringify(object)) as JsonObject;
}

/** A decision as the stamps make it for a user, now. */
export function stamped(
  approval: ElevationApproval,
  user: UserInfo,
  mods: Partial<ElevationApprovalDecision> & { readonly capability?: AgentCapability } = {},
): ElevationApprovalDecision {
  const { capability = scaler, ...rest } = mods;
  const decision: ElevationApprovalDecision = {
    verdict: "Approve",
    by: user.username,
    ownerName: "payments",
    at: timestamp(after(2 * minute)),
    policyDigest: policyDigest(capability),
    ...rest,
  };
  const attestation = ours.signer.attest(decisionStatement(approval, decision, ours.trust.clusterId), {
    credentialId: user.extra?.["authentication.kubernetes.io/credential-id"]?.[0] ?? "",
    member: `user:${user.username}`,
    userInfoDigest: userInfoDigest(user),
  });
  return { ...decision, attestation };
}
