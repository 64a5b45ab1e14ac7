import type { ApiResponse } from "../../control-plane/control-plane.ts";
import type { Bench } from "../writ/bench.ts";
import { bot, capabilities, decide, owner, owners, patchSpec } from "../writ/objects.ts";

/** One way to take away what the agent may, and the one request that gives it back. */
export interface Revocation {
  readonly name: string;
  readonly revoke: (approvalPath: string) => Promise<ApiResponse>;
  /** Nothing where the approval is over for good, and another one is needed. */
  readonly restore: (() => Promise<ApiResponse>) | undefined;
}

interface Stored {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

const paymentsProd = { scope: "Namespaced", namespaces: ["payments-prod"] } as const;

/** What can be revoked in the world of `applyWorld`, under an approval by alice of payments and bob of platform. */
export async function revocationsOf(bench: Bench): Promise<readonly Revocation[]> {
  const stored = async (path: string): Promise<Stored> => {
    const { apiVersion, kind, metadata, spec } = (await bench.must("admin", "GET", path)).json() as Stored;
    // Who brings a capability back defines it anew.
    const { definedBy: _, ...rest } = spec;
    return { apiVersion, kind, metadata: { name: metadata.name }, spec: rest };
  };
  const suspension = (who: string, path: string, role: string): Revocation => ({
    name: `suspension of ${role} by ${who}`,
    revoke: () => patchSpec(bench, who, path, { suspended: true }),
    restore: () => patchSpec(bench, "bob", path, { suspended: false }),
  });
  const edit = async (name: string, path: string, spec: Readonly<Record<string, unknown>>): Promise<Revocation> => {
    const before = (await stored(path)).spec;
    const back = Object.fromEntries(Object.keys(spec).map((key) => [key, before[key] ?? null]));
    return {
      name,
      revoke: () => patchSpec(bench, "bob", path, spec),
      restore: () => patchSpec(bench, "bob", path, back),
    };
  };
  const deletion = async (path: string, role: string): Promise<Revocation> => {
    const object = await stored(path);
    const collection = path.slice(0, path.lastIndexOf("/"));
    return {
      name: `deletion of ${role}`,
      revoke: () => bench.call("bob", "DELETE", path),
      restore: () => bench.call("bob", "POST", collection, object),
    };
  };
  const creation = (name: string, object: object): Revocation => ({
    name,
    revoke: () => bench.call("bob", "POST", owners(), object),
    restore: () => bench.call("bob", "DELETE", owners("rival")),
  });
  const final = (name: string, revoke: Revocation["revoke"]): Revocation => ({ name, revoke, restore: undefined });
  return [
    suspension("frank", owners("robots"), "the identity owner"),
    suspension("bob", owners("platform"), "the policy owner"),
    suspension("alice", owners("payments"), "the approving owner"),
    suspension("dave", owners("cluster"), "the root owner (freeze)"),
    suspension("dave", capabilities("configurator"), "the capability"),
    final("rejection by an approver", (path) => decide(bench, "alice", path, "Reject", "payments")),
    final("rejection by another member of the policy owner", (path) =>
      decide(bench, "dave", path, "Reject", "platform"),
    ),
    final("rejection by the identity owner", (path) => decide(bench, "frank", path, "Reject", "robots")),
    final("deletion of the approval", (path) => bench.call("alice", "DELETE", path)),
    await edit("removal of the member who approved", owners("payments"), { members: [{ group: "payments-leads" }] }),
    await edit("removal of the agent from its owner", owners("robots"), { identities: [] }),
    await edit("removal of the object from its owner", owners("payments"), { resources: [] }),
    await edit("lapse of the approving owner's review", owners("payments"), { reviewBy: "2020-01-01T00:00:00Z" }),
    await edit("another policy", capabilities("configurator"), { description: "Not what was approved" }),
    creation("creation of a rival owner of the object", owner("rival", { resources: [paymentsProd] })),
    creation("creation of a second owner of the agent", owner("rival", { identities: [bot] })),
    await deletion(owners("payments"), "the approving owner"),
    await deletion(owners("cluster"), "the root owner (freeze)"),
    await deletion(capabilities("configurator"), "the capability"),
  ];
}
