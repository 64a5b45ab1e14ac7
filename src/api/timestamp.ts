/**
 * Milliseconds since the epoch of an RFC 3339 date-time, or undefined. Date.parse alone would take other forms,
 * the hour 24 among them, and roll impossible days over, so a value that moved its calendar day is refused.
 */
export function parseTimestamp(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d{4})-(\d{2})-(\d{2})T(?:[01]\d|2[0-3]):\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/.exec(text);
  if (!match) return undefined;
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) return undefined;
  const day = new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])));
  if (day.getUTCMonth() !== Number(match[2]) - 1) return undefined;
  return milliseconds;
}

/** RFC 3339 in UTC with milliseconds, as decisions and records carry it. */
export function formatTimestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** RFC 3339 in UTC with whole seconds, never later than the instant: the form of Kubernetes' own times (metav1.Time). */
export function formatSeconds(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
