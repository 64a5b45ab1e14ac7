import type { WritObject } from "../../api/kinds.ts";
import type { EntryKind } from "../../ledger/ledger-writer.ts";
import { present } from "../decision-record.ts";
import type { Call } from "../handler.ts";
import { credentialId } from "./person.ts";
import type { WritChange } from "./change.ts";

export interface ChangeEntry {
  readonly kind: EntryKind;
  readonly spec: object;
}

const entryKinds: Readonly<Record<string, EntryKind>> = {
  identityowners: "owner",
  agentcapabilities: "capability",
  elevationapprovals: "approval",
};

/** The entry of an admitted creation or update: who made the object what it is now. */
export function changeRecord(call: Call, change: WritChange, time: string): ChangeEntry {
  return {
    kind: entryKinds[change.resource] ?? "approval",
    spec: present({ ...authorship(call, time), object: identity(change.object, change.old), spec: change.object.spec }),
  };
}

/** The entry of a deletion; nothing for a kind that Writ does not know. */
export function deletionRecord(call: Call, time: string): ChangeEntry | undefined {
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
