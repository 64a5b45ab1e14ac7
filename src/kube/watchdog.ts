import type { KubeClock } from "./clock.ts";

/** Why a watch is ended from our side. */
export type WatchdogReason = "silent" | "overlong" | "relist_due";

export interface WatchdogOptions {
  readonly clock: KubeClock;
  /** Ms without a byte after which the link counts as dead. */
  readonly silenceMs: number;
  /** Ms after which the server should long have ended the watch by itself. */
  readonly overlongMs: number;
  /** Ms until the whole collection is to be read again. */
  readonly relistMs: number;
  readonly onFire: (reason: WatchdogReason) => void;
}

export interface Watchdog {
  /** Bytes have come. */
  touch(): void;
  setSilenceLimit(ms: number): void;
  stop(): void;
}

export function startWatchdog(options: WatchdogOptions): Watchdog {
  const { clock, onFire } = options;
  let silenceMs = options.silenceMs;
  let lastBytes = clock.now();
  let cancelSilence = clock.schedule(silenceMs, checkSilence);
  const cancelOverlong = clock.schedule(options.overlongMs, () => onFire("overlong"));
  const cancelRelist = clock.schedule(options.relistMs, () => onFire("relist_due"));

  // Looks again when the remainder is over: cheaper than a new timer for every piece received.
  function checkSilence(): void {
    const remaining = silenceMs - (clock.now() - lastBytes);
    if (remaining <= 0) onFire("silent");
    else cancelSilence = clock.schedule(remaining, checkSilence);
  }

  return {
    touch: () => {
      lastBytes = clock.now();
    },
    setSilenceLimit: (ms) => {
      silenceMs = ms;
      cancelSilence();
      checkSilence();
    },
    stop: () => {
      cancelSilence();
      cancelOverlong();
      cancelRelist();
    },
  };
}
