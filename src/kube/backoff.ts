export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** A healthy period of this length forgets all earlier failures. */
  readonly resetAfterMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** A server that asks for more than this would leave us blind on its word alone. */
const maxRetryAfterMs = 60_000;

/** Spaces attempts out. It outlives connections: only a healthy period resets it, never a mere success. */
export interface Backoff {
  /**
   * Ms to wait before the next attempt. `healthyForMs` is how long the last one lasted and counts
   * toward the wait, so that a link which is cut every minute is taken up again at once. Never
   * shorter than what the server asked for (up to a minute).
   */
  next(healthyForMs: number, retryAfterSeconds?: number): number;
}

export function createBackoff(options: BackoffOptions): Backoff {
  let failures = 0;
  return {
    next: (healthyForMs, retryAfterSeconds = 0) => {
      if (healthyForMs >= options.resetAfterMs) failures = 0;
      const full = Math.min(options.maxMs, options.initialMs * 2 ** Math.min(failures, 30));
      failures += 1;
      const jittered = full * (0.5 + options.random() / 2);
      return Math.max(0, jittered - healthyForMs, Math.min(retryAfterSeconds * 1000, maxRetryAfterMs));
    },
  };
}
