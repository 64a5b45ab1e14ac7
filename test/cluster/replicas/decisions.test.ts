import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ElevationApproval } from "../../../src/api/types.gen.ts";
import { readLedger } from "../../../src/ledger/read-ledger.ts";
import { type AlteredWrit, alteredWrit } from "../../control-plane/altered-writ.ts";
import type { ApiResponse } from "../../control-plane/control-plane.ts";
import { type Replica, accepts } from "../../control-plane/writ-cluster.ts";
import { randomOf } from "../../unit/decision/oracle/random.ts";
import { type Bench, eventually, startBench } from "../writ/bench.ts";
import { applyWorld, approval, approvals, decide } from "../writ/objects.ts";
import { knowsLate } from "./alterations.ts";
import { type AgentClient, startAgentClient, writeUntilJudged } from "./client.ts";
import { startHistory } from "./history.ts";
import { whileKilling } from "./killer.ts";
import { noRefusals, persist } from "./people.ts";
import { readSettings, setUpWithinMs } from "./settings.ts";

const { seed, trials } = readSettings(process.env);
/** Approvals that people decide at the same time. */
const lanes = 6;
/** Of one lane's people: those who decide at once. */
const peopleOfALane = 2;
const approvalsPerLane = Math.max(5, Math.ceil(trials / 20));
const fewestKills = 3;
const timeout = 120_000 + lanes * approvalsPerLane * 2_000;

/** A decision of which the API server has told its author that it stands. */
interface Acknowledged {
  readonly approval: string;
  readonly by: string;
  readonly ownerName: string;
  readonly verdict: string;
}

let altered: AlteredWrit;
let bench: Bench;
const clients: AgentClient[] = [];
const acknowledged: Acknowledged[] = [];
const refusals = noRefusals();

beforeAll(async () => {
  altered = alteredWrit([knowsLate]);
  bench = await startBench({ writ: { operator: false, replicas: 3, command: altered.command } });
  await applyWorld(bench);
  for (let i = 0; i < lanes; i++) clients.push(await startAgentClient(bench, startHistory(), `decided-${i}`));
}, setUpWithinMs);

afterAll(async () => {
  for (const client of clients) client.close();
  await bench.cluster.stop();
  altered.remove();
});

const voters = [
  { who: "alice", by: "alice@example.com", ownerName: "payments", verdict: "Approve" },
  { who: "bob", by: "bob@example.com", ownerName: "platform", verdict: "Approve" },
  { who: "erin", by: "erin@example.com", ownerName: "payments", verdict: "Approve" },
  { who: "dave", by: "dave@example.com", ownerName: "platform", verdict: "Approve" },
] as const;
const rejector = { who: "frank", by: "frank@example.com", ownerName: "robots", verdict: "Reject" } as const;
type Voter = (typeof voters)[number] | typeof rejector;

async function mustPersist(what: string, write: () => Promise<ApiResponse>): Promise<void> {
  const response = await persist(refusals, write);
  if (response.status >= 300) throw new Error(`${what}: ${response.status} ${response.text}`);
}

async function vote(name: string, { who, by, ownerName, verdict }: Voter): Promise<void> {
  await mustPersist(`${verdict} by ${who}`, () => decide(bench, who, approvals(name), verdict, ownerName));
  acknowledged.push({ approval: name, by, ownerName, verdict });
}

/** Two people decide at once, each patching the list of decisions as if it were empty; then one may reject. */
async function runLane(lane: number, kills: () => number): Promise<void> {
  const random = randomOf(seed, `lane ${lane}`);
  for (let i = 0; i < approvalsPerLane || kills() < fewestKills; i++) {
    const name = `lane-${lane}-${i}`;
    await mustPersist("request", () => bench.call("carol", "POST", approvals(), approval(name)));
    await Promise.all(
      random
        .shuffled(voters)
        .slice(0, peopleOfALane)
        .map((voter) => vote(name, voter)),
    );
    if (random.chance(50)) await vote(name, rejector);
  }
}

const text = ({ approval: name, by, ownerName, verdict }: Acknowledged): string =>
  `${verdict} of ${name} by ${by} for ${ownerName}`;

