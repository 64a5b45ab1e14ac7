import { cpus } from "node:os";
import { join } from "node:path";
import { type Child, productOptions, startChild } from "../child.ts";
import { mean } from "../statistics.ts";
import { measureCell, measureGroup } from "./measure.ts";
import type { ApiserverOptions } from "./options.ts";
import { type CellName, governedCells, type GovernedCell, type Group, nameOfGroup, planGroups } from "./plan.ts";
import type { ApiserverResults, Counting, GroupRound, Memory, Sample } from "./results.ts";
import { createStage, type Stage } from "./stage.ts";
import { observeStart, type StartResult } from "./start.ts";
import { createQuestions } from "./start-questions.ts";

/** Runs what `options` ask for in processes of its own, all of them ended when it returns. */
export async function runApiserver(
  dir: string,
  options: ApiserverOptions,
  report: (line: string) => void,
): Promise<ApiserverResults> {
  const groups = planGroups(options.counts).filter((group) => nameOfGroup(group).includes(options.only ?? ""));
  const counts = [...new Set(groups.map(({ approvals }) => approvals))];
  if (counts.length === 0) throw new Error(`no group is named "${options.only}": see --help`);
  const stage = await createStage(dir, Math.max(...counts), report);
  const load = startChild({ script: "apiserver/write-worker.ts", logFile: join(dir, "load.log") });
  try {
    const { uncounted } = stage.troupe;
    if (uncounted !== undefined) report(`counted: not available (${uncounted})`);
    const measured: GroupRound[] = [];
    const memory: Memory[] = [];
    for (const approvals of counts) {
      await stage.grow(approvals);
      const own = groups.filter((group) => group.approvals === approvals);
      const { rounds, used } = await measureAll(stage, load, own, options, report);
      measured.push(...rounds);
      memory.push({ approvals, ...used });
    }
    const counting: Counting =
      uncounted === undefined
        ? { kind: "counted", uses: await stage.troupe.uses() }
        : { kind: "not available", why: uncounted };
    const starts = await observeStarts(stage, Math.max(...counts), options.starts, report);
    return {
      whole: options.whole,
      machine: { cpus: cpus().length, node: process.versions.node },
      milliseconds: options.milliseconds,
      rounds: options.rounds,
      groups: measured,
      memory,
      starts,
      counting,
    };
  } finally {
    await load.stop();
    await stage.stop();
  }
}

/** All rounds of groups with the same number of approvals. */
async function measureAll(
  stage: Stage,
  load: Child,
  groups: readonly Group[],
  { rounds, milliseconds, warmUp }: ApiserverOptions,
  report: (line: string) => void,
): Promise<{ readonly rounds: readonly GroupRound[]; readonly used: Omit<Memory, "approvals"> }> {
  const cells = governedCells.filter((cell) => cell !== "counted" || stage.troupe.uncounted === undefined);
  const { resident: atRest, heapUsed } = await stage.webhook.child.settledUsage();
  const highest = { bytes: atRest };
  const noteMemory = async (): Promise<void> => {
    highest.bytes = Math.max(highest.bytes, (await stage.webhook.child.usage()).resident);
  };
  const last = groups.at(-1);
  if (last !== undefined) await warm(stage, load, cells, last, warmUp);
  const measured: GroupRound[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const group of groups) {
      const result = await measureGroup(stage, load, cells, { group, round, milliseconds }, noteMemory);
      measured.push(result);
      report(`round ${round}/${rounds}: ${nameOfGroup(group)}: ${inWords(result)}`);
    }
  }
  return { rounds: measured, used: { atRest, heapUsed, highest: highest.bytes } };
}

/** Beyond this share of other answers a cell measures something else than its name says. */
const tolerated = 0.05;

/**
 * Loads every cell until the code of all processes is compiled for good.
 * @throws when a cell is not answered as its name says: better now than after the whole run.
 */
async function warm(
  stage: Stage,
  load: Child,
  cells: readonly GovernedCell[],
  group: Group,
  milliseconds: number,
): Promise<void> {
  const check = async (cell: CellName): Promise<void> => {
    const { writes, unexpected, example } = await measureCell(stage, load, cell, group, milliseconds);
    if (unexpected > tolerated * writes) {
      throw new Error(`${cell}: ${unexpected} of ${writes} answers are wrong, such as ${example}`);
    }
  };
  await check("floor");
  await stage.yes.on();
  await check("yes");
  await stage.yes.off();
  await stage.webhooks.on();
  for (const cell of cells) await check(cell);
  await stage.webhooks.off();
}

function inWords({ floors, cells }: GroupRound): string {
  const rate = ({ writes, milliseconds }: Sample): number => (1000 * writes) / milliseconds;
  const [before, after] = [rate(floors[0]), rate(floors[1])];
  const floor = mean([before, after]);
  const shares = Object.values(cells).map((sample) => {
    const { cell, unexpected, example = "" } = sample;
    const others = unexpected === 0 ? "" : ` (${unexpected} other answers, such as ${example.slice(0, 200)})`;
    return `${cell} ${((100 * rate(sample)) / floor).toFixed(0)} %${others}`;
  });
  return `floor ${before.toFixed(0)} and ${after.toFixed(0)}/s, ${shares.join(", ")}`;
}

/** Starts of a webhook process beside nothing else of Writ: what the main ones take would be missing. */
async function observeStarts(
  stage: Stage,
  approvals: number,
  starts: number,
  report: (line: string) => void,
): Promise<readonly StartResult[]> {
  await Promise.all([stage.webhook.child.stop(), stage.operator.child.stop()]);
  const questions = await createQuestions(stage, approvals);
  const results: StartResult[] = [];
  for (let start = 1; start <= starts; start++) {
    const common = { process: "webhook", api: stage.api, nodeOptions: productOptions, limits: {} } as const;
    const options = { ...common, name: `start-${start}` };
    const result = await observeStart(stage.site, options, approvals, questions);
    report(
      `start ${start}/${starts}: ready after ${result.readyAfter.toFixed(0)} ms, ${result.deniedBefore} denials and ` +
        `${result.allowedBefore} allows before, ${result.wrongAllows} wrong allows`,
    );
    results.push(result);
  }
  return results;
}
