import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { agentCapabilities, elevationApprovals, identityOwners } from "../../api/kinds.ts";
import type { AgentCapability, ElevationApproval, IdentityOwner } from "../../api/types.gen.ts";
import { createKubeClientFrom } from "../../kube/client.ts";
import { loadConnection } from "../../kube/kube-config.ts";
import { listAll } from "../../kube/paged-list.ts";
import { collectionPath, objectPath } from "../../kube/resource.ts";
import type { KubeObject, ResourceRef } from "../../kube/resource.ts";
import type { ConnectionOptions } from "./options.ts";

/** Whom the API server takes us for (authentication.k8s.io/v1 SelfSubjectReview). */
export interface WhoAmI {
  readonly username: string;
  readonly groups: readonly string[];
}

/** The cluster as the caller may see it. Everything throws a KubeError when it cannot be had. */
export interface Cluster {
  readonly server: string;
  /** The context's default namespace. */
  readonly namespace: string;
  readonly approval: (namespace: string, name: string) => Promise<ElevationApproval>;
  readonly capability: (name: string) => Promise<AgentCapability>;
  readonly owner: (name: string) => Promise<IdentityOwner>;
  readonly owners: () => Promise<readonly IdentityOwner[]>;
  readonly whoAmI: () => Promise<WhoAmI>;
  /** The uid of the namespace kube-system. */
  readonly clusterId: () => Promise<string>;
  readonly serviceAccountUid: (namespace: string, name: string) => Promise<string>;
  /** JSON Merge Patch (RFC 7396) without a resourceVersion; gives the object as it is then. */
  readonly patchApproval: (namespace: string, name: string, patch: object) => Promise<ElevationApproval>;
  readonly close: () => Promise<void>;
}

const namespaces: ResourceRef = { group: "", version: "v1", plural: "namespaces", namespaced: false };
const serviceAccounts: ResourceRef = { group: "", version: "v1", plural: "serviceaccounts", namespaced: true };
const selfReviews: ResourceRef = {
  group: "authentication.k8s.io",
  version: "v1",
  plural: "selfsubjectreviews",
  namespaced: false,
};

/** Reads the kubeconfig as kubectl does; opens no connection yet. */
export async function openCluster({ kubeconfig, context, timeoutMs }: ConnectionOptions): Promise<Cluster> {
  const connection = await loadConnection({
    kubeconfig: kubeconfig ?? kubeconfigFiles(process.env),
    ...(context === undefined ? {} : { context }),
  });
  const client = await createKubeClientFrom(connection, { userAgent: "kubectl-writ", timeoutMs });
  const get = async <T>(resource: ResourceRef, namespace: string | undefined, name: string): Promise<T> =>
    (await client.get(objectPath(resource, namespace, name))).body as T;
  const uidOf = async (resource: ResourceRef, namespace: string | undefined, name: string): Promise<string> =>
    (await get<KubeObject>(resource, namespace, name)).metadata.uid ?? "";
  return {
    server: connection.server,
    namespace: connection.namespace ?? "default",
    approval: (namespace, name) => get(elevationApprovals, namespace, name),
    capability: (name) => get(agentCapabilities, undefined, name),
    owner: (name) => get(identityOwners, undefined, name),
    owners: async () => {
      const signal = AbortSignal.timeout(timeoutMs);
      const { objects } = await listAll({ client, resource: identityOwners, pageSize: 500, timeoutMs, signal });
      return objects as readonly unknown[] as readonly IdentityOwner[];
    },
    whoAmI: async () => {
      const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
      const answer = await client.request({ method: "POST", path: collectionPath(selfReviews), body });
      const { username = "", groups = [] } = (answer.body as SelfSubjectReview).status?.userInfo ?? {};
      return { username, groups };
    },
    clusterId: () => uidOf(namespaces, undefined, "kube-system"),
    serviceAccountUid: (namespace, name) => uidOf(serviceAccounts, namespace, name),
    patchApproval: async (namespace, name, body) => {
      const answer = await client.request({
        method: "PATCH",
        path: objectPath(elevationApprovals, namespace, name),
        query: { fieldManager: "kubectl-writ" },
        contentType: "application/merge-patch+json",
        body,
      });
      return answer.body as ElevationApproval;
    },
    close: () => client.close(),
  };
}

interface SelfSubjectReview {
  readonly status?: { readonly userInfo?: { readonly username?: string; readonly groups?: readonly string[] } };
}

/** What kubectl reads when no file is named. */
function kubeconfigFiles(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((file) => file !== "");
  return listed.length > 0 ? listed : [join(homedir(), ".kube", "config")];
}