describe("with replicas killed and restarted at random while people decide", { timeout }, () => {
  test("every write of a person is answered by a replica that lives, or refused since it was in flight to one that died", async () => {
    const decideAll = (kills: () => number): Promise<unknown> =>
      Promise.all(Array.from({ length: lanes }, (_, lane) => runLane(lane, kills)));
    const kills = await whileKilling(bench.writ.replicas, randomOf(seed, "kills"), decideAll);
    const { unanswered } = refusals;
    const context = `WRIT_SEED=${seed}: ${kills} kills left ${unanswered.length} writes of people without answer`;
    console.log(`${context}, ${acknowledged.length} decisions were acknowledged`);
    expect(kills, context).toBeGreaterThanOrEqual(fewestKills);
    // At a kill, each person has one write in flight at most.
    expect(unanswered.length, `${context}: ${[...new Set(unanswered)].join("\n")}`).toBeLessThanOrEqual(
      kills * lanes * peopleOfALane,
    );
  });

  test("a replica that has started takes no connection before it knows the objects", async () => {
    const [replica] = bench.writ.replicas;
    if (replica === undefined) throw new Error("no replica");
    await replica.webhook.kill("SIGKILL");
    const state = { starting: true, samples: 0 };
    const watch = async (): Promise<void> => {
      while (state.starting) {
        const taken = await accepts(replica.port);
        const said = await readiness(replica);
        if (taken) expect(said).not.toContain("not synced");
        else if (said.includes("not synced")) state.samples += 1;
      }
    };
    const restart = async (): Promise<void> => {
      await replica.webhook.restart();
      state.starting = false;
    };
    await Promise.all([watch(), restart()]);
    expect(state.samples).toBeGreaterThan(0);
    expect(refusals.overwhelmed.filter((message) => message.includes("not synced"))).toEqual([]);
  });

  test("every decision that was acknowledged stands in its approval", async () => {
    const { items } = (await bench.must("admin", "GET", approvals())).json() as {
      readonly items: readonly ElevationApproval[];
    };
    const standing = new Set(
      items.flatMap(({ metadata, spec }) =>
        (spec.decisions ?? []).map((decision) =>
          text({ ...decision, by: decision.by ?? "", approval: metadata.name ?? "" }),
        ),
      ),
    );
    expect(acknowledged.map(text).filter((decision) => !standing.has(decision))).toEqual([]);
    expect(standing.size).toBe(acknowledged.length);
  });

  test("every decision that was acknowledged stands in the record of a replica, under its author's name", async () => {
    const recorded = new Set<string>();
    for (const { ledgerDir } of bench.writ.replicas) {
      for await (const { entry } of readLedger(ledgerDir)) {
        if (entry.kind !== "approval") continue;
        const { object, user, spec } = entry.spec as unknown as RecordedChange;
        for (const decision of spec?.decisions ?? []) {
          // An entry holds the whole object: what others had decided before is not this caller's.
          if (decision.by !== user.username) continue;
          recorded.add(text({ ...decision, approval: object.name }));
        }
      }
    }
    expect(acknowledged.map(text).filter((decision) => !recorded.has(decision))).toEqual([]);
  });

  test("what was rejected is denied by each replica, and what is approved afterwards is admitted", async () => {
    const rejected = acknowledged.filter(({ verdict }) => verdict === "Reject").map(({ approval: name }) => name);
    expect(rejected.length).toBeGreaterThan(0);
    const { items } = (await bench.must("admin", "GET", approvals())).json() as {
      readonly items: readonly ElevationApproval[];
    };
    for (const { metadata } of items) {
      if (!rejected.includes(metadata.name ?? "")) await bench.must("alice", "DELETE", approvals(metadata.name));
    }
    for (let i = 0; i < 5; i++) expect(await judgements()).toEqual(new Set(["ApprovalRejected"]));
    await bench.must("carol", "POST", approvals(), approval("afterwards"));
    for (const voter of voters.slice(0, 2)) await vote("afterwards", voter);
    await eventually(async () => expect(await judgements()).toEqual(new Set(["admitted"])));
  });
});

/** What its readiness endpoint says; nothing while nobody listens there. */
function readiness({ metricsUrl }: Replica): Promise<string> {
  return fetch(metricsUrl.replace(/metrics$/, "readyz")).then(
    (response) => response.text(),
    () => "",
  );
}

/** Of one write of each client. */
async function judgements(): Promise<ReadonlySet<string>> {
  return new Set(await Promise.all(clients.map((client) => writeUntilJudged(client, "judged"))));
}

interface RecordedChange {
  readonly object: { readonly name: string };
  readonly user: { readonly username: string };
  readonly spec?: { readonly decisions?: readonly Omit<Acknowledged, "approval">[] };
}
