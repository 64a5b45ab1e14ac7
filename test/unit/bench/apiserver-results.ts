import type { ApiserverResults, GroupRound, Sample } from "../../bench/apiserver/results.ts";
import type { CellName, Group } from "../../bench/apiserver/plan.ts";

const idle = { apiserver: 0, etcd: 0, webhook: 0, operator: 0, load: 0 };

/** A second of a cell with so many writes. */
export function sample(cell: CellName, writes: number, mods: Partial<Sample> = {}): Sample {
  return { cell, writes, unexpected: 0, milliseconds: 1000, p50: 2, p95: 4, p99: 8, cpu: idle, ...mods };
}

const smallest: Group = { approvals: 10, agents: 1, concurrency: 1 };

/** A round with the floor at 900 before and 1,100 after. */
export function groupRound(cells: GroupRound["cells"], group: Partial<Group> = {}, round = 1): GroupRound {
  return {
    group: { ...smallest, ...group },
    round,
    floors: [sample("floor", 900), sample("floor", 1100)],
    cells,
  };
}

export function results(mods: Partial<ApiserverResults> = {}): ApiserverResults {
  return {
    whole: true,
    machine: { cpus: 2, node: "24.0.0" },
    milliseconds: 1000,
    rounds: 1,
    groups: [],
    memory: [],
    starts: [],
    counting: { kind: "not available", why: "maxUses is refused" },
    ...mods,
  };
}
