import { readLedger } from "../../../src/ledger/read-ledger.ts";
import type { Bench } from "../writ/bench.ts";

/** `spec` of the first decision on an object of this name. @throws when none is recorded. */
export async function recordedDecision(
  { writ }: Pick<Bench, "writ">,
  name: string,
): Promise<Readonly<Record<string, unknown>>> {
  for await (const { entry } of readLedger(writ.ledgerDir)) {
    const object = entry.spec["object"] as { readonly name?: string } | undefined;
    if (entry.kind === "decision" && object?.name === name) return entry.spec;
  }
  throw new Error(`no decision on ${name} was recorded`);
}
