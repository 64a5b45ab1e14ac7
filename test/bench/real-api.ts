import { readFileSync } from "node:fs";
import { agentCapabilities, elevationApprovals, identityOwners, type KindRef } from "../../src/api/kinds.ts";
import type { AgentCapability, ElevationApproval, IdentityOwner } from "../../src/api/types.gen.ts";
import { collectionPath, objectPath } from "../../src/kube/resource.ts";
import { installation, type Installation } from "../builders/installation.ts";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { installBase } from "../control-plane/writ-cluster.ts";
import { approve, namespaceNames, populate, type PopulationSpec } from "./population.ts";
import type { ApiServer } from "./site.ts";

/** Objects are created this many at a time. */
const parallel = 16;

export interface RealApi extends ApiServer {
  readonly stop: () => Promise<void>;
}

/** A real control plane that holds the population, and the identity that the installation gives `writ webhook`. */
export async function startRealApi(spec: PopulationSpec): Promise<RealApi> {
  const cluster = await startControlPlane();
  try {
    await installBase(cluster, ["agents"]);
    await fill(cluster, spec, installation({ clusterId: cluster.clusterId }));
    const token = await cluster.token({ namespace: "writ-system", serviceAccount: "writ-webhook" });
    return {
      server: cluster.server,
      ca: readFileSync(cluster.caFile, "utf8"),
      credentials: { token },
      stop: () => cluster.stop(),
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** Approvals first without decisions, since these bind the uid that the API server gives. */
async function fill(cluster: ControlPlane, spec: PopulationSpec, trust: Installation): Promise<void> {
  const { owners, capabilities, requests } = populate(spec, Date.now(), trust);
  const namespaces = namespaceNames.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }));
  await inParallel(namespaces, (body) => send(cluster, "POST", "/api/v1/namespaces", body));
  // The root owner is part of the installation.
  const added = owners.filter(({ metadata }) => metadata.name !== "cluster");
  await inParallel(added, (owner) => create(cluster, identityOwners, owner));
  await inParallel(capabilities, (capability) => create(cluster, agentCapabilities, capability));
  await inParallel(requests, async (request) => {
    const created = (await create(cluster, elevationApprovals, request)) as ElevationApproval;
    const { namespace, name } = created.metadata;
    await send(cluster, "PUT", objectPath(elevationApprovals, namespace, name), approve(created, capabilities, trust));
  });
}

async function create(
  cluster: ControlPlane,
  kind: KindRef,
  object: IdentityOwner | AgentCapability | ElevationApproval,
): Promise<unknown> {
  const { name, namespace } = object.metadata;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  return send(cluster, "POST", collectionPath(kind, namespace), { ...object, metadata });
}

async function send(cluster: ControlPlane, method: string, path: string, body: unknown): Promise<unknown> {
  const response = await cluster.request(path, { method, body });
  if (response.status >= 300) throw new Error(`${method} ${path}: ${response.status} ${response.text}`);
  return response.json();
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}
