import { readRegister, registerEntries, registerName } from "../api/register/content.ts";
import { prunable, pruningPatch, sightEntries } from "../api/register/pruning.ts";
import type { Sightings } from "../api/register/pruning.ts";
import type { KubeClient } from "../kube/client.ts";
import { type KubeClock, sleep } from "../kube/clock.ts";
import { KubeError } from "../kube/kube-error.ts";
import { configMaps, objectPath } from "../kube/resource.ts";
import { describeError } from "../kube/telemetry.ts";
import type { KubeLog } from "../kube/telemetry.ts";

export interface RegisterPrunerOptions {
  readonly client: KubeClient;
  readonly systemNamespace: string;
  readonly clock: KubeClock;
  readonly log: KubeLog;
}

export interface RegisterPruner {
  readonly stop: () => Promise<void>;
}

/** Often enough that the register holds little that is older than it need be. */
const interval = 60_000;

/**
 * Takes entries out of the revocation register once this process has seen them for ten minutes. It forgets what it has
 * seen when it ends, so entries stand longer then; several processes may do it at once.
 */
export function startRegisterPruner(options: RegisterPrunerOptions): RegisterPruner {
  const { client, clock, log } = options;
  const path = objectPath(configMaps, options.systemNamespace, registerName);
  const abort = new AbortController();
  const { signal } = abort;
  let sightings: Sightings = new Map();

  async function prune(): Promise<void> {
    const { body } = await client.get(path, { signal });
    const uid = readRegister(body)?.uid;
    const entries = registerEntries(body);
    if (uid === undefined || !entries) throw new Error("the revocation register is no ConfigMap");
    sightings = sightEntries(sightings, entries, clock.now());
    const old = prunable(sightings, clock.now());
    if (old.length === 0) return;
    await client.request({
      method: "PATCH",
      path,
      query: { fieldManager: "writ-operator" },
      contentType: "application/json-patch+json",
      body: pruningPatch(uid, old),
      signal,
    });
    log.info({ entries: old.length }, "old entries taken out of the revocation register");
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        await prune();
      } catch (error) {
        // The guard makes it when it is needed.
        const missing = error instanceof KubeError && error.status === 404;
        if (!missing && !signal.aborted) {
          log.warn({ error: describeError(error) }, "the revocation register could not be pruned");
        }
      }
      await sleep(clock, interval, signal);
    }
  }

  const running = run();
  return {
    stop: async () => {
      abort.abort();
      await running;
    },
  };
}
