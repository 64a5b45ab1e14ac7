export type EffectVerb = "create" | "update" | "delete" | "connect" | "use" | "grant" | "mint";

/** One thing that a request does to the cluster. Every effect of a request must be covered by one approval. */
export interface Effect {
  readonly verb: EffectVerb;
  readonly group: string;
  readonly version: string;
  /** Without the subresource. */
  readonly resource: string;
  /** Empty if none. */
  readonly subresource: string;
  /** Absent for cluster-scoped objects, Namespace objects included. */
  readonly namespace?: string;
  /** Empty when the API server will choose it. */
  readonly name: string;
  readonly uid?: string;
}

/** `deployments` or `deployments/scale`, as rules name it. */
export function effectResource(effect: Effect): string {
  return effect.subresource === "" ? effect.resource : `${effect.resource}/${effect.subresource}`;
}
