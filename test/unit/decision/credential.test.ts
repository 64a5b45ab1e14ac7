import { describe, expect, test } from "vitest";
import type { AgentCapabilityCredential, ElevationApprovalCredential } from "../../../src/api/types.gen.ts";
import type { AdmissionRequest, JsonValue } from "../../../src/decision/admission-request.ts";
import { credentialProblem, lifetimeProblem } from "../../../src/decision/credential.ts";
import { botUser } from "../../builders/agents.ts";
import { approval, approvedBy } from "../../builders/approval.ts";
import { defined, editCapability, rule } from "../../builders/capability.ts";
import { denial, judge } from "../../builders/judge.ts";
import { review, writeRequest } from "../../builders/review.ts";
import { scaler } from "../../builders/world.ts";

const podUid = "0000aaaa-0000-4000-8000-000000000001";
const otherPod = "0000bbbb-0000-4000-8000-000000000002";

/** The requests that the API server tells apart; see KEP-4193. */
const callers = {
  "a pod's token": { "credential-id": ["JTI=bot"], "pod-uid": [podUid], "pod-name": ["p"], "node-name": ["n1"] },
  "a token without a pod": { "credential-id": ["JTI=bot"] },
  "a certificate": { "credential-id": ["X509SHA256=00"] },
  "an id of another form": { "credential-id": ["OPAQUE=1"] },
  "an empty id": { "credential-id": [""] },
  "a pod without an id": { "pod-uid": [podUid] },
  "a legacy token": {},
} as const;
type Caller = keyof typeof callers;

function userInfo(caller: Caller): AdmissionRequest["userInfo"] {
  const extra = Object.entries(callers[caller]).map(([key, value]) => [`authentication.kubernetes.io/${key}`, value]);
  return { ...review().userInfo, extra: Object.fromEntries(extra) as Record<string, string[]> };
}

function problem(
  caller: Caller,
  policy: AgentCapabilityCredential | undefined,
  bound: ElevationApprovalCredential | undefined,
): string {
  return credentialProblem(writeRequest({ userInfo: userInfo(caller) }).requester, policy, bound)?.code ?? "none";
}

describe("the id of a credential", () => {
  test.each<[Caller, AgentCapabilityCredential | undefined, string]>([
    ["a pod's token", undefined, "none"],
    ["a token without a pod", undefined, "none"],
    ["a certificate", undefined, "none"],
    ["a legacy token", undefined, "CredentialUnbound"],
    ["a pod without an id", undefined, "CredentialUnbound"],
    ["a legacy token", {}, "CredentialUnbound"],
    ["a legacy token", { bind: "None" }, "CredentialUnbound"],
    ["a pod's token", { requireTokenId: true }, "none"],
    ["a certificate", { requireTokenId: true }, "CredentialUnbound"],
    ["an id of another form", { requireTokenId: true }, "CredentialUnbound"],
    ["an empty id", { requireTokenId: true }, "CredentialUnbound"],
    ["an empty id", undefined, "CredentialUnbound"],
    ["a legacy token", { requireTokenId: true }, "CredentialUnbound"],
    ["a legacy token", { requireTokenId: false }, "none"],
    ["a certificate", { requireTokenId: false }, "none"],
  ])("%s under %j: %s", (caller, policy, expected) => {
    expect(problem(caller, policy, undefined)).toBe(expected);
  });

  test("is absent from impersonated requests, which are refused although nothing pins their uid", () => {
    const spiffe = "spiffe://example.org/bot";
    const { requester } = writeRequest({ userInfo: { username: spiffe, groups: ["writ.dev:agents"] } });
    expect(credentialProblem(requester, undefined, undefined)?.code).toBe("CredentialUnbound");
  });
});

describe("an approval that names a credential", () => {
  test.each<[Caller, AgentCapabilityCredential["bind"], ElevationApprovalCredential | undefined, string]>([
    ["a pod's token", "Token", undefined, "CredentialUnbound"],
    ["a pod's token", "Token", { podUid }, "CredentialUnbound"],
    ["a pod's token", "Token", { tokenId: "JTI=bot" }, "none"],
    ["a pod's token", "Token", { tokenId: "JTI=other" }, "CredentialMismatch"],
    ["a pod's token", "Token", { tokenId: "bot" }, "CredentialMismatch"],
    ["a pod's token", "Pod", undefined, "CredentialUnbound"],
    ["a pod's token", "Pod", { tokenId: "JTI=bot" }, "CredentialUnbound"],
    ["a pod's token", "Pod", { podUid }, "none"],
    ["a pod's token", "Pod", { podUid: otherPod }, "CredentialMismatch"],
    ["a token without a pod", "Pod", { podUid }, "CredentialMismatch"],
    ["a certificate", "Token", { tokenId: "JTI=bot" }, "CredentialMismatch"],
    ["a pod's token", "None", { podUid: otherPod }, "CredentialMismatch"],
    ["a pod's token", undefined, { tokenId: "JTI=other" }, "CredentialMismatch"],
    ["a pod's token", undefined, { tokenId: "JTI=bot", podUid }, "none"],
    ["a pod's token", undefined, { tokenId: "JTI=bot", podUid: otherPod }, "CredentialMismatch"],
    ["a pod's token", undefined, {}, "none"],
  ])("%s, bind %s, approval %j: %s", (caller, bind, bound, expected) => {
    expect(problem(caller, bind === undefined ? undefined : { bind }, bound)).toBe(expected);
  });

  test("counts for it alone even where ids are not required", () => {
    const lax: AgentCapabilityCredential = { requireTokenId: false };
    expect(problem("a legacy token", lax, { tokenId: "JTI=bot" })).toBe("CredentialMismatch");
    expect(problem("a legacy token", lax, { podUid })).toBe("CredentialMismatch");
    expect(problem("a legacy token", { ...lax, bind: "Token" }, undefined)).toBe("CredentialUnbound");
  });
});

