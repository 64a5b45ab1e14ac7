import type { Effect, EffectVerb } from "../api/effect.ts";
import type { Operation } from "./admission-request.ts";
import type { WriteRequest } from "./write-request.ts";

/**
 * What a request does to the cluster. For now the request's own effect: a subresource is named literally by a rule
 * or it is not covered. Effects on other objects join this list.
 */
export function effectsOf(request: WriteRequest): readonly Effect[] {
  const { group, version, resource, subresource, namespace, name, uid } = request.target;
  return [
    {
      verb: verbOf(request.operation),
      group,
      version,
      resource,
      subresource,
      ...(namespace === undefined ? {} : { namespace }),
      name,
      ...(uid === undefined ? {} : { uid }),
    },
  ];
}

function verbOf(operation: Operation): EffectVerb {
  switch (operation) {
    case "CREATE":
      return "create";
    case "UPDATE":
      return "update";
    case "DELETE":
      return "delete";
    case "CONNECT":
      return "connect";
  }
}
