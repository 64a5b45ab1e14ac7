import type { JsonObject, JsonValue } from "../admission-request.ts";
import { isList, isObject, own } from "../json.ts";

const containerLists = ["containers", "initContainers", "ephemeralContainers"] as const;

/**
 * Every pod spec in an object by its place (RFC 6901), wherever it stands: a kind that embeds a pod template is governed
 * like a Deployment. A pod spec is told by a list of containers; what merely looks like one is judged as one.
 */
export function podSpecsOf(object: JsonObject | undefined): ReadonlyMap<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  const pending: (readonly [place: string, value: JsonValue])[] = object === undefined ? [] : [["", object]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [place, value] = next;
    if (isList(value)) {
      for (const [index, item] of value.entries()) {
        if (typeof item === "object") pending.push([`${place}/${index}`, item]);
      }
    } else if (isObject(value)) {
      if (containerLists.some((list) => isList(own(value, list)))) found.set(place, value);
      for (const [key, member] of Object.entries(value)) {
        if (typeof member === "object") pending.push([`${place}/${escaped(key)}`, member]);
      }
    }
  }
  return found;
}

/** Member names are hostile: unescaped, `a/b` would take the place of `b` within `a` and hide what stands there. */
function escaped(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
