import { type TrailEntry, fields, list, shortName, text, trailEntry } from "../../src/cli/trail.ts";
import { readLedger } from "../../src/ledger/read-ledger.ts";

export async function readTrail(ledgerDir: string): Promise<readonly TrailEntry[]> {
  const trail: TrailEntry[] = [];
  for await (const record of readLedger(ledgerDir)) trail.push(trailEntry(record));
  return trail;
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
