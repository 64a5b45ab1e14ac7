/** Times in ms unless named otherwise. The defaults suit production; tests make them small. */
export interface ReflectorLimits {
  /** `timeoutSeconds` of a watch is drawn from this range, so that watches do not all end together. */
  readonly watchSeconds: readonly [min: number, max: number];
  /** Beyond `timeoutSeconds`, after which a watch that the server has not ended is cut. */
  readonly killAfter: number;
  /** Without a byte: two bookmarks, which come about every minute, and some slack. */
  readonly silence: number;
  /** Without an event or a bookmark, after which what the store holds may be older than anybody accounts for. */
  readonly unheard: number;
  /** Without a byte while the initial events are awaited, and for one page of a list. */
  readonly initialSilence: number;
  /** Between two reads of the whole collection; each is up to a fifth earlier, at random. */
  readonly relist: number;
  /** Without a watch, after which the store no longer counts as synced. */
  readonly lost: number;
  readonly backoffInitial: number;
  /** Small, since a dead watch after an API server's restart must be back within 30 s. */
  readonly backoffMax: number;
  readonly healthy: number;
  readonly pageSize: number;
}

export const defaultReflectorLimits: ReflectorLimits = {
  watchSeconds: [300, 600],
  killAfter: 5_000,
  silence: 150_000,
  unheard: 180_000,
  initialSilence: 30_000,
  relist: 600_000,
  lost: 30_000,
  backoffInitial: 800,
  backoffMax: 10_000,
  healthy: 120_000,
  pageSize: 500,
};
