import { readRegister, registerName } from "../api/register/content.ts";
import type { RegisterContent } from "../api/register/content.ts";
import { isContinuous, rememberRegister } from "../api/register/continuity.ts";
import type { RegisterMemory } from "../api/register/continuity.ts";
import type { Intent } from "../api/register/intent.ts";
import type { KubeClient } from "../kube/client.ts";
import { describeError } from "../kube/telemetry.ts";
import type { KubeLog } from "../kube/telemetry.ts";
import { configMaps, objectPath } from "../kube/resource.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { coalesce } from "./coalesce.ts";
import { classifyReadError, skewOf } from "./read-outcome.ts";

/** Why the register proves nothing, so that everything that a verdict rests on must be read. */
export type RegisterGap =
  /** It could not be read. */
  | "unreadable"
  | "missing"
  /** It is or was missing, or is another one than before, less than ten minutes ago. */
  | "replaced"
  /** It says that intents are missing, or holds what no guard writes. */
  | "incomplete";

/** The register as it was read after the call. */
export interface RegisterReading {
  readonly intents: readonly Intent[];
  /** Absent: every change admitted in the last ten minutes is among the intents. */
  readonly gap: RegisterGap | undefined;
  /** How far the API server's clock was from ours, in milliseconds; 0 where nothing was read. */
  readonly clockSkew: number;
}

/**
 * Reads the revocation register by a GET that begins after the call; calls that wait for one share it, whoever they are
 * for. To be called once before the caches are filled, so that it is known later which register was there then. Never
 * rejects.
 */
export type RegisterReader = () => Promise<RegisterReading>;

export interface RegisterReaderOptions {
  readonly client: KubeClient;
  readonly systemNamespace: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly clock: () => number;
  /** Milliseconds; only differences mean something. */
  readonly monotonic: () => number;
  readonly metrics: Metrics;
  readonly log: KubeLog;
}

export function createRegisterReader(options: RegisterReaderOptions): RegisterReader {
  const { client, clock, monotonic, metrics, log } = options;
  const path = objectPath(configMaps, options.systemNamespace, registerName);
  const parse = rememberingParser();
  let memory: RegisterMemory | undefined;

  const read = async (): Promise<RegisterReading> => {
    try {
      const { body, serverDate } = await client.get(path);
      metrics.liveReads.inc({ object: "register", result: "ok" });
      const content = parse(body);
      if (!content) return unreadable();
      memory = rememberRegister(memory, content.uid, monotonic());
      return { intents: content.intents, gap: gapOf(content, memory), clockSkew: skewOf(serverDate, clock()) };
    } catch (error) {
      const result = classifyReadError(error);
      metrics.liveReads.inc({ object: "register", result });
      if (result !== "not-found") {
        log.warn({ error: describeError(error) }, "the revocation register could not be read");
        return unreadable();
      }
      memory = rememberRegister(memory, undefined, monotonic());
      return nothing("missing");
    }
  };
  /** Which register was there is not known, so the first that is seen may have taken the place of another. */
  const unreadable = (): RegisterReading => {
    memory ??= rememberRegister(memory, undefined, monotonic());
    return nothing("unreadable");
  };
  const gapOf = (content: RegisterContent, known: RegisterMemory): RegisterGap | undefined => {
    if (!content.complete) return "incomplete";
    return isContinuous(known, monotonic()) ? undefined : "replaced";
  };
  const shared = coalesce(read);
  return () => shared("");
}

function nothing(gap: RegisterGap): RegisterReading {
  return { intents: [], gap, clockSkew: 0 };
}

/** The register changes less often than it is read: the same version is not parsed again. */
function rememberingParser(): (body: unknown) => RegisterContent | undefined {
  let last: { readonly version: string; readonly content: RegisterContent | undefined } | undefined;
  return (body) => {
    const { uid, resourceVersion } =
      (body as { metadata?: { uid?: unknown; resourceVersion?: unknown } }).metadata ?? {};
    const version = `${String(uid)} ${String(resourceVersion)}`;
    if (last?.version !== version) last = { version, content: readRegister(body) };
    return last.content;
  };
}
