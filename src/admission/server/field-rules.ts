export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const isString = (value: unknown): boolean => typeof value === "string";
export const isStrings = (value: unknown): boolean => Array.isArray(value) && value.every(isString);
export const isStringLists = (value: unknown): boolean => isFields(value) && Object.values(value).every(isStrings);
/** A field of the body itself: nothing inherited stands in for one that is absent. */
export const own = (fields: Fields, key: string): unknown => (Object.hasOwn(fields, key) ? fields[key] : undefined);

export interface FieldRule {
  readonly key: string;
  readonly required: boolean;
  readonly holds: (value: unknown) => boolean;
  readonly expected: string;
}

/** The first rule that `fields` break, with the path of the field; undefined when they keep all. */
export const brokenRule = (
  rules: readonly FieldRule[],
  fields: Fields,
  path: string,
): { readonly field: string; readonly expected: string; readonly absent: boolean } | undefined => {
  for (const { key, required, holds, expected } of rules) {
    const value = own(fields, key);
    const field = `${path}.${key}`;
    if (value === undefined ? required : !holds(value)) return { field, expected, absent: value === undefined };
  }
  return undefined;
};
