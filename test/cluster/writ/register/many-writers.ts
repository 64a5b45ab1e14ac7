import { randomUUID } from "node:crypto";
import { createRegisterWriter } from "../../../../src/admission/guard/register-writer.ts";
import { loadConfiguration } from "../../../../src/config/load-configuration.ts";
import { createKubeClient } from "../../../../src/kube/client.ts";
import { createMetrics } from "../../../../src/telemetry/metrics.ts";
import type { Bench } from "../bench.ts";

export interface Writers {
  /** Announces a change of an object with this uid, as one of three replicas. */
  readonly write: (uid: string) => Promise<void>;
  readonly written: () => number;
  readonly stop: () => Promise<void>;
}

/** The guards of three replicas with the webhook's own identity. */
export async function startWriters(bench: Bench): Promise<Writers> {
  const { kubeconfig = "" } = loadConfiguration(bench.writ.configFile);
  const client = await createKubeClient({ kubeconfig });
  const replicas = Array.from({ length: 3 }, () =>
    createRegisterWriter({ client, systemNamespace: "writ-system", newId: randomUUID, metrics: createMetrics() }),
  );
  let written = 0;
  return {
    write: async (uid) => {
      const replica = replicas[written % replicas.length];
      written += 1;
      await replica?.({
        plural: "elevationapprovals",
        namespace: "payments-prod",
        name: "inc-1234",
        uid,
        change: { kind: "updated", generation: 1 },
        at: Date.now(),
        call: randomUUID(),
      });
    },
    written: () => written,
    stop: () => client.close(),
  };
}
