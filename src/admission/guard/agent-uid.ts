import type { KubeClient } from "../../kube/client.ts";
import { KubeError } from "../../kube/kube-error.ts";
import { objectPath } from "../../kube/resource.ts";

/** The uid of a service account now; undefined when there is none. Rejects when it cannot be read. */
export type AgentUidLookup = (serviceAccount: {
  readonly namespace: string;
  readonly name: string;
}) => Promise<string | undefined>;

const serviceAccounts = { group: "", version: "v1", plural: "serviceaccounts", namespaced: true } as const;

export function agentUidLookup(client: KubeClient): AgentUidLookup {
  return async ({ namespace, name }) => {
    try {
      const { body } = await client.get(objectPath(serviceAccounts, namespace, name));
      const uid = (body as { readonly metadata?: { readonly uid?: unknown } } | undefined)?.metadata?.uid;
      return typeof uid === "string" ? uid : undefined;
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    }
  };
}
