import { intentLife } from "./continuity.ts";

/** A value of the register and when it was first seen there. */
export interface Sighting {
  readonly value: string;
  /** A monotonic clock, milliseconds. */
  readonly seenAt: number;
}

export type Sightings = ReadonlyMap<string, Sighting>;

/**
 * Notes what the register holds now. A value seen for the first time counts from now, also under a key that was there
 * before: it is another intent. Times that guards wrote are not looked at, since their clocks may be wrong.
 */
export function sightEntries(
  known: Sightings,
  entries: readonly (readonly [key: string, value: string])[],
  now: number,
): Sightings {
  return new Map(
    entries.map(([key, value]) => {
      const before = known.get(key);
      return [key, before?.value === value ? before : { value, seenAt: now }];
    }),
  );
}

/** Entries that have been seen for as long as an intent matters, whoever wrote them. */
export function prunable(sightings: Sightings, now: number): readonly (readonly [key: string, value: string])[] {
  return [...sightings].flatMap(([key, { value, seenAt }]) =>
    now - seenAt >= intentLife ? [[key, value] as const] : [],
  );
}

/**
 * The JSON Patch (RFC 6902) that removes entries of one register if each still has its value, and nothing otherwise: a
 * guard may have written the key anew since it was read.
 */
export function pruningPatch(
  uid: string,
  entries: readonly (readonly [key: string, value: string])[],
): readonly object[] {
  const pointer = (key: string): string => `/data/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  return [
    { op: "test", path: "/metadata/uid", value: uid },
    ...entries.flatMap(([key, value]) => [
      { op: "test", path: pointer(key), value },
      { op: "remove", path: pointer(key) },
    ]),
  ];
}
