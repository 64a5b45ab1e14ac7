/** What is wrong with a schema. `pointer` (RFC 6901) leads from the root of the schema to the offending place. */
export interface SchemaProblem {
  readonly pointer: string;
  readonly message: string;
}

/** Names and positions that lead from the root to a place. */
export type Place = readonly string[];

export function problemAt(place: Place, message: string): SchemaProblem {
  return { pointer: formatPointer(place), message };
}

/** RFC 6901, sections 3 and 4. */
export function formatPointer(place: Place): string {
  return place.map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** The names of a pointer that is known to be well-formed. */
export function pointerNames(pointer: string): Place {
  return pointer
    .split("/")
    .slice(1)
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
}
