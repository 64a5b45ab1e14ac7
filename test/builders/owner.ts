import type { ObjectMeta } from "../../src/api/object-meta.ts";
import type { IdentityOwner, IdentityOwnerMember, IdentityOwnerSpec } from "../../src/api/types.gen.ts";
import { meta } from "./meta.ts";

/** An IdentityOwner. Its one member is `NAME-lead@example.com` unless `spec` says who. */
export function owner(
  name: string,
  spec: Partial<IdentityOwnerSpec> = {},
  metadata: Partial<ObjectMeta> = {},
): IdentityOwner {
  return {
    apiVersion: "writ.dev/v1alpha1",
    kind: "IdentityOwner",
    metadata: meta("IdentityOwner", name, metadata),
    spec: { members: users(`${name}-lead@example.com`), ...spec },
  };
}

/** Members by user name, without aliases. */
export function users(...names: readonly string[]): readonly IdentityOwnerMember[] {
  return names.map((user) => ({ user }));
}

/** The same owner with other spec fields, as after an edit. */
export function editOwner(before: IdentityOwner, spec: Partial<IdentityOwnerSpec>): IdentityOwner {
  return { ...before, spec: { ...before.spec, ...spec } };
}
