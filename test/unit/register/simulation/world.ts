import type { WritObject } from "../../../../src/api/kinds.ts";
import type { Intent } from "../../../../src/api/register/intent.ts";
import { registerName } from "../../../../src/api/register/content.ts";

/** An object of the simulation: as much of a Writ object as the register looks at, and whether it lets the write pass. */
export interface SimObject {
  readonly plural: Intent["plural"];
  /** As `ObjectNames` has it: approvals by `namespace/name`. */
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly revision: number;
  /** Not suspended, not rejected, not a rival, no rule of higher risk. */
  readonly harmless: boolean;
}

/** What a watch sends: in order within a kind, in any order between kinds. */
export type Line =
  | { readonly type: "event"; readonly name: string; readonly revision: number; readonly object: SimObject | undefined }
  | { readonly type: "bookmark"; readonly revision: number };

/** The verdict rests on these; further owners and capabilities take away when they are not harmless. */
export const basis = {
  owners: ["cluster", "robots", "platform"],
  capabilities: ["scaler"],
  approvals: ["payments-prod/inc"],
} as const;
export const outsiders = [
  ["identityowners", "outside"],
  ["agentcapabilities", "riskier"],
] as const;
export const plurals = ["identityowners", "agentcapabilities", "elevationapprovals"] as const;

export const keyOf = (plural: Intent["plural"], name: string): string => `${plural} ${name}`;

/** The API server: one total order of revisions, watches that are lines in order, and one ConfigMap. */
export interface Server {
  readonly objects: Map<string, SimObject>;
  readonly lines: Readonly<Record<Intent["plural"], Line[]>>;
  revision: number;
  nextUid: number;
  register: { readonly uid: string; readonly data: ReadonlyMap<string, string> } | undefined;
}

export function newServer(): Server {
  const server: Server = {
    objects: new Map(),
    lines: { identityowners: [], agentcapabilities: [], elevationapprovals: [] },
    revision: 0,
    nextUid: 0,
    register: undefined,
  };
  makeRegister(server, new Map());
  const names = [
    ...basis.owners.map((name) => ["identityowners", name] as const),
    ...basis.capabilities.map((name) => ["agentcapabilities", name] as const),
    ...basis.approvals.map((name) => ["elevationapprovals", name] as const),
  ];
  for (const [plural, name] of names) create(server, plural, name, true);
  return server;
}

export function makeRegister(server: Server, data: ReadonlyMap<string, string>): void {
  server.register = { uid: `register-${(server.nextUid += 1)}`, data };
}

export function create(server: Server, plural: Intent["plural"], name: string, harmless: boolean, uid?: string): void {
  store(server, { plural, name, uid: uid ?? newUid(server), generation: 1, harmless });
}

export function newUid(server: Server): string {
  return `uid-${(server.nextUid += 1)}`;
}

/** Stores a version, which the watch will show. */
export function store(server: Server, version: Omit<SimObject, "revision">): void {
  const revision = (server.revision += 1);
  const object = { ...version, revision };
  server.objects.set(keyOf(object.plural, object.name), object);
  server.lines[object.plural].push({ type: "event", name: object.name, revision, object });
}

export function remove(server: Server, plural: Intent["plural"], name: string): void {
  const revision = (server.revision += 1);
  server.objects.delete(keyOf(plural, name));
  server.lines[plural].push({ type: "event", name, revision, object: undefined });
}

/** The register as a GET gives it. */
export function registerObject({ register }: Server): unknown {
  if (!register) return undefined;
  return {
    kind: "ConfigMap",
    metadata: { name: registerName, uid: register.uid },
    data: Object.fromEntries(register.data),
  };
}

/** The object as the code under test knows it. */
export function asWritObject({ plural, name, uid, generation, harmless }: SimObject): WritObject {
  const kind = {
    identityowners: "IdentityOwner",
    agentcapabilities: "AgentCapability",
    elevationapprovals: "ElevationApproval",
  }[plural];
  const [first = "", second] = name.split("/");
  const place = second === undefined ? { name: first } : { namespace: first, name: second };
  // The register looks at nothing of a spec but whether it differs.
  const object: unknown = { kind, metadata: { ...place, uid, generation }, spec: { harmless } };
  return object as WritObject;
}
