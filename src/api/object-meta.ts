/**
 * What every Kubernetes object carries, as far as Writ reads it (metav1.ObjectMeta, metav1.Condition).
 * Values come from the API server as JSON; nothing here is validated beyond what its schema enforces.
 */

/** metav1.ObjectMeta. `namespace` is absent on cluster-scoped objects; the rest that is optional is absent before creation. */
export interface ObjectMeta {
  readonly name: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly generation?: number;
  readonly resourceVersion?: string;
  /** RFC 3339, UTC, whole seconds. */
  readonly creationTimestamp?: string;
  /** RFC 3339, UTC, whole seconds. Present while finalizers hold a deleted object. */
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** metav1.Condition: one observation about an object, keyed by `type` within its list. */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly observedGeneration?: number;
  /** RFC 3339, UTC. */
  readonly lastTransitionTime: string;
  /** One CamelCase word for programs. */
  readonly reason: string;
  /** A sentence for people. */
  readonly message: string;
}

/** A JSON object whose keys no schema names. Keys are hostile: read them with `Object.hasOwn`. */
export interface UnknownObject {
  readonly [key: string]: unknown;
}
