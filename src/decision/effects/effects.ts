import type { Effect, EffectVerb } from "../../api/effect.ts";
import type { JsonObject, Operation } from "../admission-request.ts";
import { deepEqual } from "../change/changed-paths.ts";
import { asList, asObject, own, ownText } from "../json.ts";
import { podUseEffects } from "./pod-effects.ts";
import type { WriteRequest } from "../write-request.ts";

/**
 * Everything that a request does to the cluster, its own effect first. Each must be covered. A subresource has no
 * meaning here unless a row below gives it one: a rule names it literally, or it is not covered.
 */
export function effectsOf(request: WriteRequest): readonly [Effect, ...Effect[]] {
  const more = [
    ...evictionEffects(request),
    ...deletionEffects(request),
    ...grantEffects(request),
    ...mintEffects(request),
    ...podUseEffects(request),
  ];
  return [ownEffect(request), ...(more.length > 1 ? unique(more) : more)];
}

function ownEffect({ operation, target }: WriteRequest): Effect {
  return { verb: verbOf(operation), ...targetOf(target) };
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

function targetOf({
  group,
  version,
  resource,
  subresource,
  namespace,
  name,
  uid,
}: WriteRequest["target"]): Omit<Effect, "verb"> {
  return {
    group,
    version,
    resource,
    subresource,
    ...(namespace === undefined ? {} : { namespace }),
    name,
    ...(uid === undefined ? {} : { uid }),
  };
}

/** An eviction deletes the pod, and no DELETE is ever admitted for it (policy/v1 Eviction). */
function evictionEffects({ operation, target }: WriteRequest): readonly Effect[] {
  const isEviction = target.group === "" && target.resource === "pods" && target.subresource === "eviction";
  return isEviction && operation === "CREATE" ? [{ ...targetOf(target), verb: "delete", subresource: "" }] : [];
}

/**
 * Updates that delete: the last finalizer taken from an object that is being deleted; owner references that change,
 * since the garbage collector deletes what has none of its owners left, in nobody's name but its own.
 */
function deletionEffects({ operation, target, object, oldObject }: WriteRequest): readonly Effect[] {
  if (operation !== "UPDATE") return [];
  const before = asObject(own(oldObject, "metadata"));
  const after = asObject(own(object, "metadata"));
  const wasBeingDeleted = own(before, "deletionTimestamp") !== undefined;
  const freed = wasBeingDeleted && count(before, "finalizers") > 0 && count(after, "finalizers") === 0;
  const orphaned = !deepEqual(own(before, "ownerReferences"), own(after, "ownerReferences"));
  const finalized = target.subresource === "finalize";
  return freed || orphaned || finalized ? [{ ...targetOf(target), verb: "delete", subresource: "" }] : [];
}

const bindings: ReadonlySet<string> = new Set(["rolebindings", "clusterrolebindings"]);

function grantEffects({ operation, target }: WriteRequest): readonly Effect[] {
  const grants = target.group === "rbac.authorization.k8s.io" && bindings.has(target.resource);
  return grants && (operation === "CREATE" || operation === "UPDATE") ? [{ ...targetOf(target), verb: "grant" }] : [];
}

/** Tokens come from `serviceaccounts/token`, and from the token controller for a Secret of the legacy type. */
function mintEffects({ operation, target, object }: WriteRequest): readonly Effect[] {
  if (target.group !== "" || (operation !== "CREATE" && operation !== "UPDATE")) return [];
  if (target.resource === "serviceaccounts" && target.subresource === "token") {
    return [{ ...targetOf(target), verb: "mint" }];
  }
  const isLegacyToken = ownText(object, "type") === "kubernetes.io/service-account-token";
  if (target.resource !== "secrets" || !isLegacyToken) return [];
  const annotations = asObject(own(asObject(own(object, "metadata")), "annotations"));
  const name = ownText(annotations, "kubernetes.io/service-account.name") ?? "";
  const { namespace } = target;
  return [
    {
      verb: "mint",
      group: "",
      version: "v1",
      resource: "serviceaccounts",
      subresource: "token",
      ...(namespace === undefined ? {} : { namespace }),
      name,
    },
  ];
}

function count(object: JsonObject | undefined, key: string): number {
  return asList(own(object, key))?.length ?? 0;
}

function unique(effects: readonly Effect[]): readonly Effect[] {
  return [...new Map(effects.map((effect) => [JSON.stringify({ ...effect, uid: undefined }), effect])).values()];
}
