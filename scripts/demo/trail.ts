import { ledgerCat } from "../../src/cli/ledger-cat.ts";

/** An entry of the record, as far as the demo shows it. Absent parts are empty. */
export interface TrailEntry {
  readonly index: string;
  readonly kind: string;
  readonly who: string;
  /** The operation and its object. */
  readonly what: string;
  readonly verdict: string;
  readonly code: string;
  readonly owners: string;
  readonly spec: Fields;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads the ledger as `writ ledger cat DIR --json` prints it. */
export async function readTrail(ledgerDir: string): Promise<readonly TrailEntry[]> {
  const lines: string[] = [];
  await ledgerCat(ledgerDir, "json", (line) => lines.push(line));
  return lines.map(trailEntry);
}

/** One line of `writ ledger cat DIR --json`. */
export function trailEntry(line: string): TrailEntry {
  const entry = fields(JSON.parse(line));
  const spec = fields(entry["spec"]);
  const kind = text(entry["kind"]);
  const object = fields(spec["object"]);
  const resource = fields(spec["resource"]);
  const place = joined("/", object["namespace"], object["name"]);
  const what =
    kind === "decision"
      ? joined("/", resource["resource"], resource["subresource"]).replace(/^elevationapprovals/, "approval")
      : kind;
  const owners = fields(spec["owners"]);
  const approving = list(owners["approving"]).map(text).join("+");
  return {
    index: text(entry["index"]),
    kind,
    who: shortName(text(fields(spec["user"])["username"])),
    what: joined(" ", text(spec["operation"]).toLowerCase(), what, place),
    verdict: text(spec["verdict"]),
    code: text(spec["code"]),
    owners:
      kind === "decision" ? [text(owners["identity"]), text(owners["policy"]), approving].map(orDash).join(" / ") : "",
    spec,
  };
}

/** A line for each entry, below a heading; columns as wide as they have to be. */
export function trailTable(trail: readonly TrailEntry[]): readonly string[] {
  const rows = [
    ["#", "WHO", "DID", "ANSWER", "OWNERS: IDENTITY / POLICY / APPROVING"],
    ...trail.map((entry) => [entry.index, entry.who, entry.what, answer(entry), entry.owners]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** Who answers for an approved write: one line for the agent's owner, one for the policy's, one for each approval. */
export function accountOf({ index, spec }: TrailEntry): { readonly index: string; readonly lines: readonly string[] } {
  const basis = fields(spec["basis"]);
  const owners = fields(spec["owners"]);
  const capability = fields(basis["capability"]);
  const approvals = list(fields(basis["approval"])["approvals"]).map(fields);
  const user = shortName(text(fields(spec["user"])["username"]));
  const definer = text(fields(capability["definedBy"])["by"]);
  return {
    index,
    lines: [
      `identity owner   ${text(owners["identity"]).padEnd(9)} answers for ${user}`,
      `policy owner     ${text(owners["policy"]).padEnd(9)} ${text(capability["name"])}, defined by ${definer}`,
      ...approvals.map(
        ({ by, ownerName, at }) => `approving owner  ${text(ownerName).padEnd(9)} ${text(by)} at ${text(at)}`,
      ),
    ],
  };
}

/** Whether all of `wanted` stand in `found` in the same order, with others between or not. */
export function isInOrder(wanted: readonly string[], found: readonly string[]): boolean {
  const last = { index: -1 };
  return wanted.every((value) => {
    last.index = found.indexOf(value, last.index + 1);
    return last.index >= 0;
  });
}

/** A decision's answer; for a change of Writ's kinds the latest decision in it, or that it suspends. */
function answer({ kind, verdict, code, spec }: TrailEntry): string {
  if (kind === "decision") return `${verdict} ${code}`;
  const changed = fields(spec["spec"]);
  if (changed["suspended"] === true) return "suspended";
  const latest = fields(list(changed["decisions"]).at(-1));
  return joined(" for ", latest["verdict"], latest["ownerName"]);
}

function shortName(userName: string): string {
  return userName.replace(/^system:serviceaccount:[^:]+:/, "").replace(/@example\.com$/, "");
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

function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Names in the record may be hostile: no control character reaches a terminal. */
function text(value: unknown): string {
  return typeof value === "string" ? value.replaceAll(/\p{Cc}/gu, "?") : "";
}
