/**
 * How much there is to judge in a JSON value: its scalars, objects, lists and names, long strings for as many values as
 * they take time. Stops counting beyond `limit`.
 */
export function countValues(root: unknown, limit: number): number {
  const pending: unknown[] = [root];
  let count = 0;
  while (pending.length > 0 && count <= limit) {
    const value = pending.pop();
    count += 1;
    if (typeof value === "string") {
      count += textValues(value);
    } else if (Array.isArray(value)) {
      // Before its entries are pushed: a list of millions need not be held twice.
      if (count + value.length > limit) return count + value.length;
      for (let index = 0; index < value.length; index += 1) pending.push(value[index]);
    } else if (typeof value === "object" && value !== null) {
      const object = value as Readonly<Record<string, unknown>>;
      // `for in` costs a fraction of Object.keys here, and could only ever count too much.
      for (const name in object) {
        count += 1 + textValues(name);
        pending.push(object[name]);
      }
    }
  }
  return count;
}

/** Counting the characters of a string takes a fraction of what a value takes. */
function textValues(text: string): number {
  return text.length >> 5;
}
