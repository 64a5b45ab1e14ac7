import { readLedger } from "../ledger/read-ledger.ts";
import type { LedgerRecord } from "../ledger/read-ledger.ts";

/**
 * Prints a ledger's entries in their order: as one JSON document a line (writer, index, leaf hash, entry), or as a table
 * for people. Works beside a live writer.
 */
export async function ledgerCat(
  directory: string,
  format: "json" | "table",
  print: (line: string) => void,
): Promise<void> {
  if (format === "table") print(row("INDEX", "TIME", "WHAT", "WHO", "OBJECT", "OWNERS (identity/policy/approving)"));
  for await (const record of readLedger(directory)) {
    print(format === "json" ? jsonLine(record) : tableLine(record));
  }
}

function jsonLine({ writer, index, leafHash, entry }: LedgerRecord): string {
  return JSON.stringify({ writer, index: String(index), leafHash: leafHash.toString("hex"), ...entry });
}

function tableLine({ index, entry }: LedgerRecord): string {
  const { kind, spec } = entry;
  const object = record(spec["object"]);
  const place = [text(object["namespace"]), text(object["name"])].filter((part) => part !== "").join("/");
  const who = text(record(spec["user"])["username"]);
  const time = text(spec["time"]).slice(11, 23);
  if (kind !== "decision") {
    const what = `${kind} ${text(spec["operation"]).toLowerCase()}`.trim();
    return row(String(index), time, what, who, place, kind === "approval" ? decisions(spec) : "");
  }
  const resource = record(spec["resource"]);
  const sub = text(resource["subresource"]);
  const name = `${text(resource["resource"])}${sub === "" ? "" : `/${sub}`}`;
  const owners = record(spec["owners"]);
  const approving = list(owners["approving"]).map(text).join("+");
  return row(
    String(index),
    time,
    `${text(spec["verdict"])} ${text(spec["code"])}`,
    who,
    `${text(spec["operation"]).toLowerCase()} ${name} ${place}`,
    `${text(owners["identity"]) || "-"}/${text(owners["policy"]) || "-"}/${approving || "-"}${approvers(spec)}`,
  );
}

function approvers(spec: Readonly<Record<string, unknown>>): string {
  const approvals = list(record(record(spec["basis"])["approval"])["approvals"]);
  const names = approvals.map((approval) => text(record(approval)["by"]));
  return names.length === 0 ? "" : ` by ${names.join(" and ")}`;
}

function decisions(spec: Readonly<Record<string, unknown>>): string {
  return list(record(spec["spec"])["decisions"])
    .map((decision) => `${text(record(decision)["verdict"])} by ${text(record(decision)["by"])}`)
    .join(", ");
}

const widths = [6, 13, 24, 46, 52];

function row(...cells: readonly string[]): string {
  return cells
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join(" ")
    .trimEnd();
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Names in the record may be hostile: no control character reaches a terminal. */
function text(value: unknown): string {
  return typeof value === "string" ? value.replaceAll(/\p{Cc}/gu, "?") : "";
}
