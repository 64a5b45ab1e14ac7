/** What this module logs with; a pino logger fits. Fields never hold object bodies or credentials. */
export interface KubeLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * Everything that is counted here. Labels: `resource` (plural and group of the kind) where one is
 * known, and `outcome` or `reason` with a small closed set of values.
 */
type KubeEvent =
  | "call" // outcome: ok | refused | failed
  | "call_retried"
  | "agents_rebuilt" // reason: rotation | suspicion
  | "credentials_unreadable"
  | "list" // outcome: ok | failed
  | "list_expired"
  | "relist_healed" // a periodic relist found the store wrong: an event had been missed
  | "watch_started"
  | "watch_ended" // reason: closed | expired | error_event | malformed | silent | overlong | failed
  | "watch_event"
  | "sync_lost"
  | "listener_failed"
  | "queue_failed";

export interface KubeMetrics {
  count(event: KubeEvent, labels?: Readonly<Record<string, string>>): void;
}

export const silentLog: KubeLog = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export const noMetrics: KubeMetrics = { count: () => undefined };

/** A short description of anything thrown, for a log line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return `${error.message}${cause}`.slice(0, 1024);
}
