import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import type { ControlPlane } from "../../control-plane/control-plane.ts";
import { renderWebhooks, type InstallValues } from "../../control-plane/manifests.ts";
import { callsGate } from "../../control-plane/writ-cluster.ts";
import { send } from "../fill.ts";

/** Installs Writ's webhook configurations and removes them; each returns when the API server does as they say. */
export interface WebhookSwitch {
  readonly on: () => Promise<void>;
  readonly off: () => Promise<void>;
}

interface Configuration {
  readonly kind: "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration";
  readonly metadata: { readonly name: string };
}

const timeout = 10_000;

export function webhookSwitch(cluster: ControlPlane, values: InstallValues): WebhookSwitch {
  const configurations = parseAllDocuments(renderWebhooks(values)).map((document) => document.toJS() as Configuration);
  const collection = ({ kind }: Configuration): string =>
    `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}s`;
  const until = async (isCalled: boolean): Promise<void> => {
    const deadline = performance.now() + timeout;
    while ((await callsGate(cluster, values.agentNamespaces[0])) !== isCalled) {
      if (performance.now() > deadline) {
        throw new Error(`the API server ${isCalled ? "does not call" : "still calls"} the gate after ${timeout} ms`);
      }
      await sleep(5);
    }
  };
  return {
    on: async () => {
      for (const configuration of configurations) await send(cluster, "POST", collection(configuration), configuration);
      await until(true);
    },
    off: async () => {
      for (const configuration of configurations) {
        await send(cluster, "DELETE", `${collection(configuration)}/${configuration.metadata.name}`, undefined);
      }
      await until(false);
    },
  };
}
