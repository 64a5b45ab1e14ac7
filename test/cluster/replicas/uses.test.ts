import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ElevationApproval } from "../../../src/api/types.gen.ts";
import { readLedger } from "../../../src/ledger/read-ledger.ts";
import { randomOf } from "../../unit/decision/oracle/random.ts";
import { type Bench, startBench } from "../writ/bench.ts";
import { applyWorld, approval, approvals, approveBoth } from "../writ/objects.ts";
import { type AgentClient, backOff, startAgentClient, writeUntilJudged } from "./client.ts";
import { startHistory } from "./history.ts";
import { whileKilling } from "./killer.ts";
import { readSettings, setUpWithinMs } from "./settings.ts";
import { type CountedWrite, accountForUses } from "./use-account.ts";

const { seed, uses: maxUses } = readSettings(process.env);
const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
/** Rejects when the command ends with another code than 0. */
const execute = promisify(execFile);
const clientCount = 64;
const msPerUse = 500;

let bench: Bench;
const history = startHistory();
const clients: AgentClient[] = [];
/** By ConfigMap: how many of its writes were admitted. */
const admitted = new Map<string, number>();
const answers = new Map<string, number>();
const counted = { kills: 0 };

const nameOf = (client: number): string => `counted-${client}`;

beforeAll(async () => {
  bench = await startBench({ writ: { operator: false, replicas: 3 } });
  await applyWorld(bench);
  for (let i = 0; i < clientCount; i++) clients.push(await startAgentClient(bench, history, nameOf(i)));
  await bench.must("carol", "POST", approvals(), approval("counted", { maxUses, duration: "1h" }));
  await approveBoth(bench, approvals("counted"));
}, setUpWithinMs);

afterAll(async () => {
  for (const client of clients) client.close();
  await bench.cluster.stop();
});

/**
 * Writes until Writ says that no use is left. Fewer writes are admitted than uses are counted, kills aside: the API server
 * begins an update on the version that its own cache holds, and when that lags it asks the gate again for the present one.
 */
async function useUp(client: AgentClient, name: string): Promise<void> {
  for (let told = ""; told !== "ApprovalExhausted";) {
    told = await client.write(name);
    answers.set(told, (answers.get(told) ?? 0) + 1);
    if (told === "admitted") admitted.set(name, (admitted.get(name) ?? 0) + 1);
    else await backOff(told);
  }
}

async function counter(): Promise<number> {
  const { status } = (await bench.must("admin", "GET", approvals("counted"))).json() as ElevationApproval;
  return status?.uses ?? 0;
}

/** Every counted write in the record of any replica. */
async function recordedWrites(): Promise<readonly CountedWrite[]> {
  const found: CountedWrite[] = [];
  for (const { ledgerDir } of bench.writ.replicas) {
    for await (const { entry } of readLedger(ledgerDir)) {
      if (entry.kind !== "decision" || entry.spec["verdict"] !== "allow" || entry.spec["use"] === undefined) continue;
      const { object, use } = entry.spec as unknown as RecordedUse;
      found.push({ object: object.name, use });
    }
  }
  return found;
}

interface RecordedUse {
  readonly object: { readonly name: string };
  readonly use: CountedWrite["use"];
}

const sum = (counts: Iterable<number>): number => [...counts].reduce((total, count) => total + count, 0);

function tally<T>(items: readonly T[], key: (item: T) => string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}

const timeout = 300_000 + maxUses * msPerUse;

describe(
  `${maxUses} uses of one approval by ${clientCount} clients on three replicas, killed and restarted at random`,
  { timeout },
  () => {
    test("are all that is admitted, whoever dies", async () => {
      const random = randomOf(seed, "kills of the counted");
      const spend = (): Promise<unknown> => Promise.all(clients.map((client, i) => useUp(client, nameOf(i))));
      counted.kills = await whileKilling(bench.writ.replicas, random, spend);
      const context = `WRIT_SEED=${seed}, ${counted.kills} kills: ${JSON.stringify(Object.fromEntries(answers))}`;
      console.log(context);
      expect(sum(admitted.values()), context).toBeLessThanOrEqual(maxUses);
      expect(sum(admitted.values()), context).toBeGreaterThan(0);
      expect(counted.kills, context).toBeGreaterThan(0);
    });

    test("are what the counter shows, and no more", async () => {
      expect(await counter()).toBe(maxUses);
    });

    test("are in the record one by one, but for those in flight when a replica died", async () => {
      const writes = await recordedWrites();
      const { unrecorded, doubled, impossible } = accountForUses(writes, await counter(), maxUses);
      expect({ doubled, impossible }).toEqual({ doubled: [], impossible: [] });
      console.log(`${unrecorded.length} uses were counted and not recorded, with ${counted.kills} kills`);
      expect(unrecorded.length).toBeLessThanOrEqual(counted.kills * clientCount);
    });

    test("are told by writ ledger uses as they are, without an alarm", async () => {
      const { unrecorded } = accountForUses(await recordedWrites(), await counter(), maxUses);
      const directories = bench.writ.replicas.map(({ ledgerDir }) => ledgerDir);
      const words = [main, "ledger", "uses", ...directories, "--json", "--kubeconfig", bench.cluster.kubeconfig];
      const { stdout } = await execute(process.execPath, words);
      expect((JSON.parse(stdout) as { readonly approvals: readonly object[] }).approvals).toEqual([
        expect.objectContaining({
          name: "counted",
          maxUses,
          counter: maxUses,
          recorded: maxUses - unrecorded.length,
          alarms: [],
        }),
      ]);
    });

    test("cover every write that a client was told to have succeeded", async () => {
      const recorded = tally(await recordedWrites(), ({ object }) => object);
      const wanting = [...admitted].filter(([name, count]) => (recorded.get(name) ?? 0) < count);
      expect(wanting).toEqual([]);
    });

    test("stay used up after all replicas have started anew", async () => {
      await Promise.all(bench.writ.replicas.map(({ webhook }) => webhook.restart()));
      const told = await Promise.all(clients.map((client) => writeUntilJudged(client, "afterwards")));
      expect(new Set(told)).toEqual(new Set(["ApprovalExhausted"]));
      expect(await counter()).toBe(maxUses);
    });
  },
);
