import { agentCapabilities, elevationApprovals, identityOwners, type KindRef } from "../../src/api/kinds.ts";
import type { AgentCapability, ElevationApproval, IdentityOwner } from "../../src/api/types.gen.ts";
import { collectionPath, objectPath } from "../../src/kube/resource.ts";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { namespaceNames, type Population } from "./population.ts";

/** Objects are created this many at a time. */
const parallel = 16;

/** Creates what a population's approvals rest on: namespaces, owners and capabilities. */
export async function createPolicies(cluster: ControlPlane, { owners, capabilities }: Population): Promise<void> {
  await inParallel(namespaceNames, (name) => send(cluster, "POST", "/api/v1/namespaces", { metadata: { name } }));
  // The root owner is part of the installation.
  const added = owners.filter(({ metadata }) => metadata.name !== "cluster");
  await inParallel(added, (owner) => create(cluster, identityOwners, owner));
  await inParallel(capabilities, (capability) => create(cluster, agentCapabilities, capability));
}

/**
 * Creates approvals on an API server that has no webhooks yet: first without decisions, since these bind the uid that
 * it gives, then with those that `decide` adds.
 */
export async function createApproved(
  cluster: ControlPlane,
  requests: readonly ElevationApproval[],
  decide: (created: ElevationApproval) => ElevationApproval,
): Promise<void> {
  await inParallel(requests, async (request) => {
    const created = (await create(cluster, elevationApprovals, request)) as ElevationApproval;
    const { namespace, name } = created.metadata;
    const { decisions } = decide(created).spec;
    // A patch names no version: the operator writes the status of what was just created.
    await send(cluster, "PATCH", objectPath(elevationApprovals, namespace, name), { spec: { decisions } });
  });
}

/** Only name and namespace of the metadata are sent: the rest is the API server's to give. */
export async function create(
  cluster: ControlPlane,
  kind: KindRef,
  object: IdentityOwner | AgentCapability | ElevationApproval,
): Promise<unknown> {
  const { name, namespace } = object.metadata;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return send(cluster, "POST", collectionPath(kind, namespace), { ...object, metadata });
}

export async function send(cluster: ControlPlane, method: string, path: string, body: unknown): Promise<unknown> {
  const headers = method === "PATCH" ? { "content-type": "application/merge-patch+json" } : {};
  const response = await cluster.request(path, { method, body, headers });
  if (response.status >= 300) throw new Error(`${method} ${path}: ${response.status} ${response.text}`);
  return response.json();
}

export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
