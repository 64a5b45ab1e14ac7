import type { LedgerRecord } from "../ledger/read-ledger.ts";
import { printable } from "./terminal-text.ts";

/** An entry of the record as people read it. Absent parts are empty; no part holds a control character. */
export interface TrailEntry {
  readonly index: string;
  readonly kind: string;
  /** RFC 3339. */
  readonly time: string;
  readonly who: string;
  /** The operation and its object. */
  readonly what: string;
  readonly verdict: string;
  readonly code: string;
  /** `identity / policy / approving`, for decisions. */
  readonly owners: string;
  readonly spec: Fields;
}

export type Fields = Readonly<Record<string, unknown>>;

export function trailEntry({ index, entry }: Pick<LedgerRecord, "index" | "entry">): TrailEntry {
  const { kind, spec } = entry;
  const object = fields(spec["object"]);
  const resource = fields(spec["resource"]);
  const place = joined("/", object["namespace"], object["name"]);
  const isDecision = kind === "decision";
  const what = isDecision
    ? joined("/", resource["resource"], resource["subresource"]).replace(/^elevationapprovals/, "approval")
    : kind;
  const owners = fields(spec["owners"]);
  const approving = list(owners["approving"]).map(text).join("+");
  return {
    index: String(index),
    kind,
    time: text(spec["time"]),
    who: shortName(text(fields(spec["user"])["username"])),
    what: joined(" ", text(spec["operation"]).toLowerCase(), what, place),
    verdict: text(spec["verdict"]),
    code: text(spec["code"]),
    owners: isDecision ? [text(owners["identity"]), text(owners["policy"]), approving].map(orDash).join(" / ") : "",
    spec,
  };
}

/** A line for each entry, below a heading; columns as wide as they have to be. */
export function trailTable(trail: readonly TrailEntry[]): readonly string[] {
  const rows = [
    ["#", "TIME", "WHO", "DID", "ANSWER", "OWNERS: IDENTITY / POLICY / APPROVING"],
    ...trail.map((entry) => [entry.index, timeOfDay(entry), entry.who, entry.what, answer(entry), entry.owners]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function timeOfDay({ time }: TrailEntry): string {
  return time.slice(11, 23);
}

/** A decision's answer; for a change of Writ's kinds the latest decision in it, or that it suspends. */
function answer({ kind, verdict, code, spec }: TrailEntry): string {
  if (kind === "decision") return `${verdict} ${code}`;
  const changed = fields(spec["spec"]);
  if (changed["suspended"] === true) return "suspended";
  const latest = fields(list(changed["decisions"]).at(-1));
  return joined(" for ", latest["verdict"], latest["ownerName"]);
}

/** A service account as NAMESPACE/NAME; every other name as it is. */
export function shortName(userName: string): string {
  const parts = userName.split(":");
  return userName.startsWith("system:serviceaccount:") && parts.length === 4 ? `${parts[2]}/${parts[3]}` : userName;
}

function orDash(value: string): string {
  return value === "" ? "-" : value;
}

function joined(separator: string, ...parts: readonly unknown[]): string {
  return parts
    .map(text)
    .filter((part) => part !== "")
    .join(separator);
}

export function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Names in the record may be hostile: no control character reaches a terminal. */
export function text(value: unknown): string {
  return typeof value === "string" ? printable(value) : "";
}
