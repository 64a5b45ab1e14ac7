import type { WritObject } from "../../api/kinds.ts";
import { canonicalJson } from "../../ledger/canonical-json.ts";
import type { Operation, UserInfo } from "../../decision/admission-request.ts";
import type { Call } from "../handler.ts";
import { isFields } from "../server/field-rules.ts";
import { refuse } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

/** A creation or update of one of Writ's kinds, as guard and stamps judge it. */
export interface Change<T extends WritObject = WritObject> {
  readonly kind: "change";
  readonly operation: Operation;
  readonly user: UserInfo;
  readonly object: T;
  /** Absent at creation. */
  readonly old: T | undefined;
}

export type WritChange =
  | ({ readonly resource: "identityowners" } & Change<Extract<WritObject, { kind: "IdentityOwner" }>>)
  | ({ readonly resource: "agentcapabilities" } & Change<Extract<WritObject, { kind: "AgentCapability" }>>)
  | ({ readonly resource: "elevationapprovals" } & Change<Extract<WritObject, { kind: "ElevationApproval" }>>);

/**
 * Reads the change out of a call. The stamps run before the schema is checked, so objects are hostile there: what this
 * returns has a `spec` and `metadata` that are objects and lists that are lists, as deep as anything here looks.
 */
export function readChange({ request }: Call): WritChange | Refusal {
  const { operation, userInfo: user } = request;
  const resource = request.resource.group === "writ.dev" ? request.resource.resource : "";
  const object = request.object as WritObject | null | undefined;
  const old = (request.oldObject as WritObject | null | undefined) ?? undefined;
  if (!object || !isShaped(object, resource)) {
    return refuse(
      "UnknownKind",
      `"${request.resource.resource}.${request.resource.group}" has no shape that Writ knows`,
    );
  }
  return { kind: "change", resource, operation, user, object, old } as WritChange;
}

const lists: Readonly<Record<string, readonly string[]>> = {
  identityowners: ["members", "identities", "resources", "contacts"],
  agentcapabilities: ["agents", "rules", "approval"],
  elevationapprovals: ["decisions", "rules", "targets", "onBehalfOf"],
};

const required: Readonly<Record<string, readonly string[]>> = {
  identityowners: ["members"],
  agentcapabilities: ["agents", "rules", "approval"],
  elevationapprovals: ["agent"],
};

function isShaped(object: object, resource: string): boolean {
  const { metadata, spec } = object as { metadata?: unknown; spec?: unknown };
  const known = Object.hasOwn(lists, resource) ? lists[resource] : undefined;
  if (!known || !isFields(metadata) || !isFields(spec)) return false;
  if (!(required[resource] ?? []).every((key) => Object.hasOwn(spec, key) && spec[key] !== null)) return false;
  return known.every((key) => {
    const value = Object.hasOwn(spec, key) ? spec[key] : undefined;
    if (value === undefined) return true;
    if (!Array.isArray(value)) return false;
    return value.every((item) =>
      (key === "rules" && resource !== "agentcapabilities") || key === "onBehalfOf"
        ? typeof item === "string"
        : isFields(item),
    );
  });
}

/** Whether an update leaves the object as it was, what the API server itself writes aside. */
export function changesNothing({ object, old }: WritChange): boolean {
  return (
    old !== undefined &&
    canonicalJson(clientPart(object)) === canonicalJson(clientPart(old)) &&
    canonicalJson(ownerReferencesOf(object)) === canonicalJson(ownerReferencesOf(old))
  );
}

/**
 * Whether an object gets an owner reference that it did not have: the garbage collector would delete it in nobody's name
 * once that owner is gone. An approval may be born with one, since whoever deletes what it belongs to means that.
 */
export function gainsOwnerReferences({ resource, object, old }: WritChange): boolean {
  if (old === undefined && resource === "elevationapprovals") return false;
  const known = new Set(ownerReferencesOf(old).map((reference) => canonicalJson(reference)));
  return ownerReferencesOf(object).some((reference) => !known.has(canonicalJson(reference)));
}

function ownerReferencesOf(object: WritObject | undefined): readonly unknown[] {
  const references = (object?.metadata as { readonly ownerReferences?: unknown } | undefined)?.ownerReferences;
  return Array.isArray(references) ? references : [];
}

function clientPart({ spec, metadata }: WritObject): object {
  const { name, labels = {}, annotations = {}, finalizers = [] } = metadata;
  return { spec, metadata: { name, labels, annotations, finalizers } };
}
