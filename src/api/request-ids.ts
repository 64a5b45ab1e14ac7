import { createHash } from "node:crypto";
import { formatTimestamp, parseTimestamp } from "./timestamp.ts";

/**
 * A requestID that signatures may name is reserved for the first object that carries it, before that object exists, and
 * stays so after it is gone: deleted and applied again from Git it is another object and stays dead. Reservations stand
 * in ConfigMaps of the system namespace, so they survive restarts of everything, and nothing waits for Writ when an
 * approval or its namespace is deleted, as a finalizer would.
 */
export interface RequestIdReservation {
  readonly uid: string;
  readonly name: string;
  /** Milliseconds since the epoch; afterwards no signature that names the id counts any more. */
  readonly until: number;
}

const day = 24 * 3_600_000;

/** A signature on a decision counts for no longer than this after it was made. */
export const maxSignatureLife = 30 * day;

/**
 * A reservation outlives every signature made while its object existed: it is renewed while the object exists and less
 * than `renewBefore` remains.
 */
export const reservationLife = 60 * day;
export const renewBefore = 31 * day;

/** Stamped ids begin so. One that is given and begins so was copied from another approval. */
export const stampedPrefix = "w-";

export function isStampedId(requestID: string): boolean {
  return typeof requestID === "string" && requestID.startsWith(stampedPrefix);
}

export const shardCount = 32;
/** Of one namespace, so that nobody who may create approvals in one keeps other namespaces from theirs. */
export const maxPerNamespace = 2048;
/** The API server refuses a ConfigMap beyond 1 MiB. */
export const maxShardBytes = 900_000;

/** The ConfigMap in which a namespace's reservations stand. */
export function shardName(namespace: string): string {
  return nameOfShard(createHash("sha256").update(namespace).digest().readUInt32BE(0) % shardCount);
}

/** All ConfigMaps of reservations; one exists once it was needed. */
export function shardNames(): readonly string[] {
  return Array.from({ length: shardCount }, (_, index) => nameOfShard(index));
}

function nameOfShard(index: number): string {
  return `writ-request-ids-${String(index).padStart(2, "0")}`;
}

/** Names of namespaces hold no dot, so two requests never share a key. */
export function reservationKey(namespace: string, requestID: string): string {
  return `${namespace}.${requestID}`;
}

export function formatReservation({ uid, name, until }: RequestIdReservation): string {
  return `${uid} ${formatTimestamp(until)} ${name}`;
}

/** Undefined for what nobody here wrote. */
export function parseReservation(text: string): RequestIdReservation | undefined {
  const [uid, time, name, ...rest] = text.split(" ");
  const until = parseTimestamp(time);
  if (!uid || !name || until === undefined || rest.length > 0) return undefined;
  return { uid, name, until };
}

/** The texts of a shard by key; a ConfigMap without data has none. */
export type ShardData = ReadonlyMap<string, string>;

/** What stands in place of a namespace where a definition of a cluster-scoped object is reserved; none is named so. */
export const definitionsNamespace = "AgentCapability";

export interface ReservationRequest {
  readonly namespace: string;
  readonly requestID: string;
  readonly uid: string;
  readonly name: string;
  readonly now: number;
  /** How long a new reservation lasts, in milliseconds; absent: `reservationLife`. */
  readonly life?: number;
}

export type ReservationVerdict =
  | { readonly kind: "held" }
  /** To be written under `reservationKey`. */
  | { readonly kind: "free"; readonly value: string }
  /** Another object has it; undefined when its entry cannot be read, which frees nothing. */
  | { readonly kind: "taken"; readonly by: RequestIdReservation | undefined }
  | { readonly kind: "full" };

/** Whether an object may have a requestID. An entry counts until it is taken away, whatever its time. */
export function judgeReservation(data: ShardData, request: ReservationRequest): ReservationVerdict {
  const key = reservationKey(request.namespace, request.requestID);
  const text = data.get(key);
  const until = request.now + (request.life ?? reservationLife);
  const value = formatReservation({ uid: request.uid, name: request.name, until });
  if (text !== undefined) {
    const known = parseReservation(text);
    if (known?.uid !== request.uid) return { kind: "taken", by: known };
    return known.until < request.now + renewBefore ? { kind: "free", value } : { kind: "held" };
  }
  const prefix = `${request.namespace}.`;
  let bytes = key.length + value.length;
  let ofNamespace = 0;
  for (const [other, held] of data) {
    bytes += other.length + held.length + 8;
    if (other.startsWith(prefix)) ofNamespace++;
  }
  return ofNamespace >= maxPerNamespace || bytes > maxShardBytes ? { kind: "full" } : { kind: "free", value };
}

/** Changes of a shard's entries: a text to write, or null to take away. */
export type ShardChanges = Readonly<Record<string, string | null>>;

/**
 * What has to change in a shard: entries that are over go, entries of objects that exist are renewed. What cannot be
 * read stays: it reserves, and only people may say that it does not.
 */
export function reservationChanges(
  data: ShardData,
  exists: (namespace: string, reservation: RequestIdReservation) => boolean,
  now: number,
): ShardChanges {
  const changes: Record<string, string | null> = {};
  for (const [key, text] of data) {
    const known = parseReservation(text);
    if (!known) continue;
    const [namespace = ""] = key.split(".");
    if (exists(namespace, known)) {
      if (known.until < now + renewBefore) {
        changes[key] = formatReservation({ ...known, until: now + reservationLife });
      }
    } else if (known.until <= now) changes[key] = null;
  }
  return changes;
}

/** Reads the `data` of a ConfigMap, which anybody with the right may have written. */
export function shardData(configMap: unknown): ShardData {
  const data = (configMap as { readonly data?: unknown } | undefined)?.data;
  if (typeof data !== "object" || data === null) return new Map();
  return new Map(Object.entries(data).map(([key, value]) => [key, String(value)]));
}
