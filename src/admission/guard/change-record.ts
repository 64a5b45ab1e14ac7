import { userInfoDigest } from "../../api/attestation.ts";
import { digestOf } from "../../api/digest.ts";
import type { WritObject } from "../../api/kinds.ts";
import type { EntryKind } from "../../ledger/ledger-writer.ts";
import { present } from "../decision-record.ts";
import type { Call } from "../handler.ts";
import { newDecisions } from "./approval-change.ts";
import { credentialId } from "./person.ts";
import type { WritChange } from "./change.ts";

export interface ChangeEntry {
  readonly kind: EntryKind;
  readonly spec: object;
  /** The same without what has no bound worth its name: digests stand for the spec and for the caller's groups. */
  readonly brief: object;
}

const entryKinds: Readonly<Record<string, EntryKind>> = {
  identityowners: "owner",
  agentcapabilities: "capability",
  elevationapprovals: "approval",
};

/** The entry of an admitted creation or update: who made the object what it is now. */
export function changeRecord(call: Call, change: WritChange, time: string): ChangeEntry {
  const { object, old, user } = change;
  const known = authorship(call, time);
  const added = change.resource === "elevationapprovals" ? newDecisions(change) : undefined;
  return {
    kind: entryKinds[change.resource] ?? "approval",
    spec: present({ ...known, object: identity(object, old), spec: object.spec }),
    brief: present({
      ...known,
      user: present({ username: user.username, uid: user.uid }),
      userInfoDigest: userInfoDigest(user),
      object: identity(object, old),
      specDigest: digestOf("writ.dev/spec/v1", object.spec),
      decisions: added,
      suspended: "suspended" in object.spec ? object.spec.suspended : undefined,
    }),
  };
}

/** The entry of a deletion; nothing for a kind that Writ does not know. */
export function deletionRecord(call: Call, time: string): Omit<ChangeEntry, "brief"> | undefined {
  const kind = Object.hasOwn(entryKinds, call.request.resource.resource)
    ? entryKinds[call.request.resource.resource]
    : undefined;
  const old = call.request.oldObject as WritObject | null | undefined;
  if (!kind) return undefined;
  return { kind, spec: present({ ...authorship(call, time), object: old?.metadata ? identity(old, old) : undefined }) };
}

function authorship({ request, caller }: Call, time: string): Record<string, unknown> {
  return {
    time,
    requestUid: request.uid,
    operation: request.operation,
    user: request.userInfo,
    credential: present({ id: credentialId(request.userInfo) }),
    caller,
  };
}

function identity(object: WritObject, old: WritObject | undefined): object {
  const { namespace, name, uid, generation } = object.metadata;
  return present({ namespace, name, uid, generation, oldResourceVersion: old?.metadata.resourceVersion });
}
