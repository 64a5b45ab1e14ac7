import { parseDuration } from "../api/duration.ts";
import type { AgentCapabilityCredential, ElevationApprovalCredential } from "../api/types.gen.ts";
import type { ReasonCode } from "./reason.ts";
import type { JsonObject } from "./admission-request.ts";
import { asObject, own, ownText } from "./json.ts";
import type { Requester, WriteRequest } from "./write-request.ts";

export interface CredentialProblem {
  readonly code: Extract<ReasonCode, "CredentialUnbound" | "CredentialMismatch">;
  readonly message: string;
}

/**
 * Whether the credential of a request is one that capability and approval accept. A credential id is evidence of which
 * credential was used, no proof of who holds it. Without any policy an id is asked for all the same: legacy tokens and
 * impersonated requests have none (KEP-4193).
 */
export function credentialProblem(
  requester: Requester,
  policy: AgentCapabilityCredential | undefined,
  bound: ElevationApprovalCredential | undefined,
): CredentialProblem | undefined {
  const id = requester.credentialId;
  if (id === undefined && policy?.requireTokenId !== false) {
    return unbound("the credential of this request has no id, as legacy tokens and impersonated requests have none");
  }
  if (policy?.requireTokenId === true && !id?.startsWith("JTI=")) {
    return unbound(`the capability asks for a token with an id, and this request came with ${kindOf(id)}`);
  }
  const { tokenId, podUid } = bound ?? {};
  if (policy?.bind === "Token" && tokenId === undefined) {
    return unbound(
      "the capability binds approvals to one token, and the approval names none in spec.credential.tokenId",
    );
  }
  if (policy?.bind === "Pod" && podUid === undefined) {
    return unbound("the capability binds approvals to one pod, and the approval names none in spec.credential.podUid");
  }
  if (tokenId !== undefined && tokenId !== id) {
    return mismatch(`it counts for the credential ${tokenId} alone, and this request came with ${id ?? "none"}`);
  }
  if (podUid !== undefined && podUid !== requester.podUid) {
    return mismatch(
      `it counts for the pod ${podUid} alone, and this request came from ${requester.podUid ?? "no pod"}`,
    );
  }
  return undefined;
}

/**
 * Admission learns a token's life only when it is asked for (authentication.k8s.io/v1 TokenRequest): one that an agent
 * asks for must not outlive what its capability allows. Absent seconds are the API server's default of an hour.
 */
export function lifetimeProblem(
  { target, operation, object }: WriteRequest,
  policy: AgentCapabilityCredential | undefined,
): CredentialProblem | undefined {
  const longest = policy?.maxLifetime === undefined ? undefined : parseDuration(policy.maxLifetime);
  const isTokenRequest = target.group === "" && target.resource === "serviceaccounts" && target.subresource === "token";
  if (longest === undefined) return undefined;
  if (target.resource === "secrets" && ownText(object, "type") === "kubernetes.io/service-account-token") {
    return unbound(
      `the capability allows tokens of at most ${policy?.maxLifetime ?? ""}, and that of a Secret never ends`,
    );
  }
  if (!isTokenRequest || operation !== "CREATE") return undefined;
  const spec = asObject(own(object, "spec"));
  const asked = own(spec, "expirationSeconds") ?? 3600;
  const seconds = asked === extendedWhenAsked && isForPod(spec) ? extendedLife : asked;
  if (typeof seconds === "number" && seconds * 1000 <= longest) return undefined;
  return unbound(
    `the capability allows tokens of at most ${policy?.maxLifetime ?? ""}, and this one is to live ${JSON.stringify(seconds)} s`,
  );
}

/**
 * A Pod's token of exactly this many seconds lives for a year instead, unless the API server runs with
 * `--service-account-extend-token-expiration=false`, which admission cannot know (WarnOnlyBoundTokenExpirationPeriod in
 * kubernetes/pkg/serviceaccount).
 */
const extendedWhenAsked = 3607;
const extendedLife = 365 * 24 * 3600;

function isForPod(spec: JsonObject | undefined): boolean {
  return own(asObject(own(spec, "boundObjectRef")), "kind") === "Pod";
}

function kindOf(id: string | undefined): string {
  return id?.startsWith("X509SHA256=") ? "a client certificate" : "none";
}

function unbound(message: string): CredentialProblem {
  return { code: "CredentialUnbound", message };
}

function mismatch(message: string): CredentialProblem {
  return { code: "CredentialMismatch", message };
}
