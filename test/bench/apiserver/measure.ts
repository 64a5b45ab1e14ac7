import type { Child } from "../child.ts";
import type { CellName, GovernedCell, Group, MeasuredCell } from "./plan.ts";
import type { GroupRound, Sample, WatchedProcess } from "./results.ts";
import type { Stage } from "./stage.ts";
import { type Expectation, lanesOf } from "./write-load.ts";

const admitted: Expectation = { status: 200, text: "" };
const expectations: Readonly<Record<CellName, Expectation>> = {
  floor: admitted,
  yes: admitted,
  ungoverned: admitted,
  allow: admitted,
  counted: admitted,
  deny: { status: 403, text: 'admission webhook \\"gate.writ.dev\\" denied the request: NoApproval: ' },
};

/** Loads one cell of a group. What is not answered as the cell's name says is counted, and part of the result. */
export async function measureCell(
  stage: Stage,
  load: Child,
  cell: CellName,
  { agents, concurrency }: Group,
  milliseconds: number,
): Promise<Sample> {
  const { cluster, api, troupe } = stage;
  const watched: Readonly<Record<WatchedProcess, number>> = {
    apiserver: cluster.components.kubeApiserver.pid,
    etcd: cluster.components.etcd.pid,
    webhook: stage.webhook.child.pid,
    operator: stage.operator.child.pid,
  };
  const result = await load.write({
    server: api.server,
    ca: api.ca,
    lanes: lanesOf(troupe.writersOf(cell, agents), concurrency),
    milliseconds,
    expect: expectations[cell],
    watched,
  });
  return {
    cell,
    writes: result.answers,
    unexpected: result.unexpected,
    ...(result.example === undefined ? {} : { example: result.example }),
    milliseconds: result.milliseconds,
    p50: result.p50,
    p95: result.p95,
    p99: result.p99,
    cpu: result.cpu,
  };
}

/** The floor without webhooks, then with one that says yes, every cell with those of Writ, and the floor again. */
export async function measureGroup(
  stage: Stage,
  load: Child,
  cells: readonly GovernedCell[],
  { group, round, milliseconds }: { readonly group: Group; readonly round: number; readonly milliseconds: number },
  afterEach: () => Promise<void>,
): Promise<GroupRound> {
  const measure = (cell: CellName): Promise<Sample> => measureCell(stage, load, cell, group, milliseconds);
  const before = await measure("floor");
  await stage.yes.on();
  const measured: [MeasuredCell, Sample][] = [["yes", await measure("yes")]];
  await stage.yes.off();
  await stage.webhooks.on();
  for (const cell of cells) {
    measured.push([cell, await measure(cell)]);
    await afterEach();
  }
  await stage.webhooks.off();
  return { group, round, floors: [before, await measure("floor")], cells: Object.fromEntries(measured) };
}