describe("the chain", () => {
  const alice = { by: "alice@example.com", ownerName: "payments" };
  const bob = { by: "bob@example.com", ownerName: "platform" };
  const under = (
    credential: AgentCapabilityCredential,
    bound?: ElevationApprovalCredential,
    caller: Caller = "a pod's token",
  ) => {
    const cap = defined(editCapability(scaler, { credential }));
    const asked = approval("bound", bound ? { credential: bound } : {});
    return {
      capabilities: [cap],
      approvals: [approvedBy(asked, cap, alice, bob)],
      review: { userInfo: userInfo(caller) },
    };
  };

  test("allows the pod that was named and no other pod of the account", () => {
    expect(judge(under({ bind: "Pod" }, { podUid })).code).toBe("Approved");
    expect(judge(under({ bind: "Pod" }, { podUid: otherPod })).code).toBe("CredentialMismatch");
  });

  test("tells which credential the approval counts for, and which came", () => {
    const { message } = denial(under({}, { tokenId: "JTI=other" }));
    expect(message).toContain("JTI=other alone");
    expect(message).toContain("came with JTI=bot");
    expect(denial(under({ requireTokenId: true }, undefined, "a certificate")).message).toContain(
      "a client certificate",
    );
  });

  test("takes another approval that the credential does fit", () => {
    const scene = under({}, { tokenId: "JTI=other" });
    const [cap = scaler] = scene.capabilities;
    const fitting = approvedBy(approval("fitting", { credential: { tokenId: "JTI=bot" } }), cap, alice, bob);
    expect(judge({ ...scene, approvals: [...scene.approvals, fitting] })).toMatchObject({
      code: "Approved",
      basis: { approval: { metadata: { name: "fitting" } } },
    });
  });

  test("refuses impersonated requests by the uid first", () => {
    const impersonated = { username: botUser, groups: ["system:authenticated"] };
    expect(judge({ review: { userInfo: impersonated } }).code).toBe("AgentUidMismatch");
  });

  test("refuses a token that would outlive what the capability allows", () => {
    const cap = defined(
      editCapability(scaler, {
        rules: [rule("mint", { operations: ["CREATE"], apiGroups: [""], resources: ["serviceaccounts/token"] })],
        credential: { maxLifetime: "1h" },
      }),
    );
    const scene = { capabilities: [cap], approvals: [approvedBy(approval("mint"), cap, alice, bob)] };
    const asked = (expirationSeconds: number): string =>
      judge({
        ...scene,
        review: {
          operation: "CREATE",
          resource: { group: "", version: "v1", resource: "serviceaccounts" },
          subResource: "token",
          object: { spec: { expirationSeconds } },
          oldObject: null,
        },
      }).code;
    expect(asked(3600)).toBe("Approved");
    expect(asked(3601)).toBe("CredentialUnbound");
  });
});

describe("the life of a token that is asked for", () => {
  const lifetime = (maxLifetime: string | undefined, spec: JsonValue, mods: Partial<AdmissionRequest> = {}): string =>
    lifetimeProblem(
      writeRequest({
        operation: "CREATE",
        resource: { group: "", version: "v1", resource: "serviceaccounts" },
        subResource: "token",
        object: { spec },
        oldObject: null,
        ...mods,
      }),
      maxLifetime === undefined ? undefined : { maxLifetime },
    )?.code ?? "none";
  const pod = { kind: "Pod", apiVersion: "v1", name: "p" };

  test.each<[string | undefined, JsonValue, string]>([
    [undefined, { expirationSeconds: 4294967296 }, "none"],
    ["1h", { expirationSeconds: 600 }, "none"],
    ["1h", { expirationSeconds: 3600 }, "none"],
    ["1h", { expirationSeconds: 3601 }, "CredentialUnbound"],
    ["1h", { expirationSeconds: 4294967296 }, "CredentialUnbound"],
    ["1h", {}, "none"],
    ["30m", {}, "CredentialUnbound"],
    ["1h", null, "none"],
    ["30m", null, "CredentialUnbound"],
    ["1h", { expirationSeconds: null }, "none"],
    ["1h", { expirationSeconds: "600" }, "CredentialUnbound"],
    ["1h", { expirationSeconds: [600] }, "CredentialUnbound"],
    ["2h", { expirationSeconds: 3607 }, "none"],
    ["2h", { expirationSeconds: 3607, boundObjectRef: { kind: "Secret", name: "s" } }, "none"],
    ["2h", { expirationSeconds: 3608, boundObjectRef: pod }, "none"],
    ["2h", { expirationSeconds: 3607, boundObjectRef: pod }, "CredentialUnbound"],
    ["8759h", { expirationSeconds: 3607, boundObjectRef: pod }, "CredentialUnbound"],
    ["8760h", { expirationSeconds: 3607, boundObjectRef: pod }, "none"],
  ])("maxLifetime %s, spec %j: %s", (maxLifetime, spec, expected) => {
    expect(lifetime(maxLifetime, spec)).toBe(expected);
  });

  test("is asked for by serviceaccounts/token of the core group alone", () => {
    const long = { expirationSeconds: 86_400 };
    const resource = { group: "example.com", version: "v1", resource: "serviceaccounts" };
    expect(lifetime("1h", long, { resource })).toBe("none");
    expect(lifetime("1h", long, { subResource: "" })).toBe("none");
  });
});
