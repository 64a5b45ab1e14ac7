import type { AdmissionRequest } from "../../src/decision/admission-request.ts";
import { normalise } from "../../src/decision/write-request.ts";
import type { WriteRequest } from "../../src/decision/write-request.ts";
import { botUid, botUser } from "./agents.ts";

/** What the API server sends when `bot` updates the deployment payments-prod/web with its bound token. */
export function review(mods: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    uid: "4e7e1f00-0000-4000-8000-000000000000",
    kind: { group: "apps", version: "v1", kind: "Deployment" },
    resource: { group: "apps", version: "v1", resource: "deployments" },
    name: "web",
    namespace: "payments-prod",
    operation: "UPDATE",
    userInfo: {
      username: botUser,
      uid: botUid,
      groups: ["system:serviceaccounts", "system:serviceaccounts:agents", "system:authenticated"],
      extra: { "authentication.kubernetes.io/credential-id": ["JTI=bot"] },
    },
    object: { metadata: { name: "web", namespace: "payments-prod", uid: "web-uid", resourceVersion: "7" } },
    oldObject: { metadata: { name: "web", namespace: "payments-prod", uid: "web-uid", resourceVersion: "7" } },
    dryRun: false,
    ...mods,
  };
}

/** The same, normalised. */
export function writeRequest(mods: Partial<AdmissionRequest> = {}): WriteRequest {
  return normalise(review(mods));
}
