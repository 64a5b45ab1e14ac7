import type { UserInfo } from "../../decision/admission-request.ts";
import type { KubeClient } from "../../kube/client.ts";

/** Asks the API server whether a user holds the custom verb `claim` on an IdentityOwner. Rejects when it cannot tell. */
export type ClaimReview = (user: UserInfo, ownerName: string) => Promise<boolean>;

/** By SubjectAccessReview (authorization.k8s.io/v1), with everything that is known of the user. */
export function claimReview(client: KubeClient): ClaimReview {
  return async (user, ownerName) => {
    const { body } = await client.request({
      method: "POST",
      path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec: {
          user: user.username,
          uid: user.uid,
          groups: user.groups,
          extra: user.extra,
          resourceAttributes: { group: "writ.dev", resource: "identityowners", name: ownerName, verb: "claim" },
        },
      },
    });
    const status = (body as { readonly status?: { readonly allowed?: unknown } } | undefined)?.status;
    return status?.allowed === true;
  };
}
