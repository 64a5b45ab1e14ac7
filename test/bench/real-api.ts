import { readFileSync } from "node:fs";
import { installation, type Installation } from "../builders/installation.ts";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { installBase } from "../control-plane/writ-cluster.ts";
import { createApproved, createPolicies } from "./fill.ts";
import { approve, populate, type PopulationSpec } from "./population.ts";
import type { ApiServer } from "./site.ts";

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

async function fill(cluster: ControlPlane, spec: PopulationSpec, trust: Installation): Promise<void> {
  const population = populate(spec, Date.now(), trust);
  await createPolicies(cluster, population);
  await createApproved(cluster, population.requests, (created) => approve(created, population.capabilities, trust));
}
