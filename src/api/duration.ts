const unit = { h: 3_600_000, m: 60_000, s: 1000 } as const;

/**
 * Milliseconds of a duration such as `1h30m` (Go's time.ParseDuration, of which the kinds allow hours, minutes and
 * seconds as whole numbers). Undefined if it is none.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/.exec(text);
  if (!match || text === "") return undefined;
  const [, hours, minutes, seconds] = match;
  return Number(hours ?? 0) * unit.h + Number(minutes ?? 0) * unit.m + Number(seconds ?? 0) * unit.s;
}

/** Milliseconds as a duration of whole seconds, the largest units first: `1h30m`, `0s`. */
export function formatDuration(milliseconds: number): string {
  const total = Math.max(0, Math.round(milliseconds / 1000));
  const parts = [
    [Math.floor(total / 3600), "h"],
    [Math.floor((total % 3600) / 60), "m"],
    [total % 60, "s"],
  ] as const;
  return (
    parts
      .filter(([n]) => n > 0)
      .map(([n, u]) => `${n}${u}`)
      .join("") || "0s"
  );
}
