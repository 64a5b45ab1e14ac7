/** What the API server waits when it names no timeout (k8s.io/api/admissionregistration/v1). */
const defaultTimeout = 10_000;
/** Longest timeout that a webhook configuration may ask for. */
const maximumTimeout = 30_000;

const unitMilliseconds: ReadonlyMap<string, number> = new Map([
  ["ns", 1e-6],
  ["us", 1e-3],
  ["µs", 1e-3],
  ["μs", 1e-3],
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

const component = /(\d{1,12}(?:\.\d{0,12})?|\.\d{1,12})(ns|us|µs|μs|ms|s|m|h)/y;

/** Milliseconds of a Go duration (`time.ParseDuration`, unsigned), or undefined when it is none. */
const parseDuration = (text: string): number | undefined => {
  if (text.length === 0 || text.length > 64) return undefined;
  let total = 0;
  let position = 0;
  while (position < text.length) {
    component.lastIndex = position;
    const match = component.exec(text);
    if (match === null) return undefined;
    total += Number(match[1]) * (unitMilliseconds.get(match[2] ?? "") ?? Number.NaN);
    position = component.lastIndex;
  }
  return Number.isFinite(total) ? total : undefined;
};

/**
 * Milliseconds that the API server waits, from the query `timeout` of the URL that it called (`5s`, `500ms`, `1m30s`).
 * Absent, unreadable, zero, negative or repeated values count as the default of 10 s, and none exceeds 30 s: an answer
 * that comes too late is refused by the API server anyway, so a wrong value cannot turn a denial into an allow.
 */
export const callTimeout = (query: string): number => {
  const values = new URLSearchParams(query).getAll("timeout");
  const parsed = values.length === 1 ? parseDuration(values[0] ?? "") : undefined;
  return parsed === undefined || parsed <= 0 ? defaultTimeout : Math.min(parsed, maximumTimeout);
};
