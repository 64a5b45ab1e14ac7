import { same } from "./oracle-effects.ts";

type Json = unknown;

/** What the API server writes by itself in every update. */
const managed = ["managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];

/**
 * Whether two objects differ in these fields alone, told without looking for differences: what may change is cut out of
 * both, and the rest must be the same. Objects and lists that are empty, or become so, count as absent.
 */
export function differWithin(fields: readonly string[], before: Json, after: Json): boolean {
  const cuts = [...fields, ...managed.map((name) => `metadata.${name}`)].map(
    (field) => field.match(/\[[^\]]*\]|[^.[]+/g) ?? [],
  );
  const rest = (object: Json): Json => cuts.reduce<Json>(without, object);
  return same(pruned(rest(before)), pruned(rest(after)));
}

function without(value: Json, steps: readonly string[]): Json {
  const [step, ...more] = steps;
  if (step === undefined || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) {
    const [key, wanted] = step.slice(1, -1).split("=");
    return value.flatMap((item: Json) => {
      const isMeant = Object.entries(item ?? {}).some(([name, one]) => name === key && one === wanted);
      if (!isMeant) return [item];
      return more.length === 0 ? [] : [without(item, more)];
    });
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => {
      if (name !== step) return [[name, inner as Json]];
      return more.length === 0 ? [] : [[name, without(inner, more)]];
    }),
  );
}

function pruned(value: Json): Json {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(pruned);
  const members = Object.entries(value)
    .map(([name, inner]) => [name, pruned(inner)] as const)
    .filter(([, inner]) => inner !== undefined);
  return members.length === 0 ? undefined : Object.fromEntries(members);
}
