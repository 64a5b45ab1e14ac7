/** All test objects are created at this instant; `after` counts from it. */
export const created = Date.parse("2026-06-01T12:00:00Z");

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;

/** The instant so many milliseconds after creation. */
export function after(milliseconds: number): number {
  return created + milliseconds;
}

export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
