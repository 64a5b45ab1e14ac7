import type { Effect } from "../../api/effect.ts";
import type { JsonObject } from "../admission-request.ts";
import { deepEqual } from "../change/changed-paths.ts";
import { asObject, own, ownText } from "../json.ts";
import { podSpecsOf } from "./pod-specs.ts";
import { usesOf } from "./pod-uses.ts";
import type { WriteRequest } from "../write-request.ts";

/**
 * What the pods that a request brings about use. Whoever changes a pod spec decides what runs with all that it uses, be
 * it named now or before; a pod spec that stays as it was brings nothing about (scaling, labels, annotations of the
 * template).
 */
export function podUseEffects(request: WriteRequest): readonly Effect[] {
  const { operation, target, object, oldObject } = request;
  if (operation !== "CREATE" && operation !== "UPDATE") return [];
  if (isBinding(target)) return [useNode(ownText(asObject(own(object, "target")), "name") ?? "")];
  const before = podSpecsOf(operation === "UPDATE" ? oldObject : undefined);
  return [...podSpecsOf(object)].flatMap(([place, spec]) => {
    const old = before.get(place);
    return old !== undefined && deepEqual(old, spec) ? [] : usesIn(spec, old, target.namespace);
  });
}

function usesIn(spec: JsonObject, old: JsonObject | undefined, namespace: string | undefined): readonly Effect[] {
  const uses = usesOf(spec);
  const use = (resource: string, name: string): Effect => ({
    verb: "use",
    group: "",
    version: "v1",
    resource,
    subresource: "",
    ...(namespace === undefined ? {} : { namespace }),
    name,
  });
  // A bound pod names the node that the scheduler chose; only a name that the request brings is a choice.
  const choosesNode = uses.nodeName !== undefined && uses.nodeName !== (old && ownText(old, "nodeName"));
  return [
    ...(uses.serviceAccount === undefined ? [] : [use("serviceaccounts", uses.serviceAccount)]),
    ...[...uses.secrets].sort().map((name) => use("secrets", name)),
    ...(uses.reachesNode || choosesNode ? [useNode(choosesNode ? (uses.nodeName ?? "") : "")] : []),
  ];
}

function useNode(name: string): Effect {
  return { verb: "use", group: "", version: "v1", resource: "nodes", subresource: "", name };
}

/** The scheduler's way to place a pod: pods/binding, and the older bindings. */
function isBinding({ group, resource, subresource }: WriteRequest["target"]): boolean {
  return group === "" && ((resource === "pods" && subresource === "binding") || resource === "bindings");
}
