/** A counted write as the record has it: its own use, or the same one again. */
export interface CountedWrite {
  readonly object: string;
  readonly use: { readonly ordinal: number } | { readonly repeats: number };
}

export interface UseAccount {
  /** Uses in the counter that no entry has: counted by a replica that died, or answered too late, before the record. */
  readonly unrecorded: readonly number[];
  /** Ordinals that more than one entry claims as its own. */
  readonly doubled: readonly number[];
  /** Ordinals in the record, own or repeated, that the counter has not reached, or that are above the limit. */
  readonly impossible: readonly number[];
}

/** Holds the record of one approval's uses against its counter. Pure. */
export function accountForUses(writes: readonly CountedWrite[], counter: number, maxUses: number): UseAccount {
  const own = new Map<number, number>();
  const impossible: number[] = [];
  for (const { use } of writes) {
    const ordinal = "ordinal" in use ? use.ordinal : use.repeats;
    if (ordinal < 1 || ordinal > Math.min(counter, maxUses)) impossible.push(ordinal);
    if ("ordinal" in use) own.set(ordinal, (own.get(ordinal) ?? 0) + 1);
  }
  return {
    unrecorded: Array.from({ length: counter }, (_, i) => i + 1).filter((ordinal) => !own.has(ordinal)),
    doubled: [...own].filter(([, times]) => times > 1).map(([ordinal]) => ordinal),
    impossible,
  };
}
