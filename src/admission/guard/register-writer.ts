import { incompleteKey, isFull, registerName } from "../../api/register/content.ts";
import { intentEntry } from "../../api/register/intent.ts";
import type { Intent, IntentEntry } from "../../api/register/intent.ts";
import type { KubeClient, KubeRequest } from "../../kube/client.ts";
import { KubeError } from "../../kube/kube-error.ts";
import { configMaps, objectPath } from "../../kube/resource.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { coalesce } from "../coalesce.ts";

/**
 * Makes an intent durable in the revocation register; rejects when it cannot be said that it is. Intents of one process
 * that come while a write is under way share the next one.
 */
export type RegisterWriter = (intent: Intent) => Promise<void>;

export interface RegisterWriterOptions {
  readonly client: KubeClient;
  readonly systemNamespace: string;
  /** Gives values that no other write of the key `incomplete` has. */
  readonly newId: () => string;
  readonly metrics: Metrics;
}

const attempts = 4;
/** The API server waits 5 s for the guard, and one lost connection must leave time for another attempt. */
const timeoutMs = 1000;
/** Under one name at every replica, so that an apply is never taken for the removal of what another applied. */
const fieldManager = "writ-register";

/**
 * Each intent is a key of its own, and nothing is compared before it is written: no busy writer can starve or refuse
 * another's revocation, and none overwrites a newer intent with an older one.
 */
export function createRegisterWriter(options: RegisterWriterOptions): RegisterWriter {
  const { client, newId, metrics } = options;
  const path = objectPath(configMaps, options.systemNamespace, registerName);
  let waiting: readonly IntentEntry[] = [];
  /** What the last answer said. */
  let full = false;

  const send = async (request: Omit<KubeRequest, "path" | "timeoutMs">): Promise<unknown> =>
    (await client.request({ ...request, path, timeoutMs })).body;

  const add = (entries: readonly IntentEntry[]): Promise<unknown> =>
    send({
      method: "PATCH",
      contentType: "application/merge-patch+json",
      query: { fieldManager: "writ-webhook" },
      // A key may not stand in both, so nobody can keep ours out by putting it there.
      body: { data: Object.fromEntries(entries.map(({ key, value }) => [key, value])), binaryData: null },
    });
  /** `incomplete` stands for the intents that go and for the one that asked. */
  const empty = (): Promise<unknown> =>
    send({
      method: "PATCH",
      contentType: "application/json-patch+json",
      query: { fieldManager: "writ-webhook" },
      body: [
        { op: "add", path: "/data", value: { [incompleteKey]: newId() } },
        { op: "add", path: "/binaryData", value: null },
      ],
    });
  /** By apply, which is authorised by name. A register that was lost has taken intents along. */
  const create = (): Promise<unknown> =>
    send({
      method: "PATCH",
      contentType: "application/apply-patch+yaml",
      query: { fieldManager, force: true },
      body: {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: registerName, labels: { "app.kubernetes.io/part-of": "writ" } },
        data: { [incompleteKey]: newId() },
      },
    });

  const persist = async (entries: readonly IntentEntry[]): Promise<void> => {
    let durable = false;
    for (let attempt = 1; ; attempt++) {
      const emptying = full;
      try {
        full = isFull(await (emptying ? empty() : add(entries)));
        durable = true;
        metrics.registerWrites.inc({ result: emptying ? "emptied" : "ok" });
        if (emptying || !full) return;
      } catch (error) {
        if (durable) return;
        if (attempt === attempts) throw error;
        switch (cureOf(error)) {
          case "again":
            break;
          case "empty":
            full = true;
            break;
          case "create":
            await create();
            metrics.registerWrites.inc({ result: "created" });
            break;
          case "none":
            throw error;
        }
      }
    }
  };
  const write = coalesce(async () => {
    const entries = waiting;
    waiting = [];
    try {
      await persist(entries);
    } catch (error) {
      metrics.registerWrites.inc({ result: "error" });
      throw error;
    }
  });
  return async (intent) => {
    const entry = intentEntry(intent);
    waiting = [...waiting, entry];
    return write("");
  };
}

/** What may help after a failed write. A write whose answer was lost is repeated: it does the same again. */
function cureOf(error: unknown): "again" | "create" | "empty" | "none" {
  if (!(error instanceof KubeError)) return "none";
  switch (error.status) {
    case 404:
      return "create";
    // Somebody filled it beyond what a ConfigMap holds, or put there what no ConfigMap may hold.
    case 413:
    case 422:
      return "empty";
    // Two writers met five times in a row inside the API server, or it sheds load.
    case 409:
    case 429:
      return "again";
    default:
      return error.status === 0 || error.status >= 500 ? "again" : "none";
  }
}
