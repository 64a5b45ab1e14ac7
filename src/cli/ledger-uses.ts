import { realpath } from "node:fs/promises";
import { elevationApprovals } from "../api/kinds.ts";
import { usesOf } from "../api/uses.ts";
import type { ElevationApproval } from "../api/types.gen.ts";
import { createKubeClient, KubeError } from "../kube/client.ts";
import { objectPath } from "../kube/resource.ts";
import { readLedger } from "../ledger/read-ledger.ts";
import { describeRange, judgeUses, useBook } from "./use-account.ts";
import type { Counter, UseAccount, UseFinding } from "./use-account.ts";

export interface LedgerUsesOptions {
  readonly directories: readonly string[];
  /** `NAMESPACE/NAME`; absent: all. */
  readonly approval?: string;
  /** Compares with the counters of this cluster; absent: with nothing. */
  readonly kubeconfig?: string;
  readonly json: boolean;
  readonly print: (line: string) => unknown;
}

/**
 * `writ ledger uses`: the uses of each approval as the ledgers of all writers record them, against their limit and, where
 * a cluster is named, against `status.uses` now. Gives the exit code: 0, or 3 when something is wrong that no crash
 * explains. Works beside live writers.
 */
export async function ledgerUses(options: LedgerUsesOptions): Promise<number> {
  const accounts = (await readAccounts(options.directories)).filter(
    ({ namespace, name }) => options.approval === undefined || options.approval === `${namespace}/${name}`,
  );
  const counters = await readCounters(accounts, options.kubeconfig);
  const findings = accounts.map((account) => judgeUses(account, counters.get(account.uid)));
  if (options.json) options.print(JSON.stringify({ approvals: findings.map(jsonFinding) }));
  else for (const line of textReport(findings)) options.print(line);
  return findings.some(({ alarms }) => alarms.length > 0) ? 3 : 0;
}

async function readAccounts(directories: readonly string[]): Promise<readonly UseAccount[]> {
  const book = useBook();
  // One that is named twice would show every use twice.
  const distinct = new Set(await Promise.all(directories.map((directory) => realpath(directory))));
  for (const directory of distinct) {
    for await (const { entry } of readLedger(directory)) if (entry.kind === "decision") book.note(entry.spec);
  }
  return book.accounts();
}

/** Read after the ledgers: a use is counted before it is recorded, so a counter that is read later shows no fewer. */
async function readCounters(
  accounts: readonly UseAccount[],
  kubeconfig: string | undefined,
): Promise<ReadonlyMap<string, Counter>> {
  const counters = new Map<string, Counter>();
  if (kubeconfig === undefined) return counters;
  const client = await createKubeClient({ userAgent: "writ-ledger", kubeconfig });
  try {
    for (const { uid, namespace, name } of accounts) {
      const found = await client.get(objectPath(elevationApprovals, namespace, name)).then(
        ({ body }) => body as ElevationApproval,
        (error: unknown) => {
          if (error instanceof KubeError && error.status === 404) return undefined;
          throw error;
        },
      );
      const isSame = found?.metadata.uid === uid;
      counters.set(uid, found && isSame ? { kind: "counter", uses: usesOf(found) } : { kind: "gone" });
    }
  } finally {
    await client.close();
  }
  return counters;
}

function jsonFinding({ account, counter, missing, alarms }: UseFinding): object {
  const { uid, namespace, name, maxUses, ordinals, repetitions } = account;
  return {
    namespace,
    name,
    uid,
    maxUses,
    recorded: ordinals.size,
    missing: missing.map(describeRange),
    repetitions,
    ...(counter === undefined ? {} : { counter: counter.kind === "gone" ? null : counter.uses }),
    alarms,
  };
}

function textReport(findings: readonly UseFinding[]): readonly string[] {
  if (findings.length === 0) return ["no counted use is recorded"];
  return findings.flatMap(({ account, counter, missing, alarms }) => {
    const { uid, namespace, name, maxUses, ordinals, repetitions } = account;
    const now = counter === undefined ? "" : counter.kind === "gone" ? "; gone" : `; the counter shows ${counter.uses}`;
    return [
      `${namespace}/${name} (${uid}): ${ordinals.size} of ${maxUses} uses recorded, ${repetitions} repeated${now}`,
      ...(missing.length === 0
        ? []
        : [`  counted and not recorded: ${missing.map(describeRange).join(", ")} (a crash, or a record that failed)`]),
      ...alarms.map(({ code, detail }) => `  ALARM ${code}: ${detail}`),
    ];
  });
}
